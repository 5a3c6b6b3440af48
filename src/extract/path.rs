//! Parts of the path: a word, or an id in its one canonical spelling. Any other text names nothing.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::error::Error;

/// A word in the path; what is not UTF-8 names nothing: `404`.
pub struct Word(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Word {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Path(text) = Path::from_request_parts(parts, state).await.map_err(|_| Error::NotFound)?;
        Ok(Self(text))
    }
}

/// The id of a row, a positive number. Any other text (`5 `, `+5`, `05`, a word) names nothing: `404`.
pub struct Id(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Word(text) = Word::from_request_parts(parts, state).await?;
        let id: i64 = text.parse().map_err(|_| Error::NotFound)?;
        if id > 0 && id.to_string() == text { Ok(Self(id)) } else { Err(Error::NotFound) }
    }
}
