//! Forward authentication: puts any application behind Daypass.
//!
//! A reverse proxy asks here before it lets a request through (nginx `auth_request`, Caddy and
//! Traefik `forward_auth`). The answer costs no I/O; the headers tell the application who asks.

use axum::http::{HeaderName, HeaderValue, StatusCode};
use chrono::SecondsFormat;

use crate::auth::token::Session;
use crate::error::Error;

const USER_ID: HeaderName = HeaderName::from_static("x-auth-user-id");
const SESSION_ID: HeaderName = HeaderName::from_static("x-auth-session-id");
const EXPIRES_AT: HeaderName = HeaderName::from_static("x-auth-expires-at");

/// Is this token good
///
/// `204` and who it is, or the `401` of its refusal. No I/O.
#[utoipa::path(get, path = "/api/verify", tag = "sessions", responses(
    (status = 204, description = "The token is good.", headers(
        ("X-Auth-User-Id" = i64, description = "The user's id"),
        ("X-Auth-Session-Id" = String, description = "The session's id"),
        ("X-Auth-Expires-At" = String, description = "When the token expires, RFC 3339"),
    )),
))]
pub async fn verify(session: Session) -> Result<(StatusCode, [(HeaderName, HeaderValue); 3]), Error> {
    let expires_at = session.expires_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let header = |text: String| HeaderValue::try_from(text).map_err(Error::fault);
    Ok((
        StatusCode::NO_CONTENT,
        [
            (USER_ID, HeaderValue::from(session.user_id)),
            (SESSION_ID, header(session.id.to_string())?),
            (EXPIRES_AT, header(expires_at)?),
        ],
    ))
}
