//! `Session` and `AnySession` as arguments of handlers.
//!
//! The `validate_session` middleware adds the session to the request. On a route without this middleware, the extractor
//! rejects all requests.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;

use super::Authenticated;
use crate::auth::token::refusal::Refusal;
use crate::auth::token::{AnySession, Session};
use crate::error::Error;

/// A response extension: the handler has ended the session of the request. The middleware needs it for anonymous
/// sessions, because their end is not recorded as a revocation.
#[derive(Clone, Copy, Debug)]
pub struct SignedOut;

fn authenticated(parts: &Parts) -> Result<&Authenticated, Error> {
    parts.extensions.get().ok_or(Error::Refused(Refusal::NoToken))
}

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        authenticated(parts)?.session.of_user().ok_or(Error::Refused(Refusal::Anonymous))
    }
}

impl<S: Sync> FromRequestParts<S> for AnySession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        authenticated(parts).map(|authenticated| authenticated.session.clone())
    }
}

/// Extracts `None` if the request has no session, on routes that accept such requests.
impl<S: Sync> OptionalFromRequestParts<S> for AnySession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Error> {
        Ok(authenticated(parts).ok().map(|authenticated| authenticated.session.clone()))
    }
}
