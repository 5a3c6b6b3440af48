//! Tracks whether writes succeed. Each write transaction reports its result, and the readiness probe reads it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::{info, warn};

/// The result of a successful write or check is valid for this time.
const FRESH: Duration = Duration::from_secs(5);
/// Time between checks while writes fail.
const RECHECK: Duration = Duration::from_secs(1);
/// An outage is not logged if the previous one was logged less than this time ago.
const QUIET: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteStatus {
    /// A write succeeded recently.
    Succeeding,
    /// The last write failed, and a check was made recently.
    Failing,
    /// A check is due.
    Unknown,
}

/// The shared record of whether writes succeed.
#[derive(Debug, Default)]
pub struct WriteHealth(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failing: bool,
    /// The time of the last success, or of the last check while writes fail.
    seen_at: Option<Instant>,
    /// When the last outage was logged.
    logged_at: Option<Instant>,
    /// Whether the current outage was logged. If so, its end is also logged.
    announced: bool,
}

impl WriteHealth {
    #[must_use]
    pub fn status(&self) -> WriteStatus {
        let state = self.lock();
        let age = state.seen_at.map(|at| at.elapsed());
        match (state.failing, age) {
            (false, Some(age)) if age < FRESH => WriteStatus::Succeeding,
            (true, Some(age)) if age < RECHECK => WriteStatus::Failing,
            _ => WriteStatus::Unknown,
        }
    }

    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.lock().failing
    }

    /// Records a committed write.
    pub(crate) fn succeeded(&self) {
        let mut state = self.lock();
        if state.failing && state.announced {
            info!("database writes succeed again");
        }
        state.failing = false;
        state.seen_at = Some(Instant::now());
    }

    /// Records a write that succeeded and was rolled back. Such a write does not end an outage, because it succeeds
    /// even on a full disk.
    pub(crate) fn accepted(&self) {
        let mut state = self.lock();
        if !state.failing {
            state.seen_at = Some(Instant::now());
        }
    }

    /// Records the start of a check.
    pub(crate) fn checking(&self) {
        let mut state = self.lock();
        if state.failing {
            state.seen_at = Some(Instant::now());
        }
    }

    /// Records a failure that is likely to affect other writes.
    pub(crate) fn failed(&self, cause: &dyn std::fmt::Display) {
        let mut state = self.lock();
        if state.failing {
            return;
        }
        state.failing = true;
        state.seen_at = None;
        state.announced = state.logged_at.is_none_or(|at| at.elapsed() > QUIET);
        if state.announced {
            state.logged_at = Some(Instant::now());
            warn!(%cause, "database writes fail; not ready until one succeeds");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_write_requires_a_check_and_successful_write_ends_the_outage() {
        let health = WriteHealth::default();
        assert_eq!(health.status(), WriteStatus::Unknown);
        health.succeeded();
        assert_eq!(health.status(), WriteStatus::Succeeding);
        health.failed(&"disk full");
        assert_eq!((health.status(), health.is_failing()), (WriteStatus::Unknown, true));
        health.checking();
        assert_eq!(health.status(), WriteStatus::Failing);
        health.succeeded();
        assert_eq!((health.status(), health.is_failing()), (WriteStatus::Succeeding, false));
    }
}
