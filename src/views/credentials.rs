//! Responses to sign-up and sign-in, and the current session.

use axum::Json;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::{Session, User};
use crate::accounts::{NewSession, RenewedSession};
use crate::headers::DEVICE;

/// A new session and its token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    pub user: User,
    pub session: Session,
    /// `created` after sign-up, `successfully authenticated` after sign-in, `renewed` after a renewal.
    #[schema(example = "successfully authenticated")]
    pub message: &'static str,
    /// The JWT, to be sent as `Authorization: Bearer …`. Missing if it is in a cookie.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "expose")]
    #[schema(value_type = String, required = false, nullable = false, example = "eyJhbGciOiJIUzI1NiIs…")]
    pub session_token: Option<SecretString>,
    /// How the token is sent: `Bearer` or `Cookie`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds until the token expires.
    #[schema(example = 86400)]
    pub expires_in: i64,
    /// The device token, sent in a header. The client sends it with its next sign-in. A renewal returns none.
    #[serde(skip)]
    device_token: Option<SecretString>,
    #[serde(skip)]
    cookies: Vec<HeaderValue>,
}

impl Credentials {
    #[must_use]
    pub fn of(new: NewSession, message: &'static str) -> Self {
        Self {
            user: User::from(&new.user),
            session: Session::of(&new.row, true),
            message,
            token_type: if new.token.is_some() { "Bearer" } else { "Cookie" },
            session_token: new.token,
            expires_in: new.expires_in,
            device_token: Some(new.device_token),
            cookies: new.cookies,
        }
    }

    #[must_use]
    pub fn renewed(renewed: RenewedSession) -> Self {
        Self {
            user: User::from(&renewed.user),
            session: Session::of(&renewed.row, true),
            message: "renewed",
            token_type: if renewed.token.is_some() { "Bearer" } else { "Cookie" },
            session_token: renewed.token,
            expires_in: renewed.expires_in,
            device_token: None,
            cookies: renewed.cookie.into_iter().collect(),
        }
    }

    /// Returns the headers with the device token and the cookies.
    pub(crate) fn headers(&mut self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(token) = &self.device_token {
            let device = HeaderValue::try_from(token.expose_secret());
            headers.insert(DEVICE, device.unwrap_or(HeaderValue::from_static("")));
        }
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

/// The session of the request and its user.
#[derive(Debug, Serialize, ToSchema)]
pub struct CurrentSession {
    pub user: User,
    pub session: Session,
}

pub(crate) fn expose<S: Serializer>(token: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    token.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}
