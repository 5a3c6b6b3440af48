//! Headers every answer carries unless its handler set its own (OWASP ASVS 3.4, 14.3.2).

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::response::Response;

use crate::config::Environment;

/// No answer of ours loads, frames or leaks anything; nothing that may hold a token is kept.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'")),
];

/// In production the proxy in front speaks TLS, and browsers shall keep to it for a year; over plain
/// HTTP they ignore the header.
pub(super) fn strict_transport(environment: Environment) -> bool {
    environment == Environment::Production
}

pub(super) fn add(mut response: Response, strict_transport: bool) -> Response {
    let headers = response.headers_mut();
    headers.reserve(HEADERS.len() + 2);
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
    if strict_transport {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}
