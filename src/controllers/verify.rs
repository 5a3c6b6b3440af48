//! Forward authentication for other applications.
//!
//! A reverse proxy calls this route before it forwards a request (nginx `auth_request`, Caddy and Traefik
//! `forward_auth`, Envoy `ext_authz`). The check needs no I/O unless the revocations in memory are too old. The
//! response headers identify the user to the application.

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;

use crate::auth::token::Session;
use crate::error::Error;
use crate::extract::RequiredRoles;
use crate::headers::{AUTH_EXPIRES_AT, AUTH_ROLES, AUTH_SESSION_ID, AUTH_USER_ID};

/// Verify a session token
///
/// For forward authentication. Returns the user and the session in headers, or `401` with the reason. Needs no I/O while
/// the revocations in memory are up to date.
#[utoipa::path(get, path = "/api/verify", tag = "sessions", params(
    ("role" = Option<Vec<String>>, Query, description = "The user must have one of these roles"),
), responses(
    (status = 204, description = "The token is valid.", headers(
        ("X-Auth-User-Id" = i64, description = "The user's id"),
        ("X-Auth-Session-Id" = String, description = "The session's id"),
        ("X-Auth-Expires-At" = String, description = "When the token expires, RFC 3339"),
        ("X-Auth-Roles" = String, description = "The user's roles, separated by commas; empty if there are none"),
    )),
    (status = 403, description = "`missing_role`"),
))]
pub async fn verify(session: Session, required: RequiredRoles) -> Result<Response, Error> {
    if !required.are_met_by(&session.roles) {
        return Err(Error::MissingRole);
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    *response.headers_mut() = identity(&session)?;
    Ok(response)
}

/// Like [`verify`], for proxies that append the path of the original request. The handler ignores this path. Responds
/// with 200, because Envoy accepts no other status.
pub async fn verify_original(session: Session) -> Result<impl IntoResponse, Error> {
    identity(&session)
}

fn identity(session: &Session) -> Result<HeaderMap, Error> {
    let expires_at = session.expires_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let header = |text: String| HeaderValue::try_from(text).map_err(Error::fault);
    // There is space for the headers that the middleware adds.
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(AUTH_USER_ID, HeaderValue::from(session.user_id.0));
    headers.insert(AUTH_SESSION_ID, header(session.id.to_string())?);
    headers.insert(AUTH_EXPIRES_AT, header(expires_at)?);
    // Sent even if it is empty. Otherwise a proxy could forward a header of this name that the client sent.
    headers.insert(AUTH_ROLES, header(session.roles.as_str().to_owned())?);
    Ok(headers)
}
