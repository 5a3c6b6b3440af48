//! Parameters of the query string. Unknown parameters are ignored, repeated ones are rejected.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::Fields;
use crate::error::Error;
use crate::types::ValidationError;

/// A type that can be parsed from the parameters of a query string.
pub trait FromQuery: Sized {
    /// Parses the parameters.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all invalid parameters.
    fn from_query(fields: Fields) -> Result<Self, Error>;
}

/// The parameters of the query string.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: FromQuery> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let mut members = Map::new();
        for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            let pointer = format!("?{name}");
            if members.insert(name.into_owned(), Value::String(value.into_owned())).is_some() {
                return Err(Error::invalid(pointer, ValidationError::Repeated));
            }
        }
        T::from_query(Fields::of_query(members)).map(Self)
    }
}
