//! CORS: pages of the allowed origins may call the API with a token, but not with cookies, except to exchange the code of
//! a sign-in at a provider, which a cookie binds to the browser.

use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, ETAG, HeaderName, LOCATION, ORIGIN, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method};
use tower_http::cors::{AllowCredentials, AllowHeaders, AllowOrigin, CorsLayer};

use crate::config::AllowedOrigins;
use crate::headers::{self, FORWARDED_METHOD, ORIGINAL_METHOD};

const EXPOSED: [HeaderName; 12] = [
    headers::SESSION_TOKEN,
    headers::DEVICE,
    ETAG,
    LOCATION,
    headers::RATE_LIMIT_POLICY,
    headers::RATE_LIMIT,
    RETRY_AFTER,
    WWW_AUTHENTICATE,
    headers::REQUEST_ID,
    headers::AUTH_USER_ID,
    headers::AUTH_SESSION_ID,
    headers::AUTH_EXPIRES_AT,
];

/// Returns whether a proxy asks `/api/verify` about an `OPTIONS` request to another application. The CORS layer must
/// not answer such a request as a preflight for this server, because the proxy would then accept the original request
/// without a token.
pub(super) fn is_asked_by_proxy(request: &Request) -> bool {
    let by_header = || [FORWARDED_METHOD, ORIGINAL_METHOD].iter().any(|name| request.headers().contains_key(name));
    let rest = request.uri().path().strip_prefix("/api/verify").filter(|_| request.method() == Method::OPTIONS);
    rest.is_some_and(|rest| rest.starts_with('/') || rest.is_empty() && by_header())
}

pub(super) fn layer(allowed: AllowedOrigins) -> CorsLayer {
    let is_allowed = move |origin: &HeaderValue, _: &_| origin.to_str().is_ok_and(|origin| allowed.contains(origin));
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_allowed))
        .allow_credentials(AllowCredentials::predicate(|_, request| request.uri.path() == "/api/sessions/exchange"))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        // Tracing libraries add headers to every request of a page. With a fixed list of headers, all these requests
        // would be blocked.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED)
        .max_age(Duration::from_secs(600))
}

/// Adds `Vary: Origin` to a response that a shared cache may store. Otherwise the cache could send the response to a
/// page of another origin, without the CORS headers that this page needs. If the request has `Origin`, [`layer`] adds
/// `Vary`.
pub(super) fn vary(headers: &mut HeaderMap) {
    if headers.get(CACHE_CONTROL).is_some_and(|value| value != "no-store") {
        headers.append(VARY, ORIGIN.into());
    }
}
