//! Security headers of all responses, unless the handler sets its own (OWASP ASVS 3.4, 14.3.2).

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::response::Response;

use crate::config::Environment;

/// API responses must not load anything or be framed, because they can contain tokens.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'")),
];

/// Returns whether to send `Strict-Transport-Security`: only in production, where a proxy terminates TLS. Browsers
/// ignore the header over plain HTTP.
pub(super) fn strict_transport(environment: Environment) -> bool {
    environment == Environment::Production
}

pub(super) fn add(mut response: Response, strict_transport: bool) -> Response {
    let headers = response.headers_mut();
    headers.reserve(HEADERS.len() + 3);
    // With `no-transform`, proxies do not compress the response, which would change its entity tag.
    let no_store = if headers.contains_key(ETAG) { "no-store, no-transform" } else { "no-store" };
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static(no_store));
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
    if strict_transport {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}
