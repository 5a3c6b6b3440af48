//! What is left of a limit, as headers: draft-ietf-httpapi-ratelimit-headers-11.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};

use crate::auth::limits::{Allowance, Attempt, Outcome};
use crate::error::Error;

/// Names the limit: so many tries (`q`) in so many seconds (`w`).
pub const POLICY_HEADER: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Tries that remain (`r`), and seconds until there is one more (`t`), as in `Retry-After`.
pub const RATE_LIMIT_HEADER: HeaderName = HeaderName::from_static("ratelimit");

/// What is left of a limit, if there is one.
pub struct RateLimit(pub Option<Allowance>);

impl RateLimit {
    /// Adds the headers.
    pub fn write(&self, headers: &mut HeaderMap) {
        let Some(Allowance { policy, quota, remaining, next }) = self.0 else { return };
        let policy_value = format!("\"{policy}\";q={};w={}", quota.tries, whole_seconds(quota.window));
        let limit_value = format!("\"{policy}\";r={remaining};t={}", whole_seconds(next));
        for (name, value) in [(POLICY_HEADER, policy_value), (RATE_LIMIT_HEADER, limit_value)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
}

impl IntoResponseParts for RateLimit {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        self.write(parts.headers_mut());
        Ok(parts)
    }
}

/// An answer, or a refusal, with what is left of the limit.
pub struct Limited<T>(Option<Allowance>, Result<T, Error>);

impl<T> Limited<T> {
    /// What became of an attempt. It does not count when it was no attempt of the client that failed, but ours.
    #[must_use]
    pub fn of(attempt: Attempt<'_>, answer: Result<T, Error>) -> Self {
        let outcome = match &answer {
            Ok(_) => Outcome::Succeeded,
            Err(error) if error.status().is_server_error() => Outcome::NotJudged,
            Err(_) => Outcome::Failed,
        };
        Self(attempt.ended(outcome), answer)
    }
}

impl<T> Limited<T> {
    /// The same with another form of the answer.
    pub fn map<U>(self, form: impl FnOnce(T) -> U) -> Limited<U> {
        Limited(self.0, self.1.map(form))
    }
}

impl<T: IntoResponse> IntoResponse for Limited<T> {
    fn into_response(self) -> Response {
        (RateLimit(self.0), self.1).into_response()
    }
}

/// Seconds, rounded up: whoever waits as long as told finds it open.
#[must_use]
pub(super) fn whole_seconds(time: Duration) -> u64 {
    time.as_nanos().div_ceil(1_000_000_000).try_into().unwrap_or(u64::MAX)
}
