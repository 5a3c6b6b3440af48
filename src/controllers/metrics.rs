//! Metrics in the text format of Prometheus: counts and ages, nothing of any user.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use metrics::gauge;

use crate::app::App;
use crate::telemetry;

/// The metrics of this process.
pub async fn metrics(State(app): State<App>) -> Response {
    gauge!("daypass_revocations").set(f64::from(u32::try_from(app.revocations.len()).unwrap_or(u32::MAX)));
    if let Some(age) = app.revocations.age(app.clock.now()) {
        gauge!("daypass_revocation_feed_age_seconds").set(age.as_seconds_f64());
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], telemetry::metrics().render()).into_response()
}
