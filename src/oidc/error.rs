//! Why a provider could not be used.

use std::error::Error as StdError;
use std::fmt;

use openidconnect::{DiscoveryError, ErrorResponse, RequestTokenError, UserInfoError};
use thiserror::Error;

use super::http_client::HttpError;

/// A step of the protocol, named in errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The configuration of the provider and its keys are read.
    Discovery,
    /// The authorization code is exchanged for tokens.
    Exchange,
    IdToken,
    UserInfo,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discovery => "reading its configuration",
            Self::Exchange => "exchanging the code",
            Self::IdToken => "checking the ID token",
            Self::UserInfo => "reading the user's profile",
        })
    }
}

/// A failed step. The cause is for the log only, because it can have text of the provider.
#[derive(Debug, Error)]
#[error("{step}: {cause}")]
pub struct OidcError {
    pub step: Step,
    /// Whether another attempt can succeed without a change at the provider.
    pub is_temporary: bool,
    cause: String,
}

impl OidcError {
    pub(super) fn new(step: Step, cause: impl Into<String>) -> Self {
        Self { step, is_temporary: false, cause: cause.into() }
    }

    /// The configuration could not be read a short time ago.
    pub(super) fn failed_before() -> Self {
        Self { step: Step::Discovery, is_temporary: true, cause: "the last attempt failed a short time ago".to_owned() }
    }

    /// The response is not the expected JSON. The text of the parser would have values, such as an address.
    fn unexpected(step: Step, path: &impl fmt::Display) -> Self {
        Self::new(step, format!("the response is not the expected JSON, at {path}"))
    }

    fn http(step: Step, error: &HttpError) -> Self {
        Self { step, is_temporary: error.is_temporary(), cause: with_sources(error) }
    }

    pub(super) fn discovery(error: &DiscoveryError<HttpError>) -> Self {
        match error {
            DiscoveryError::Request(error) => Self::http(Step::Discovery, error),
            // Its text has both issuers.
            error => Self::new(Step::Discovery, with_sources(error)),
        }
    }

    pub(super) fn exchange<R: ErrorResponse + 'static>(error: &RequestTokenError<HttpError, R>) -> Self {
        match error {
            RequestTokenError::Request(error) => Self::http(Step::Exchange, error),
            RequestTokenError::Parse(error, _) => Self::unexpected(Step::Exchange, error.path()),
            error => Self::new(Step::Exchange, with_sources(error)),
        }
    }

    pub(super) fn user_info(error: &UserInfoError<HttpError>) -> Self {
        match error {
            UserInfoError::Request(error) => Self::http(Step::UserInfo, error),
            UserInfoError::Parse(error) => Self::unexpected(Step::UserInfo, error.path()),
            error => Self::new(Step::UserInfo, with_sources(error)),
        }
    }
}

/// Returns the text of an error and of its sources.
pub(super) fn with_sources(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
