//! An error as a client sees it: problem details (RFC 9457), the challenge of a 401, `Retry-After`.
//!
//! An [`Error`] leaves its handler as a status with headers and travels on as a response extension;
//! `middleware::report` logs its cause and writes the body, for only there the request's id is known.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::rate_limit::{RateLimit, whole_seconds};
use crate::auth::refusal::Refusal;
use crate::error::{Error, FieldError};

/// What went wrong, for people and programs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Where this kind of problem is explained, relative to the service.
    #[serde(rename = "type")]
    #[schema(example = "/docs/errors#expired")]
    pub kind: String,
    /// The kind of problem in words.
    #[schema(example = "Expired")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 401)]
    pub status: u16,
    /// This problem in a sentence.
    #[schema(example = "The token expired at 2026-11-20T12:00:00Z.")]
    pub detail: String,
    /// The stable name of the problem.
    #[schema(example = "expired")]
    pub code: &'static str,
    /// The `X-Request-Id` of the answer, to be found in the log.
    #[schema(example = "5f2c9a01-000042")]
    pub request_id: String,
    /// The fields that break a rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(nullable = false, required = false)]
    pub errors: Vec<ProblemField>,
    /// `detail` again, under the names of [`RepeatDetail`].
    #[serde(flatten)]
    #[schema(ignore)]
    pub repeated: BTreeMap<&'static str, String>,
}

/// Put into a response's extensions: should it be a problem, its `detail` is repeated under these names, for
/// clients that know no problem documents.
#[derive(Clone, Copy, Debug, Default)]
pub struct RepeatDetail {
    /// The names.
    pub names: &'static [&'static str],
    /// What they say instead of a `401`'s detail.
    pub refusal: Option<&'static str>,
}

/// A field that breaks a rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemField {
    /// JSON pointer into the body, or `?name` for a query parameter.
    #[schema(example = "/username")]
    pub pointer: String,
    /// The stable name of the rule.
    #[schema(example = "username_too_long")]
    pub code: &'static str,
    /// The rule in a sentence.
    #[schema(example = "A username has at most 64 characters.")]
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
    /// What the client is told of `error`.
    #[must_use]
    pub fn of(error: &Error, request_id: &str, repeat: RepeatDetail) -> Self {
        let detail = error.to_string();
        let words = repeat.refusal.filter(|_| error.status() == StatusCode::UNAUTHORIZED).unwrap_or(&detail);
        let fields = match error {
            Error::Invalid(fields) => fields.as_slice(),
            _ => &[],
        };
        Self {
            kind: format!("/docs/errors#{}", error.code()),
            title: in_words(error.code()),
            status: error.status().as_u16(),
            code: error.code(),
            request_id: request_id.to_owned(),
            errors: fields.iter().map(ProblemField::from).collect(),
            repeated: repeat.names.iter().map(|name| (*name, words.to_owned())).collect(),
            detail,
        }
    }
}

/// `username_taken` as `Username taken`.
fn in_words(code: &str) -> String {
    let words = code.replace('_', " ");
    words.get(..1).map(str::to_uppercase).unwrap_or_default() + words.get(1..).unwrap_or_default()
}

impl From<&FieldError> for ProblemField {
    fn from(field: &FieldError) -> Self {
        Self { pointer: field.pointer.clone(), code: field.rule.code(), detail: field.rule.to_string() }
    }
}

fn headers(error: &Error) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(challenge) = challenge(error) {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    if let Some(wait) = error.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
    }
    if let Error::TooManyAttempts(exhausted) = error {
        RateLimit(Some(*exhausted)).write(&mut headers);
    }
    headers
}

/// The challenge of RFC 6750 §3: no `error` when no token was sent. The descriptions are sentences of
/// our own in plain ASCII, so nothing of the request is ever repeated in a header.
fn challenge(error: &Error) -> Option<HeaderValue> {
    const REALM: &str = r#"Bearer realm="daypass""#;
    let challenge = match error {
        Error::Refused(Refusal::NoToken | Refusal::Anonymous) | Error::BadCredentials => REALM.to_owned(),
        Error::Refused(refusal) => {
            format!(r#"{REALM}, error="invalid_token", error_description="{refusal}""#)
        }
        Error::AmbiguousToken => format!(r#"{REALM}, error="invalid_request", error_description="{error}""#),
        _ => return None,
    };
    Some(HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static(REALM)))
}
