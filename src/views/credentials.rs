//! What sign-up and sign-in give: the token, and whose it is.

use axum::Json;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::{Session, User};
use crate::extract::DEVICE_HEADER;

/// A new session and the token that carries it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// Who signed in.
    pub user: User,
    /// The session that begins.
    pub session: Session,
    /// `created` after sign-up, `successfully authenticated` after sign-in.
    #[schema(example = "successfully authenticated")]
    pub message: &'static str,
    /// The JWT, to be sent as `Authorization: Bearer …`; not there when it travels by cookie.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "expose")]
    #[schema(value_type = String, required = false, nullable = false, example = "eyJhbGciOiJIUzI1NiIs…")]
    pub session_token: Option<SecretString>,
    /// How the token is sent: `Bearer` or `Cookie`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds until the token expires.
    #[schema(example = 86400)]
    pub expires_in: i64,
    /// What the device keeps and shows when it signs in again; goes out as a header.
    #[serde(skip)]
    pub device_token: SecretString,
    /// The token, and variables that move with it, for the browser to keep.
    #[serde(skip)]
    pub cookies: Vec<HeaderValue>,
}

impl Credentials {
    /// The headers in which the browser, and the device, get what is theirs to keep.
    pub(crate) fn headers(&mut self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let device = HeaderValue::try_from(self.device_token.expose_secret());
        headers.insert(DEVICE_HEADER, device.unwrap_or(HeaderValue::from_static("")));
        for cookie in self.cookies.drain(..) {
            headers.append(SET_COOKIE, cookie);
        }
        headers
    }
}

impl IntoResponse for Credentials {
    fn into_response(mut self) -> Response {
        (self.headers(), Json(self)).into_response()
    }
}

/// Who the request's session belongs to.
#[derive(Debug, Serialize, ToSchema)]
pub struct CurrentSession {
    /// The user.
    pub user: User,
    /// The session.
    pub session: Session,
}

pub(crate) fn expose<S: Serializer>(token: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    token.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}
