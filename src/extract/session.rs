//! `Session` as an argument: a handler that names it is protected, one that does not is public.
//!
//! `validate_session` puts it there for the whole protected group. Without that layer the extractor
//! refuses, so a route registered in the wrong group is closed, not open.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::auth::refusal::Refusal;
use crate::auth::token::Session;
use crate::error::Error;

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        parts.extensions.get::<Self>().cloned().ok_or(Error::Refused(Refusal::NoToken))
    }
}
