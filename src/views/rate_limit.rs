//! Headers with the remaining allowance of a rate limit (draft-ietf-httpapi-ratelimit-headers-11).

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};

use crate::accounts::Limited;
use crate::auth::rate_limit::Allowance;
use crate::headers::{RATE_LIMIT, RATE_LIMIT_POLICY};

/// The remaining allowance, if there is a limit.
pub struct RateLimit(pub Option<Allowance>);

impl RateLimit {
    /// Adds the headers to a response.
    pub fn write(&self, headers: &mut HeaderMap) {
        let Some(Allowance { policy, quota, remaining, next }) = self.0 else { return };
        let policy_value = format!("\"{policy}\";q={};w={}", quota.tries, seconds_rounded_up(quota.window));
        let limit_value = format!("\"{policy}\";r={remaining};t={}", seconds_rounded_up(next));
        for (name, value) in [(RATE_LIMIT_POLICY, policy_value), (RATE_LIMIT, limit_value)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
}

impl IntoResponseParts for RateLimit {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        self.write(parts.headers_mut());
        Ok(parts)
    }
}

impl<T: IntoResponse> IntoResponse for Limited<T> {
    fn into_response(self) -> Response {
        (RateLimit(self.allowance), self.result).into_response()
    }
}

/// Rounds up, so that a client that waits this long does not retry too early.
pub(super) fn seconds_rounded_up(time: Duration) -> u64 {
    time.as_nanos().div_ceil(1_000_000_000).try_into().unwrap_or(u64::MAX)
}
