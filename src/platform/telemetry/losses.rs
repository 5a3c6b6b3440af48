//! Counts log lines that could not be written.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::counter;
use tracing::warn;
use tracing_appender::non_blocking::ErrorCounter;

/// The target of the reports about lost lines.
pub(super) const TARGET: &str = "daypass::log";

/// Lines that were dropped because the queue was full.
static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();
/// Lines that standard error did not accept.
pub(super) static FAILED: AtomicU64 = AtomicU64::new(0);
static REPORTED: AtomicU64 = AtomicU64::new(0);

/// Sets the counter of dropped lines that [`report`] reads.
pub(super) fn watch(dropped: ErrorCounter) {
    let _ = DROPPED.set(dropped);
}

/// Counts and logs the lines lost since the last call.
pub(super) fn report() {
    let Some(dropped) = DROPPED.get() else { return };
    let total = dropped.dropped_lines() as u64 + FAILED.load(Ordering::Relaxed);
    let lost = total.saturating_sub(REPORTED.fetch_max(total, Ordering::Relaxed));
    counter!("daypass_log_lines_dropped_total").increment(lost);
    if lost > 0 {
        warn!(
            target: TARGET,
            lines = lost,
            "{lost} log lines were dropped because the log could not be written fast enough"
        );
    }
}
