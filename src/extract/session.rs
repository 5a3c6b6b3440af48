//! `Session` as an argument: a handler that names it is protected, one that does not is public.
//!
//! `validate_session` puts it there for the whole protected group. Without that layer the extractor
//! refuses, so a route registered in the wrong group is closed, not open.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;

use crate::auth::refusal::Refusal;
use crate::auth::token::{AnySession, Session};
use crate::carrier::Carrier;
use crate::error::Error;

/// What `validate_session` found out about a request.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The session.
    pub session: AnySession,
    /// How its token came.
    pub carrier: Carrier,
}

fn presented(parts: &Parts) -> Result<&Presented, Error> {
    parts.extensions.get().ok_or(Error::Refused(Refusal::NoToken))
}

/// A user's.
impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        presented(parts)?.session.of_user().ok_or(Error::Refused(Refusal::Anonymous))
    }
}

/// A user's or an anonymous visitor's.
impl<S: Sync> FromRequestParts<S> for AnySession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        presented(parts).map(|presented| presented.session.clone())
    }
}

/// None of those who present no token, on routes that let them in.
impl<S: Sync> OptionalFromRequestParts<S> for AnySession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Error> {
        Ok(presented(parts).ok().map(|presented| presented.session.clone()))
    }
}
