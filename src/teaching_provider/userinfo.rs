//! UserInfo: the claims about the person, for the holder of an access token (OpenID Connect Core 1.0 §5.3).

use axum::Json;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::Provider;

pub(super) async fn show(State(provider): Provider, headers: HeaderMap) -> Response {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        value.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let person = token.and_then(|(_, token)| provider.access_tokens.get(token.trim(), provider.clock.monotonic()));
    match person {
        Some(person) => Json(person).into_response(),
        None => (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")]).into_response(),
    }
}
