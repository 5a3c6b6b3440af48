//! The log, written to standard error, and the metrics: each set up once for the process.

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use tracing_subscriber::EnvFilter;

use crate::config::{Environment, LogConfig, LogFormat};

/// Starts logging.
///
/// # Errors
/// When `LOG` is not a filter.
pub fn start(config: &LogConfig, environment: Environment) -> Result<(), String> {
    // What the migrator does is told by `daypass migrate`; in the log it would be noise at every start.
    let filter = format!("sea_orm_migration=warn,sqlx::postgres::notice=warn,{}", config.filter);
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("LOG: {error}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match config.format(environment) {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
        LogFormat::Pretty => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
    };
    started.map_err(|error| error.to_string())
}

/// The metrics of this process; the first call begins to count.
pub fn metrics() -> &'static PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS.get_or_init(|| {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_ok() {
            describe_counter!("daypass_sessions_created_total", "Sessions begun by this replica");
            describe_counter!("daypass_sessions_ended_total", "Sessions ended by this replica, by reason");
            describe_gauge!("daypass_revocations", "Ended sessions in memory");
            describe_gauge!(
                "daypass_revocation_feed_age_seconds",
                "Since the set of ended sessions was known to be whole"
            );
            describe_histogram!(
                "daypass_revocation_propagation_seconds",
                "From the end of a session elsewhere to its refusal here"
            );
            describe_gauge!("daypass_hash_queue", "Jobs that wait for a hash thread");
            describe_histogram!("daypass_hash_wait_seconds", "From a job's arrival to a hash thread's taking it up");
            describe_counter!("daypass_hash_shed_total", "Jobs answered 503: the line was full, or too slow");
            describe_counter!("daypass_hash_dropped_total", "Jobs not begun because their clients had gone");
            describe_counter!("daypass_limited_total", "Requests answered 429, by limit");
            describe_counter!(
                "daypass_revocations_purged_total",
                "Ended sessions forgotten because their tokens expired"
            );
        }
        handle
    })
}
