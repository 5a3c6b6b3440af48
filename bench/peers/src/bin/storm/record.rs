//! What came back: for each status how many, and how long they took.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

#[derive(Default)]
pub struct Record {
    pub seconds: Duration,
    /// Each answer in its order, when somebody asked for that.
    each: Option<Vec<(u16, Duration)>>,
    answers: BTreeMap<u16, Vec<Duration>>,
    errors: Vec<String>,
}

impl Record {
    pub fn new(each: bool) -> Self {
        Self { each: each.then(Vec::new), ..Self::default() }
    }

    pub fn answer(&mut self, status: u16, took: Duration) {
        self.answers.entry(status).or_default().push(took);
        if let Some(each) = &mut self.each {
            each.push((status, took));
        }
    }

    pub fn error(&mut self, error: &impl ToString) {
        self.errors.push(error.to_string());
    }

    pub fn into_json(self) -> Value {
        let answers: serde_json::Map<String, Value> = self
            .answers
            .into_iter()
            .map(|(status, mut times)| {
                let summary = json!({
                    "count": times.len(),
                    "p50_ms": quantile(&mut times, 0.5),
                    "p99_ms": quantile(&mut times, 0.99),
                    "max_ms": quantile(&mut times, 1.0),
                });
                (status.to_string(), summary)
            })
            .collect();
        let each: Option<Vec<_>> =
            self.each.map(|each| each.into_iter().map(|(status, took)| (status, millis(took))).collect());
        json!({
            "seconds": self.seconds.as_secs_f64(),
            "answers": answers,
            "errors": self.errors.len(),
            "error": self.errors.first(),
            "each": each,
        })
    }
}

/// In milliseconds: the smallest time that the share `part` does not exceed.
pub fn quantile(times: &mut [Duration], part: f64) -> Option<f64> {
    times.sort_unstable();
    let index = (part * times.len() as f64).ceil() as usize;
    times.get(index.saturating_sub(1)).copied().map(millis)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
