//! What sign-up and sign-in give: the token, and whose it is.

use axum::Json;
use axum::http::{HeaderName, HeaderValue};
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
    /// The JWT, to be sent as `Authorization: Bearer …`.
    #[serde(serialize_with = "expose")]
    #[schema(value_type = String, example = "eyJhbGciOiJIUzI1NiIs…")]
    pub session_token: SecretString,
    /// How the token is sent.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds until the token expires.
    #[schema(example = 86400)]
    pub expires_in: i64,
    /// What the device keeps and shows when it signs in again; goes out as a header.
    #[serde(skip)]
    pub device_token: SecretString,
}

impl Credentials {
    /// The header in which the device gets its token.
    pub(crate) fn device_header(&self) -> [(HeaderName, HeaderValue); 1] {
        let device = HeaderValue::try_from(self.device_token.expose_secret());
        [(DEVICE_HEADER, device.unwrap_or(HeaderValue::from_static("")))]
    }
}

impl IntoResponse for Credentials {
    fn into_response(self) -> Response {
        (self.device_header(), Json(self)).into_response()
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

pub(crate) fn expose<S: Serializer>(token: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose_secret())
}
