//! JSON request bodies: parsed strictly, with a maximum size and a deadline.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::value::RawValue;

use super::Fields;
use crate::app::AppState;
use crate::error::Error;
use crate::types::limits::MAX_BODY_BYTES;
use crate::types::strict_json::StrictJsonError;
use crate::types::{ValidationError, strict_json};

/// The time limit for receiving a body. A slower body is rejected with `408`.
const BODY_DEADLINE: Duration = Duration::from_secs(10);
/// U+FEFF in UTF-8. Parsers may ignore it at the start of a JSON text (RFC 8259 §8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A type that can be parsed from the members of a JSON request body.
pub trait FromBody: Sized {
    /// Parses the members. Unknown members are ignored.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all invalid fields.
    fn from_body(fields: Fields, app: &AppState) -> Result<Self, Error>;
}

/// A JSON request body, parsed as a `T`.
pub struct Json<T>(pub T);

impl<T: FromBody> FromRequest<AppState> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Error> {
        let bytes = read(request).await?;
        // Some clients send the JSON content type with an empty body. Such a body counts as an empty object.
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        // Parsed as a map, not as a `Value`, because serde_json treats one member name of a `Value` specially.
        T::from_body(Fields::of_body(strict_json::read(text).map_err(malformed)?), app).map(Self)
    }
}

/// A request body that can be any JSON value, kept as text.
pub struct AnyJson(pub Box<RawValue>);

impl FromRequest<AppState> for AnyJson {
    type Rejection = Error;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Error> {
        strict_json::read_value(&read(request).await?).map(Self).map_err(malformed)
    }
}

fn malformed(error: StrictJsonError) -> Error {
    match error {
        StrictJsonError::NotAnObject => Error::invalid("", ValidationError::NotAnObject),
        error => Error::MalformedJson(error.to_string()),
    }
}

/// Reads a JSON body. Removes the byte order mark, which some editors and spreadsheets write.
async fn read(request: Request) -> Result<Bytes, Error> {
    let body = receive(request, is_json).await?;
    Ok(if body.starts_with(BYTE_ORDER_MARK) { body.slice(BYTE_ORDER_MARK.len()..) } else { body })
}

/// Reads a body whose content type the function accepts.
pub(super) async fn receive(request: Request, accepts: fn(&HeaderMap) -> bool) -> Result<Bytes, Error> {
    if request
        .headers()
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return Err(Error::UnsupportedEncoding);
    }
    if !accepts(request.headers()) {
        return Err(Error::UnsupportedMediaType);
    }
    if declared_length(request.headers()) > MAX_BODY_BYTES as u64 {
        return Err(Error::TooLarge);
    }
    let body = tokio::time::timeout(BODY_DEADLINE, collect(request.into_body()));
    body.await.map_err(|_| Error::BodyTimeout)?
}

/// Returns whether the content type is `application/json` or `application/…+json`, without a charset other than UTF-8.
/// HTML forms cannot send these content types.
pub fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Ok(value) = value.to_str() else { return false };
    let value = value.to_ascii_lowercase();
    let mut parts = value.split(';').map(str::trim);
    let is_utf8 = |charset: &str| matches!(charset.trim().trim_matches('"'), "utf-8" | "utf8");
    let subtype = parts.next().and_then(|media_type| media_type.strip_prefix("application/"));
    subtype.is_some_and(|subtype| subtype == "json" || is_json_suffix(subtype))
        && parts
            .filter_map(|parameter| parameter.split_once('='))
            .all(|(name, value)| name.trim() != "charset" || is_utf8(value))
}

/// Returns whether the subtype ends in `+json` (RFC 6839 §3.1) and has only characters that are allowed in a subtype.
fn is_json_suffix(subtype: &str) -> bool {
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte);
    subtype.strip_suffix("+json").is_some_and(|name| !name.is_empty() && name.bytes().all(in_name))
}

fn declared_length(headers: &HeaderMap) -> u64 {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|text| text.parse().ok()).unwrap_or(0)
}

async fn collect(body: Body) -> Result<Bytes, Error> {
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Error::TooLarge),
        // The client closed the connection.
        Err(_) => Err(Error::MalformedJson("it is incomplete".to_owned())),
    }
}
