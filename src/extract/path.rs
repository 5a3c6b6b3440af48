//! An id in the path: a positive number, written in the one canonical way.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::error::Error;

/// The id of a row. Any other text (`5 `, `+5`, `05`, a word) names nothing: `404`.
pub struct Id(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Error::NotFound)?;
        let id: i64 = text.parse().map_err(|_| Error::NotFound)?;
        if id > 0 && id.to_string() == text { Ok(Self(id)) } else { Err(Error::NotFound) }
    }
}
