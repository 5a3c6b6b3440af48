//! HTML form bodies, which providers send.

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::Fields;
use super::json::{FromBody, receive};
use crate::app::AppState;
use crate::error::Error;
use crate::types::ValidationError;

const FORM: &str = "application/x-www-form-urlencoded";

/// A form body, parsed as a `T`.
pub struct Form<T>(pub T);

impl<T: FromBody> FromRequest<AppState> for Form<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Error> {
        let bytes = receive(request, is_form).await?;
        let mut members = Map::new();
        for (name, value) in form_urlencoded::parse(&bytes) {
            let pointer = format!("/{name}");
            if members.insert(name.into_owned(), Value::String(value.into_owned())).is_some() {
                return Err(Error::invalid(pointer, ValidationError::Repeated));
            }
        }
        T::from_body(Fields::of_body(members), app).map(Self)
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(FORM))
}
