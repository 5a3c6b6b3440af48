//! Request errors. Each error has a status, a stable code and a text for the client.
//!
//! `views::problem` turns an error into a response. The cause of an error is logged once, with the request id. It is
//! never sent to the client.

use std::time::Duration;

use axum::http::StatusCode;
use sea_orm::DbErr;
use thiserror::Error;
use tokio::time::error::Elapsed;

use crate::auth::password::hasher::HashError;
use crate::auth::rate_limit::{Allowance, NotAdmitted};
use crate::auth::token::refusal::Refusal;
use crate::oidc::{OidcError, Step};
use crate::platform::database::{Failure, FileLost, WriteError};
use crate::types::limits::{MAX_BODY_BYTES, MAX_VALUE_BYTES, MAX_VARIABLES};
use crate::types::version::VersionMismatch;
use crate::types::{FieldError, ValidationError};

/// Why a request failed.
#[derive(Debug, Error)]
pub enum Error {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The user is unknown or disabled, or the password is wrong. The response does not reveal which.
    #[error("The username or the password is wrong.")]
    BadCredentials,
    /// The request has more than one `Authorization` header or session cookie (RFC 6750 §3.1).
    #[error("The request has more than one session token. Send only one.")]
    AmbiguousToken,
    /// The body is not JSON, not UTF-8, or repeats a member name. The text says what is wrong, and where.
    #[error("The request body is not valid JSON: {0}.")]
    MalformedJson(String),
    /// The cursor is malformed, or belongs to another list or order.
    #[error("The cursor does not belong to this list. Start again without a cursor.")]
    BadCursor,
    /// The `Host` header is missing, repeated or not valid (RFC 9112 §3.2).
    #[error("The `Host` header is missing, repeated or invalid. Send one `Host` header.")]
    BadHost,
    /// A page of another origin uses a session cookie.
    #[error("A session cookie works only for pages of the same origin. Send the token in `Authorization` instead.")]
    CrossSite,
    #[error("The current password is wrong.")]
    WrongPassword,
    /// The user has no password, and last signed in too long ago to confirm a change.
    #[error("Sign in again, and repeat this within five minutes.")]
    SignInTooOld,
    /// The route or the row does not exist, or the row belongs to another user.
    #[error("Resource not found.")]
    NotFound,
    #[error("Method not allowed. See the `Allow` header.")]
    MethodNotAllowed,
    /// The method is so long that no route can have it. The router does not receive the request.
    #[error("No route supports this method.")]
    MethodNotImplemented,
    #[error("The request body did not arrive in time. Try again.")]
    BodyTimeout,
    #[error("Sign-up is closed. Ask the operator of this service for an account.")]
    SignUpClosed,
    #[error("Sign-up needs an invitation. Ask the operator of this service for a link.")]
    InvitationRequired,
    /// No invitation has this code, or it was revoked.
    #[error("The invitation is not valid. Ask the operator of this service for another one.")]
    InvitationInvalid,
    #[error("The invitation was already used. Ask the operator of this service for another one.")]
    InvitationUsedUp,
    #[error("The invitation has expired. Ask the operator of this service for another one.")]
    InvitationExpired,
    /// The user has none of the roles that the request needs.
    #[error("Your account does not have a role that this request needs. Ask the operator of this service.")]
    MissingRole,
    /// Another user has this username, or one that looks like it.
    #[error("Username is already taken.")]
    UsernameTaken,
    /// Another user has verified this address.
    #[error("Another account already uses this e-mail address.")]
    EmailTaken,
    /// No code has this text, or it was used, has expired or is no longer valid.
    #[error("The code is not valid or has expired. Request a new one.")]
    CodeInvalid,
    /// The setting `MAILER` is `none`.
    #[error("This service does not send e-mail. Ask its operator.")]
    MailDisabled,
    /// The response of a provider does not belong to a sign-in of this browser, or the sign-in expired or was completed
    /// before.
    #[error(
        "The sign-in at the provider was not started in this browser, has expired or was already completed. Start again."
    )]
    FlowInvalid,
    /// The user cancelled at the provider, or the provider rejected the request.
    #[error("The provider did not sign you in. Start again, or sign in another way.")]
    ProviderDenied,
    /// The provider does not respond, or its configuration cannot be used.
    #[error("The sign-in provider cannot be used at the moment: {} failed. Try again later.", .0.step)]
    ProviderUnavailable(#[source] OidcError),
    /// The response of the provider is not valid.
    #[error("The sign-in provider sent a response that cannot be used: {} failed. Ask the operator of this service.", .0.step)]
    ProviderFailed(#[source] OidcError),
    /// The account of the identity cannot be used.
    #[error("No account can be used with this identity. Ask the operator of this service.")]
    IdentityNotLinked,
    /// The identity belongs to another account, or the account has another identity at this provider.
    #[error("This account, or another one, already has an identity at this provider. Remove it first.")]
    IdentityTaken,
    /// The user has neither a password nor another identity.
    #[error("This is your only way to sign in. Set a password first.")]
    LastWayIn,
    #[error("`return_to` must be a path of this service, or an address whose origin the operator allows.")]
    ReturnToNotAllowed,
    #[error("The logout token is not valid.")]
    LogoutTokenInvalid(#[source] OidcError),
    /// The value is not an integer, or the incremented value would not fit into 64 bits.
    #[error("The variable cannot be incremented. It is not an integer, or the result does not fit into 64 bits.")]
    NotANumber,
    /// The user owns the maximum number of rows.
    #[error("You have the maximum number of items or logs. Delete some and try again.")]
    QuotaExceeded,
    /// The current version does not meet the condition in `If-Match` or `If-None-Match`.
    #[error("The resource has changed since it was read. Read it again and retry.")]
    PreconditionFailed,
    #[error("The request body is too large. Send at most {} KiB.", MAX_BODY_BYTES / 1024)]
    TooLarge,
    #[error("The value is too large. A variable can have at most {} KiB of JSON.", MAX_VALUE_BYTES / 1024)]
    VariableTooLarge,
    /// The variables of a session together exceed the limit of the store.
    #[error("The variables of this session are too large in total. Delete some and try again.")]
    VariablesTooLarge,
    #[error("The content type must be `application/json`.")]
    UnsupportedMediaType,
    #[error("Compressed bodies are not accepted. Send the body without `Content-Encoding`.")]
    UnsupportedEncoding,
    #[error("Some fields are invalid. `errors` lists them.")]
    Invalid(Vec<FieldError>),
    #[error("A session can have at most {} variables. Delete some and try again.", MAX_VARIABLES)]
    TooManyVariables,
    #[error("The request has too many header fields. Send at most 100.")]
    TooManyFields,
    #[error("Too many attempts. Try again later.")]
    TooManyAttempts(Allowance),
    /// A queue is full, or the request waited too long in a queue.
    #[error("The service is busy. Try again shortly.")]
    Busy,
    /// Too many rejected sign-ins from one network are pending, so the result of this one is withheld. The attempt
    /// counts as failed.
    #[error("The service is busy. Try again shortly.")]
    Withheld,
    /// The revocations are not loaded yet, or too old.
    #[error("The service cannot verify sessions at the moment. Try again shortly.")]
    NotReady,
    #[error("The service is stopping. Use another replica.")]
    Stopping,
    /// The database or the store of session data does not respond, or fails.
    #[error("The service is temporarily unavailable. Try again shortly.")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database connection was lost during the commit.
    #[error("The change may or may not have been saved. Read the resource before you retry.")]
    OutcomeUnknown(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("The request took too long and was stopped. Try again later.")]
    DeadlineExceeded,
    #[error("Something went wrong on the server. Try again later.")]
    Fault(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Returns the status, and the stable code for programs. `docs/errors` has a page for each code.
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Refused(refusal) => (StatusCode::UNAUTHORIZED, refusal.code()),
            Self::BadCredentials => (StatusCode::UNAUTHORIZED, "bad_credentials"),
            Self::AmbiguousToken => (StatusCode::BAD_REQUEST, "ambiguous_token"),
            Self::MalformedJson(_) => (StatusCode::BAD_REQUEST, "malformed_json"),
            Self::BadCursor => (StatusCode::BAD_REQUEST, "bad_cursor"),
            Self::BadHost => (StatusCode::BAD_REQUEST, "bad_host"),
            Self::CrossSite => (StatusCode::FORBIDDEN, "cross_site"),
            Self::WrongPassword => (StatusCode::FORBIDDEN, "wrong_password"),
            Self::SignInTooOld => (StatusCode::FORBIDDEN, "sign_in_too_old"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::MethodNotImplemented => (StatusCode::NOT_IMPLEMENTED, "method_not_implemented"),
            Self::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, "body_timeout"),
            Self::SignUpClosed => (StatusCode::FORBIDDEN, "sign_up_closed"),
            Self::InvitationRequired => (StatusCode::FORBIDDEN, "invitation_required"),
            Self::InvitationInvalid => (StatusCode::FORBIDDEN, "invitation_invalid"),
            Self::InvitationUsedUp => (StatusCode::FORBIDDEN, "invitation_used_up"),
            Self::InvitationExpired => (StatusCode::FORBIDDEN, "invitation_expired"),
            Self::MissingRole => (StatusCode::FORBIDDEN, "missing_role"),
            Self::UsernameTaken => (StatusCode::CONFLICT, "username_taken"),
            Self::EmailTaken => (StatusCode::CONFLICT, "email_taken"),
            Self::CodeInvalid => (StatusCode::FORBIDDEN, "code_invalid"),
            Self::MailDisabled => (StatusCode::FORBIDDEN, "mail_disabled"),
            Self::FlowInvalid => (StatusCode::BAD_REQUEST, "flow_invalid"),
            Self::ProviderDenied => (StatusCode::FORBIDDEN, "provider_denied"),
            Self::ProviderUnavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "provider_unavailable"),
            Self::ProviderFailed(_) => (StatusCode::BAD_GATEWAY, "provider_failed"),
            Self::IdentityNotLinked => (StatusCode::FORBIDDEN, "identity_not_linked"),
            Self::IdentityTaken => (StatusCode::CONFLICT, "identity_taken"),
            Self::LastWayIn => (StatusCode::CONFLICT, "last_way_in"),
            Self::ReturnToNotAllowed => (StatusCode::UNPROCESSABLE_ENTITY, "return_to_not_allowed"),
            Self::LogoutTokenInvalid(_) => (StatusCode::BAD_REQUEST, "logout_token_invalid"),
            Self::NotANumber => (StatusCode::CONFLICT, "not_a_number"),
            Self::QuotaExceeded => (StatusCode::CONFLICT, "quota_exceeded"),
            Self::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "precondition_failed"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::VariableTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "variable_too_large"),
            Self::VariablesTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "variables_too_large"),
            Self::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
            Self::UnsupportedEncoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding"),
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_fields"),
            Self::TooManyVariables => (StatusCode::UNPROCESSABLE_ENTITY, "too_many_variables"),
            Self::TooManyFields => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "too_many_fields"),
            Self::TooManyAttempts(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts"),
            Self::Busy | Self::Withheld => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::NotReady | Self::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::OutcomeUnknown(_) => (StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown"),
            Self::DeadlineExceeded => (StatusCode::SERVICE_UNAVAILABLE, "deadline_exceeded"),
            Self::Fault(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
        }
    }

    pub fn status(&self) -> StatusCode {
        self.status_and_code().0
    }

    pub fn code(&self) -> &'static str {
        self.status_and_code().1
    }

    /// Returns how long a client should wait before it tries again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts(allowance) => Some(allowance.next),
            _ => (self.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(Duration::from_secs(1)),
        }
    }

    /// Returns the cause for the log. The text of the error itself is for clients.
    #[must_use]
    pub fn cause(&self) -> String {
        std::error::Error::source(self).map_or_else(|| self.to_string(), ToString::to_string)
    }

    /// Creates the error for one invalid field.
    pub fn invalid(pointer: impl Into<String>, error: ValidationError) -> Self {
        Self::Invalid(vec![FieldError { pointer: pointer.into(), error }])
    }

    /// Wraps an unexpected error.
    pub fn fault(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Fault(cause.into())
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match error {
            // Another request deleted the row between the read and the update.
            DbErr::RecordNotUpdated => Self::NotFound,
            error if Failure::of(&error).is_temporary() => Self::Unavailable(error.into()),
            error => Self::fault(error),
        }
    }
}

