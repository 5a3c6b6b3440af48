//! CORS: browsers of the allowed origins may call the API, with a token but never with cookies.

use std::time::Duration;

use axum::http::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::request_id;
use crate::carrier::TOKEN_HEADER;
use crate::config::OriginRule;
use crate::extract::DEVICE_HEADER;
use crate::views::{POLICY_HEADER, RATE_LIMIT_HEADER};

const EXPOSED: [HeaderName; 12] = [
    TOKEN_HEADER,
    DEVICE_HEADER,
    ETAG,
    LOCATION,
    POLICY_HEADER,
    RATE_LIMIT_HEADER,
    RETRY_AFTER,
    WWW_AUTHENTICATE,
    request_id::HEADER,
    HeaderName::from_static("x-auth-user-id"),
    HeaderName::from_static("x-auth-session-id"),
    HeaderName::from_static("x-auth-expires-at"),
];

pub(super) fn layer(rule: OriginRule) -> CorsLayer {
    let allowed = move |origin: &HeaderValue, _: &_| origin.to_str().is_ok_and(|origin| rule.allows(origin));
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(allowed))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH, DEVICE_HEADER, request_id::HEADER])
        .expose_headers(EXPOSED)
        .max_age(Duration::from_secs(600))
}
