//! Error responses: problem details (RFC 9457), `WWW-Authenticate` and `Retry-After`.
//!
//! An [`Error`] becomes a response with a status and headers, but without a body. The error itself becomes an extension
//! of the response. The request log then writes the body, because only the log module has the request id.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::header::{ACCEPT_ENCODING, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::rate_limit::{RateLimit, seconds_rounded_up};
use crate::auth::token::refusal::Refusal;
use crate::error::Error;
use crate::types::FieldError;

/// An error in the format of RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The page that explains the error, relative to the service.
    #[serde(rename = "type")]
    #[schema(example = "/docs/errors/expired")]
    pub kind: String,
    /// The code in words.
    #[schema(example = "Expired")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 401)]
    pub status: u16,
    /// What is wrong and what to do.
    #[schema(example = "The token expired at 2026-11-20T12:00:00Z. Sign in again.")]
    pub detail: String,
    /// The stable name of the error, for programs.
    #[schema(example = "expired")]
    pub code: &'static str,
    /// The `X-Request-Id` of the response. The log has it too.
    #[schema(example = "5f2c9a01-000042")]
    pub request_id: String,
    /// The fields that are not valid.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(nullable = false, required = false)]
    pub errors: Vec<ProblemField>,
    /// `true` if the token has expired, but can be renewed with `POST /api/sessions/current/renew`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, required = false, example = true)]
    pub renewable: Option<bool>,
    /// The same text as `detail`, under each of the names in [`RepeatDetail`].
    #[serde(flatten)]
    #[schema(ignore)]
    pub repeated: BTreeMap<&'static str, String>,
}

/// A response extension. The body of an error response repeats `detail` under `names`, for clients that do not read
/// problem documents.
#[derive(Clone, Copy, Debug, Default)]
pub struct RepeatDetail {
    pub names: &'static [&'static str],
    /// If set, replaces `detail` under `names` in responses with status `401`.
    pub refusal: Option<&'static str>,
}

/// A response extension. The body of an error response is a page instead of a problem document, because a person sees it.
#[derive(Clone, Copy, Debug)]
pub struct AsPage {
    /// Whether the service has a page to which the person can go back.
    pub has_home: bool,
}

/// A field that is not valid.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemField {
    /// JSON pointer into the body, or `?name` for a query parameter.
    #[schema(example = "/username")]
    pub pointer: String,
    /// The stable name of the validation error, for programs.
    #[schema(example = "username_too_long")]
    pub code: &'static str,
    /// What is wrong with the field.
    #[schema(example = "Username must have at most 64 characters.")]
    pub detail: String,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = (self.status(), headers(&self)).into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

impl Problem {
    #[must_use]
    pub fn of(error: &Error, request_id: &str, repeat: RepeatDetail) -> Self {
        let detail = error.to_string();
        let words = repeat.refusal.filter(|_| error.status() == StatusCode::UNAUTHORIZED).unwrap_or(&detail);
        let fields = match error {
            Error::Invalid(fields) => fields.as_slice(),
            _ => &[],
        };
        Self {
            kind: format!("/docs/errors/{}", error.code()),
            title: title(error.code()),
            status: error.status().as_u16(),
            code: error.code(),
            request_id: request_id.to_owned(),
            errors: fields.iter().map(ProblemField::from).collect(),
            renewable: matches!(error, Error::Refused(Refusal::Expired { renewable: true, .. })).then_some(true),
            repeated: repeat.names.iter().map(|name| (*name, words.to_owned())).collect(),
            detail,
        }
    }
}

/// Turns `username_taken` into `Username taken`.
fn title(code: &str) -> String {
    let words = code.replace('_', " ");
    words.get(..1).map(str::to_uppercase).unwrap_or_default() + words.get(1..).unwrap_or_default()
}

impl From<&FieldError> for ProblemField {
    fn from(field: &FieldError) -> Self {
        Self { pointer: field.pointer.clone(), code: field.error.code(), detail: field.error.to_string() }
    }
}

fn headers(error: &Error) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(challenge) = challenge(error) {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    if let Some(wait) = error.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds_rounded_up(wait)));
    }
    if matches!(error, Error::UnsupportedEncoding) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    if let Error::TooManyAttempts(exhausted) = error {
        RateLimit(Some(*exhausted)).write(&mut headers);
    }
    headers
}

/// Returns the challenge for `WWW-Authenticate` (RFC 6750 §3). If the request has no token, the challenge has no
/// `error`. The descriptions are ASCII texts of this server, so the header never repeats text from the request.
fn challenge(error: &Error) -> Option<HeaderValue> {
    const REALM: &str = r#"Bearer realm="daypass""#;
    let challenge = match error {
        Error::Refused(Refusal::NoToken | Refusal::Anonymous) | Error::BadCredentials => REALM.to_owned(),
        Error::AmbiguousToken | Error::Refused(Refusal::AmbiguousToken) => {
            format!(r#"{REALM}, error="invalid_request", error_description="{error}""#)
        }
        Error::Refused(refusal) => {
            format!(r#"{REALM}, error="invalid_token", error_description="{refusal}""#)
        }
        _ => return None,
    };
    Some(HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static(REALM)))
}
