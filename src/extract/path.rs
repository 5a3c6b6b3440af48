//! Path parameters.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::error::Error;

/// A path parameter. If it is not UTF-8, the request is rejected with `404`.
pub struct PathParam(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathParam {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Path(text) = Path::from_request_parts(parts, state).await.map_err(|_| Error::NotFound)?;
        Ok(Self(text))
    }
}

/// The id of a row. If the id is not in canonical form, such as `5 `, `+5` and `05`, the request is rejected with
/// `404`.
pub struct Id<T>(pub T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Id<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let PathParam(text) = PathParam::from_request_parts(parts, state).await?;
        text.parse().map(Self).map_err(|_| Error::NotFound)
    }
}
