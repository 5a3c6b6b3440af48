//! The recorded responses: their number and durations for each status.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

#[derive(Default)]
pub struct Record {
    pub seconds: Duration,
    /// All responses in order, if the plan asks for them.
    list: Option<Vec<(u16, Duration)>>,
    responses: BTreeMap<u16, Vec<Duration>>,
    errors: Vec<String>,
}

impl Record {
    pub fn new(list_responses: bool) -> Self {
        Self { list: list_responses.then(Vec::new), ..Self::default() }
    }

    pub fn response(&mut self, status: u16, duration: Duration) {
        self.responses.entry(status).or_default().push(duration);
        if let Some(list) = &mut self.list {
            list.push((status, duration));
        }
    }

    pub fn error(&mut self, error: &impl ToString) {
        self.errors.push(error.to_string());
    }

    pub fn into_json(self) -> Value {
        let responses: serde_json::Map<String, Value> = self
            .responses
            .into_iter()
            .map(|(status, mut durations)| {
                let summary = json!({
                    "count": durations.len(),
                    "p50_ms": quantile(&mut durations, 0.5),
                    "p99_ms": quantile(&mut durations, 0.99),
                    "max_ms": quantile(&mut durations, 1.0),
                });
                (status.to_string(), summary)
            })
            .collect();
        let list: Option<Vec<_>> =
            self.list.map(|list| list.into_iter().map(|(status, duration)| (status, millis(duration))).collect());
        json!({
            "seconds": self.seconds.as_secs_f64(),
            "responses": responses,
            "errors": self.errors.len(),
            "first_error": self.errors.first(),
            "list": list,
        })
    }
}

/// Returns the quantile in milliseconds. `share` is between 0 and 1.
pub fn quantile(durations: &mut [Duration], share: f64) -> Option<f64> {
    durations.sort_unstable();
    let index = (share * durations.len() as f64).ceil() as usize;
    durations.get(index.saturating_sub(1)).copied().map(millis)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
