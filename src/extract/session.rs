//! `Session` and `AnySession` as arguments of handlers.
//!
//! The `validate_session` middleware adds them to the request. Without it the extractor rejects the request, so a route
//! in the wrong group rejects all requests.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;

use super::Authenticated;
use crate::auth::token::refusal::Refusal;
use crate::auth::token::{AnySession, Session};
use crate::error::Error;

/// Response extension of a handler that ended the session of the request. The database has no row for anonymous
/// sessions, so the middleware cannot tell otherwise.
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

/// `None` without a token, on routes that accept such requests.
impl<S: Sync> OptionalFromRequestParts<S> for AnySession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Error> {
        Ok(authenticated(parts).ok().map(|authenticated| authenticated.session.clone()))
    }
}
