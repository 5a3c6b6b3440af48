//! Everything a request can end in but success: one enum, one status each, one code each.
//!
//! `views::problem` turns it into an answer. A cause stays here: it is logged once, at the edge, and
//! never sent.

use std::time::Duration;

use axum::http::StatusCode;
use sea_orm::{DbErr, RuntimeErr, SqlxError};
use thiserror::Error;

use crate::auth::Rule;
use crate::auth::limits::Allowance;
use crate::auth::password_hasher::HashError;
use crate::auth::refusal::Refusal;

/// A field of the request that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer into the body (`/username`), or `?name` for a query parameter.
    pub pointer: String,
    /// The rule it breaks.
    pub rule: Rule,
}

/// Why a request did not succeed.
#[derive(Debug, Error)]
pub enum Error {
    /// `401`: the token was refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// `401`: no such user, or the wrong password; nobody is told which.
    #[error("The username or the password is wrong.")]
    BadCredentials,
    /// `400`: more than one `Authorization` header, or session cookie (RFC 6750 §3.1).
    #[error("Send the session token once.")]
    AmbiguousToken,
    /// `400`: the body is not JSON, not UTF-8, or repeats a member name.
    #[error("The body is not well-formed JSON.")]
    MalformedJson,
    /// `400`: the cursor is not one we gave out for this listing.
    #[error("The cursor does not belong to this listing; begin again without one.")]
    BadCursor,
    /// `403`: a session that travels by cookie is used from a page that is not ours.
    #[error("A session cookie is for pages of this origin; send Sec-Fetch-Site or Origin, or use the header.")]
    CrossSite,
    /// `403`: the present password, asked for again, is wrong.
    #[error("The current password is wrong.")]
    WrongPassword,
    /// `404`: no such route, or no such thing of this user's.
    #[error("There is nothing here.")]
    NotFound,
    /// `405`: the route exists, for other methods.
    #[error("This route does not know that method; see the Allow header.")]
    MethodNotAllowed,
    /// `408`: the body did not arrive in time.
    #[error("The body did not arrive in time.")]
    BodyTimeout,
    /// `409`: the username belongs to someone.
    #[error("The username is taken.")]
    UsernameTaken,
    /// `409`: what is to be incremented is not a whole number, or would grow too large.
    #[error("The variable is not a whole number that can be incremented so.")]
    NotANumber,
    /// `412`: `If-Match` names another version than the present one.
    #[error("It has changed since you read it.")]
    PreconditionFailed,
    /// `413`: the body is over the limit.
    #[error("The body is larger than this route accepts.")]
    TooLarge,
    /// `413`: the value of a variable is over the limit.
    #[error("The value of a variable has at most 4 KiB as JSON.")]
    VariableTooLarge,
    /// `413`: all variables of a session together are over the limit of their store.
    #[error("The variables of this session are larger together than their store accepts.")]
    VariablesTooLarge,
    /// `415`: the body is not declared as JSON.
    #[error("Send the body as application/json.")]
    UnsupportedMediaType,
    /// `422`: well-formed, but fields break rules.
    #[error("Some fields need another value.")]
    Invalid(Vec<FieldError>),
    /// `422`: one variable more than a session may have.
    #[error("A session has at most 50 variables.")]
    TooManyVariables,
    /// `429`: too often; the limit tells when to try again.
    #[error("Too many attempts; try again later.")]
    TooManyAttempts(Allowance),
    /// `503`: too many at once; come back later.
    #[error("The service is busy; try again shortly.")]
    Busy,
    /// `503`: the revocations of other replicas are not loaded, or too old.
    #[error("The revocations of other replicas cannot be followed at the moment.")]
    NotReady,
    /// `503`: the database, or the store of session variables, does not answer.
    #[error("The service cannot do this at the moment; try again shortly.")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// `500`: a fault of ours.
    #[error("Something went wrong on our side.")]
    Fault(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// The status it is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::AmbiguousToken | Self::MalformedJson | Self::BadCursor => StatusCode::BAD_REQUEST,
            Self::Refused(_) | Self::BadCredentials => StatusCode::UNAUTHORIZED,
            Self::WrongPassword | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::UsernameTaken | Self::NotANumber => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge | Self::VariableTooLarge | Self::VariablesTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Invalid(_) | Self::TooManyVariables => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyAttempts(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::NotReady | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable name a client can act on; `docs/errors` has an entry for each.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::BadCredentials => "bad_credentials",
            Self::AmbiguousToken => "ambiguous_token",
            Self::MalformedJson => "malformed_json",
            Self::BadCursor => "bad_cursor",
            Self::CrossSite => "cross_site",
            Self::WrongPassword => "wrong_password",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::BodyTimeout => "body_timeout",
            Self::UsernameTaken => "username_taken",
            Self::NotANumber => "not_a_number",
            Self::PreconditionFailed => "precondition_failed",
            Self::TooLarge => "body_too_large",
            Self::VariableTooLarge => "variable_too_large",
            Self::VariablesTooLarge => "variables_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Invalid(_) => "invalid_fields",
            Self::TooManyVariables => "too_many_variables",
            Self::TooManyAttempts(_) => "too_many_attempts",
            Self::Busy => "busy",
            Self::NotReady => "not_ready",
            Self::Unavailable(_) => "unavailable",
            Self::Fault(_) => "internal_error",
        }
    }

    /// How long a client should wait before it tries again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts(allowance) => Some(allowance.next),
            Self::Busy | Self::NotReady | Self::Unavailable(_) => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// A fault of ours, for what should not happen.
    pub fn fault(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Fault(cause.into())
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if is_outage(&error) { Self::Unavailable(error.into()) } else { Self::fault(error) }
    }
}

/// Whether the database could not be reached, or not in time: the request may succeed later.
fn is_outage(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => match &**cause {
            SqlxError::Io(_) | SqlxError::PoolTimedOut | SqlxError::PoolClosed => true,
            SqlxError::Database(answer) => is_passing(answer.code().as_deref()),
            _ => false,
        },
        _ => false,
    }
}

/// SQLite busy after the busy timeout, unable to write, or full (5, 10, 13, in the low byte); a transaction
/// given up for another's sake (40001 and, in PostgreSQL, 40P01); PostgreSQL stopping or starting (57P).
fn is_passing(code: Option<&str>) -> bool {
    let Some(code) = code else { return false };
    let sqlite = if code.len() < 5 { code.parse().unwrap_or(0) & 0xff } else { 0 };
    matches!(sqlite, 5 | 10 | 13) || matches!(code, "40001" | "40P01") || code.starts_with("57P")
}

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Fault(_) => Self::fault(error),
        }
    }
}

impl From<Allowance> for Error {
    fn from(exhausted: Allowance) -> Self {
        Self::TooManyAttempts(exhausted)
    }
}

impl From<jsonwebtoken::errors::Error> for Error {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        Self::fault(error)
    }
}
