//! Detects workers that get no CPU time.

use std::time::{Duration, Instant};

/// The minimum time without a finished job after which the workers count as stalled.
const MIN_PATIENCE: Duration = Duration::from_millis(100);
/// The minimum time for slow machines, as a multiple of the time of one job. The longer of the two minimums applies.
const PATIENCE_IN_JOBS: u32 = 4;

#[derive(Debug)]
pub(super) struct StallDetection {
    /// When a worker last finished a job, or an idle pool last got a job.
    progress: Instant,
    patience: Duration,
    /// The minimum time between the starts of two jobs of the fallback worker.
    interval: Duration,
}

impl StallDetection {
    pub(super) fn new(workers: usize, usual: Duration) -> Self {
        let patience = MIN_PATIENCE.max(usual * PATIENCE_IN_JOBS);
        let interval = patience / u32::try_from(workers).unwrap_or(1).max(1);
        Self { progress: Instant::now(), patience, interval }
    }

    #[cfg(test)]
    pub(super) fn never() -> Self {
        Self { patience: Duration::from_hours(1), ..Self::new(1, Duration::ZERO) }
    }

    pub(super) fn record_progress(&mut self) {
        self.progress = Instant::now();
    }

    /// Returns when the fallback worker must run its next job. `last` is when it started its previous job.
    pub(super) fn next_fallback(&self, last: Option<Instant>) -> Instant {
        let stalled = self.progress + self.patience;
        last.map_or(stalled, |last| stalled.max(last + self.interval))
    }
}
