//! Log, metrics and traces of the process.
//!
//! The log goes to standard error. A separate thread writes it, so requests never wait for the log, and a failure to
//! write it does not affect responses.

use std::io::IsTerminal as _;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::Subscriber;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, registry};

mod budget;
mod guarded;
mod losses;
mod metrics;
mod traces;
mod writer;

pub use budget::{FAILED, LogBudget, REJECTED};
pub use metrics::metrics;
pub use traces::{Encoding, Export, Outcome, RequestHead, RequestSpan, Traces};
pub use writer::LogFormat;

use guarded::Guarded;
use writer::{Queues, StandardError, Writers};

/// The maximum number of queued lines. A line has less than about 1 KiB, so the queue uses at most about 8 MiB.
const BUFFERED_LINES: usize = 8192;
/// The maximum number of queued reports about lost lines.
const BUFFERED_REPORTS: usize = 64;
/// Time between reports of omitted and lost lines.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Number of reports between two aggregations of histograms. Without aggregation, samples stay in memory until
/// `/metrics` is read.
const REPORTS_PER_UPKEEP: u32 = 5;

/// The running log. Dropping it writes the queued lines. The drop waits at most about a second for each of the two
/// queues.
pub struct Log {
    workers: Option<[WorkerGuard; 2]>,
}

impl Drop for Log {
    fn drop(&mut self) {
        report();
        // If a worker's queue stays full, its drop prints to standard output, which panics if standard output is
        // closed.
        for worker in self.workers.take().into_iter().flatten() {
            let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(worker)));
        }
    }
}

/// Starts the log.
///
/// # Errors
/// If the filter is invalid.
pub fn start(filter: &str, format: LogFormat) -> Result<Log, String> {
    let queue = |lines| NonBlockingBuilder::default().lossy(true).buffered_lines_limit(lines).thread_name("log");
    let (lines, worker) = queue(BUFFERED_LINES).finish(StandardError);
    let (reports, reporter) = queue(BUFFERED_REPORTS).finish(StandardError);
    losses::watch(lines.error_counter());
    let ansi = std::io::stderr().is_terminal();
    let queues = Queues { lines, reports };
    subscriber(filter, format, ansi, queues)?.try_init().map_err(|error| error.to_string())?;
    log_panics();
    Ok(Log { workers: Some([worker, reporter]) })
}

fn subscriber(
    filter: &str,
    format: LogFormat,
    ansi: bool,
    queues: Queues,
) -> Result<impl Subscriber + Send + Sync + use<>, String> {
    // Hides the migrator's progress messages: `daypass migrate` prints its own report, and other commands do not need
    // one.
    let filter = format!("sea_orm_migration=warn,sqlx::postgres::notice=warn,{filter}");
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("LOG: {error}"))?;
    let ansi = ansi && format == LogFormat::Pretty;
    let layer = layer().with_writer(Writers { queues, format, ansi }).with_ansi(ansi).log_internal_errors(false);
    let layer = match format {
        LogFormat::Json => layer.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
        LogFormat::Pretty => layer.boxed(),
    };
    Ok(registry().with(filter).with(Guarded(layer)))
}

/// Writes panics to the log. The standard hook writes to standard error directly, which can block.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(message, location, thread = thread.name().unwrap_or_default(), "panicked");
    }));
}

/// Reports omitted and lost lines, and aggregates the samples of histograms. Never returns.
pub async fn upkeep() {
    let mut ticks = interval(REPORT_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for tick in 0_u32.. {
        ticks.tick().await;
        report();
        if tick % REPORTS_PER_UPKEEP == 0 {
            metrics().run_upkeep();
        }
    }
}

fn report() {
    REJECTED.report();
    FAILED.report();
    losses::report();
}

#[cfg(test)]
mod tests;