impl From<OidcError> for Error {
    fn from(error: OidcError) -> Self {
        // Without the provider's configuration, nothing can be asked of it.
        if error.is_temporary || error.step == Step::Discovery {
            Self::ProviderUnavailable(error)
        } else {
            Self::ProviderFailed(error)
        }
    }
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Busy => Self::Busy,
            WriteError::FileLost(lost) => Self::Unavailable(lost.into()),
            WriteError::OutcomeUnknown(cause) => Self::OutcomeUnknown(cause.into()),
            WriteError::Database(cause) => cause.into(),
        }
    }
}

impl From<FileLost> for Error {
    fn from(lost: FileLost) -> Self {
        Self::Unavailable(lost.into())
    }
}

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Withheld => Self::Withheld,
            HashError::Fault(_) => Self::fault(error),
        }
    }
}

/// A request waited too long for another request to fill a cache.
impl From<Elapsed> for Error {
    fn from(_: Elapsed) -> Self {
        Self::Busy
    }
}

impl From<NotAdmitted> for Error {
    fn from(refused: NotAdmitted) -> Self {
        match refused {
            NotAdmitted::Exhausted(allowance) => Self::TooManyAttempts(allowance),
            NotAdmitted::Busy => Self::Busy,
        }
    }
}

impl From<VersionMismatch> for Error {
    fn from(_: VersionMismatch) -> Self {
        Self::PreconditionFailed
    }
}

impl From<jsonwebtoken::errors::Error> for Error {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        Self::fault(error)
    }
}
