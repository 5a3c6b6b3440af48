//! A JSON body: declared as such, in time, of bounded size, strict.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Fields;
use crate::app::App;
use crate::error::Error;
use crate::strict_json;

/// A larger body is answered `413` without being read to its end.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// A body that is not here by then is answered `408`, however steadily it trickles.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// A request body that can be read from its fields.
pub trait FromBody: Sized {
    /// Takes what it needs; unknown members are ignored.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every field that breaks a rule.
    fn from_body(fields: Fields, app: &App) -> Result<Self, Error>;
}

/// A body of the declared type.
pub struct Json<T>(pub T);

impl<T: FromBody> FromRequest<App> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let bytes = read(request).await?;
        // A JSON content type with nothing behind it counts as no fields, not as broken JSON.
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        T::from_body(Fields::of_body(members(text)?), app).map(Self)
    }
}

/// A body that may be any JSON value: its text, however deeply it is nested.
pub struct AnyJson(pub Box<RawValue>);

impl FromRequest<App> for AnyJson {
    type Rejection = Error;

    async fn from_request(request: Request, _: &App) -> Result<Self, Error> {
        let bytes = read(request).await?;
        let value: Box<RawValue> = serde_json::from_slice(&bytes).map_err(|_| Error::MalformedJson)?;
        if value.get().starts_with('{') && strict_json::read::<IgnoredAny>(&bytes).is_err() {
            return Err(Error::MalformedJson);
        }
        Ok(Self(value))
    }
}

async fn read(request: Request) -> Result<Bytes, Error> {
    if !is_json(request.headers()) {
        return Err(Error::UnsupportedMediaType);
    }
    if declared_length(request.headers()) > MAX_BODY_BYTES as u64 {
        return Err(Error::TooLarge);
    }
    let body = tokio::time::timeout(BODY_DEADLINE, collect(request.into_body()));
    body.await.map_err(|_| Error::BodyTimeout)?
}

/// `application/json`, alone or with a charset of UTF-8. Nothing a plain HTML form could send.
#[must_use]
pub fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Ok(value) = value.to_str() else { return false };
    let mut parts = value.split(';').map(str::trim);
    parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/json"))
        && parts.all(|parameter| {
            parameter.split_once('=').is_none_or(|(name, value)| {
                !name.eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            })
        })
}

fn declared_length(headers: &HeaderMap) -> u64 {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|text| text.parse().ok()).unwrap_or(0)
}

async fn collect(body: Body) -> Result<Bytes, Error> {
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Error::TooLarge),
        // The client went away in the middle; whoever still listens is told that it was not JSON.
        Err(_) => Err(Error::MalformedJson),
    }
}

fn members(text: &[u8]) -> Result<serde_json::Map<String, Value>, Error> {
    // Into a map and not into a value, in which serde_json reads a member of one certain name as JSON to unpack.
    match strict_json::read(text) {
        Ok(members) => Ok(members),
        _ if text.trim_ascii_start().starts_with(b"{") => Err(Error::MalformedJson),
        _ if serde_json::from_slice::<IgnoredAny>(text).is_err() => Err(Error::MalformedJson),
        _ => Err(Error::Invalid(vec![crate::error::FieldError {
            pointer: String::new(),
            rule: crate::auth::Rule::NotAnObject,
        }])),
    }
}
