//! The metrics of a service in use, read from `/metrics`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use daypass::platform::telemetry;

use crate::support::TestApp;

/// A metric without its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metric {
    /// `counter`, `gauge`, `histogram` or `summary`.
    pub(crate) kind: String,
    /// The names of the labels, without `le` and `quantile`, which the kind adds.
    pub(crate) labels: BTreeSet<String>,
}

/// A line with a value.
#[derive(Debug)]
pub(crate) struct Sample {
    /// Such as `daypass_http_request_duration_seconds_bucket`.
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
}

pub(crate) struct Scrape {
    pub(crate) metrics: BTreeMap<String, Metric>,
    pub(crate) samples: Vec<Sample>,
    /// The metrics with a line `# HELP`.
    pub(crate) explained: BTreeSet<String>,
}

/// Starts two replicas, uses each part that has metrics, and reads `/metrics`.
pub(crate) async fn of_a_used_service() -> Scrape {
    telemetry::metrics();
    let here = TestApp::start().await;
    let there = here.replica().await;
    let alice = here.alice().await;
    assert_eq!(alice.delete("/api/sessions/current").await.status(), 204);
    here.advance_clock(TimeDelta::milliseconds(100));
    there.app.revocation_feed.poll().await.unwrap();
    Scrape::parse(there.anon.get("/metrics").await.text())
}

impl Scrape {
    fn parse(text: &str) -> Self {
        let mut scrape = Self { metrics: BTreeMap::new(), samples: Vec::new(), explained: BTreeSet::new() };
        let mut kinds = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["#", "HELP", name, ..] => _ = scrape.explained.insert(name.to_owned()),
                ["#", "TYPE", name, kind] => _ = kinds.insert(name.to_owned(), kind.to_owned()),
                _ => scrape.add(Sample::parse(line), &kinds),
            }
        }
        scrape
    }

    fn add(&mut self, sample: Sample, kinds: &BTreeMap<String, String>) {
        let parts = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| sample.name.strip_suffix(suffix));
        let name = parts.filter(|name| kinds.contains_key(*name)).unwrap_or(&sample.name);
        let kind = kinds.get(name).unwrap_or_else(|| panic!("{name} has no type")).clone();
        let own = |label: &&String| !matches!(label.as_str(), "le" | "quantile");
        let metric = Metric { kind, labels: sample.labels.keys().filter(own).cloned().collect() };
        let first = self.metrics.entry(name.to_owned()).or_insert_with(|| metric.clone());
        assert_eq!(*first, metric, "all samples of {name} have the same labels");
        self.samples.push(sample);
    }
}

impl Sample {
    /// Parses `name{label="value",…} number`. No value contains an escaped quote.
    fn parse(line: &str) -> Self {
        let (series, _) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let quoted: Vec<_> = labels.trim_end_matches('}').split('"').collect();
        let labels = quoted
            .chunks_exact(2)
            .map(|pair| (pair[0].trim_start_matches(',').trim_end_matches('=').to_owned(), pair[1].to_owned()));
        Self { name: name.to_owned(), labels: labels.collect() }
    }
}
