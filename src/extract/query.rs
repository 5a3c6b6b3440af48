//! Parameters of the query string. Unknown ones are ignored, a repeated one is refused.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::Fields;
use crate::auth::Rule;
use crate::error::{Error, FieldError};

/// Parameters that can be read from their fields.
pub trait FromQuery: Sized {
    /// Takes what it needs.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every parameter that breaks a rule, or the type's own refusal.
    fn from_query(fields: Fields) -> Result<Self, Error>;
}

/// The query string as the declared type.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: FromQuery> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let mut members = Map::new();
        for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            let pointer = format!("?{name}");
            if members.insert(name.into_owned(), Value::String(value.into_owned())).is_some() {
                return Err(Error::Invalid(vec![FieldError { pointer, rule: Rule::Repeated }]));
            }
        }
        T::from_query(Fields::of_query(members)).map(Self)
    }
}
