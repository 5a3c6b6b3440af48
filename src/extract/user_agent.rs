//! What the client calls itself, as far as it is readable text.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;

/// The `User-Agent` header.
pub struct UserAgent(pub Option<String>);

impl<S: Sync> FromRequestParts<S> for UserAgent {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let header = parts.headers.get(USER_AGENT);
        Ok(Self(header.and_then(|value| value.to_str().ok()).map(str::to_owned)))
    }
}
