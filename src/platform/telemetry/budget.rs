//! Limits the rate of log lines that clients can cause, and counts the omitted lines.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tracing::{error, info};

/// The average time between lines at the maximum rate.
const INTERVAL: Duration = Duration::from_millis(50);
/// Maximum number of lines in a burst.
const BURST: u32 = 100;
/// The target of the request log.
pub(super) const TARGET: &str = "daypass::request";

/// The budget of log lines for rejected requests (4xx).
pub static REJECTED: LogBudget = LogBudget::new(|count| {
    info!(target: TARGET, requests = count, "{count} more rejected requests");
});
/// The budget of log lines for failed requests (5xx).
pub static FAILED: LogBudget = LogBudget::new(|count| {
    error!(target: TARGET, requests = count, "{count} more failed requests");
});

/// A token bucket for log lines: 20 per second, bursts of 100.
pub struct LogBudget {
    /// When the bucket is full again, in nanoseconds since [`START`]. A single atomic, because every rejected request
    /// updates it.
    full_at: AtomicI64,
    omitted: AtomicU64,
    log_count: fn(u64),
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl LogBudget {
    const fn new(log_count: fn(u64)) -> Self {
        Self { full_at: AtomicI64::new(0), omitted: AtomicU64::new(0), log_count }
    }

    /// Takes one line from the budget. If the budget is empty, counts the line as omitted and returns false.
    pub fn allows_line(&self) -> bool {
        let allowed = self.take(START.elapsed());
        if !allowed {
            self.omitted.fetch_add(1, Ordering::Relaxed);
        }
        allowed
    }

    fn take(&self, now: Duration) -> bool {
        let (now, interval) = (nanoseconds(now), nanoseconds(INTERVAL));
        let taken = self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
            let full_at = full_at.max(now) + interval;
            (full_at <= now + interval * i64::from(BURST)).then_some(full_at)
        });
        taken.is_ok()
    }

    /// Logs how many lines were omitted since the last call.
    pub(super) fn report(&self) {
        let omitted = self.omitted.swap(0, Ordering::Relaxed);
        if omitted > 0 {
            (self.log_count)(omitted);
        }
    }
}

fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_is_allowed_and_then_20_lines_per_second() {
        let budget = LogBudget::new(|_| {});
        let allowed = |at: Duration| (0..1000).filter(|_| budget.take(at)).count();
        assert_eq!(allowed(Duration::from_secs(1)), 100);
        assert_eq!(allowed(Duration::from_secs(1)), 0);
        assert_eq!(allowed(Duration::from_secs(2)), 20);
        assert_eq!(allowed(Duration::from_millis(2_025)), 0);
        assert_eq!(allowed(Duration::from_millis(2_050)), 1);
        assert_eq!(allowed(Duration::from_secs(3600)), 100);
    }
}
