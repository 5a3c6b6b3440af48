//! The metrics of this process.

use std::sync::OnceLock;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Counters without labels. They exist from the start, so that a rate can be computed from their first increment.
const COUNTERS: [(&str, &str); 9] = [
    ("daypass_sessions_created_total", "Sessions created by this replica"),
    ("daypass_anonymous_sessions_created_total", "Anonymous sessions created by this replica"),
    ("daypass_hash_shed_total", "Hash jobs rejected with 503 because the queue was full or too slow"),
    ("daypass_hash_dropped_total", "Hash jobs dropped because their clients disconnected"),
    ("daypass_revocations_purged_total", "Revocations deleted because their tokens expired"),
    ("daypass_mails_sent_total", "Messages sent by this replica"),
    (
        "daypass_untrusted_proxy_requests_total",
        "Requests with X-Forwarded-For from senders that are not in TRUSTED_PROXIES",
    ),
    ("daypass_events_dropped_total", "Failed attempts that were not written as events"),
    ("daypass_log_lines_dropped_total", "Log lines that could not be written"),
];

/// The upper limits of the buckets for the duration of requests, in seconds. A session is verified in less than 1 ms, a
/// sign-in takes longer.
const DURATION_BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Returns the metrics of this process. The first call installs the recorder.
pub fn metrics() -> &'static PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS.get_or_init(|| {
        let durations = Matcher::Full("daypass_http_request_duration_seconds".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(durations, &DURATION_BUCKETS);
        let recorder = builder.expect("there is a bucket").build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_ok() {
            describe();
        }
        handle
    })
}

fn describe() {
    for (name, text) in COUNTERS {
        describe_counter!(name, text);
        counter!(name).increment(0);
    }
    describe_counter!("daypass_http_requests_total", "Requests, by route, method and status class");
    describe_histogram!(
        "daypass_http_request_duration_seconds",
        "Time from the head of a request to its response, by route"
    );
    describe_counter!("daypass_sessions_ended_total", "Sessions ended by this replica, by reason");
    describe_counter!("daypass_limited_total", "Requests rejected with 429, by limit");
    describe_counter!("daypass_rejected_requests_total", "Requests rejected with 4xx, by error code");
    describe_counter!("daypass_mails_failed_total", "Failed attempts to send a message, by reason");
    describe_gauge!("daypass_revocations", "Revocations in memory");
    describe_gauge!("daypass_revocation_feed_age_seconds", "Time since the revocations in memory were complete");
    describe_histogram!(
        "daypass_revocation_propagation_seconds",
        "Time from the end of a session on another replica to its rejection on this one"
    );
    describe_gauge!("daypass_hash_queue", "Hash jobs in the queue");
    describe_histogram!("daypass_hash_wait_seconds", "Time of a hash job in the queue");
    describe_gauge!("daypass_database_connections", "Open connections to the database, by state: used or idle");
    describe_gauge!("daypass_database_connections_max", "Maximum number of connections to the database");
}
