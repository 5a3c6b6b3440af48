//! Metrics in the Prometheus text format. They contain no user data.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use metrics::{counter, gauge};

use crate::app::AppState;
use crate::auth::rate_limit::Limits;
use crate::auth::revocation::reason::Reason;
use crate::auth::token::refusal::Refusal;
use crate::mail::DeliveryError;
use crate::platform::telemetry;

pub async fn metrics(State(app): State<AppState>) -> Response {
    create_labelled_counters();
    gauge!("daypass_revocations").set(f64::from(u32::try_from(app.revocations.len()).unwrap_or(u32::MAX)));
    if let Some(age) = app.revocations.age(app.clock.monotonic()) {
        gauge!("daypass_revocation_feed_age_seconds").set(age.as_secs_f64());
    }
    let connections = app.db.connections();
    gauge!("daypass_database_connections", "state" => "used").set(f64::from(connections.open - connections.idle));
    gauge!("daypass_database_connections", "state" => "idle").set(f64::from(connections.idle));
    gauge!("daypass_database_connections_max").set(f64::from(connections.maximum));
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], telemetry::metrics().render()).into_response()
}

/// Creates the counters whose label values are known in advance, so that Prometheus can compute a rate from the first
/// increment.
fn create_labelled_counters() {
    for code in Refusal::codes().chain(["too_many_attempts"]) {
        counter!("daypass_rejected_requests_total", "code" => code).increment(0);
    }
    for limit in Limits::POLICIES {
        counter!("daypass_limited_total", "limit" => limit).increment(0);
    }
    for reason in DeliveryError::CODES {
        counter!("daypass_mails_failed_total", "reason" => reason).increment(0);
    }
    for reason in Reason::ALL {
        counter!("daypass_sessions_ended_total", "reason" => reason.code()).increment(0);
    }
}
