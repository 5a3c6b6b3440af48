//! Why a session token was rejected.
//!
//! A reason that is found before the signature check depends only on the token and the key ring, never on stored data.

use chrono::{DateTime, SecondsFormat, Utc};
use thiserror::Error;

use crate::auth::revocation::reason::Reason;

/// Why a request has no valid session. Each reason is a `401` with its own code.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// No token was sent. `WWW-Authenticate` then has no `error` (RFC 6750 §3.1).
    #[error("Sign in first. This route needs a session token, in the Authorization header or in the session cookie.")]
    NoToken,
    /// A request to the forward authentication route has several tokens. This route never responds with `400`.
    #[error("Send only one session token.")]
    AmbiguousToken,
    /// The number of parts, the characters, the size, the JSON or the types of the claims are wrong.
    #[error("The token does not have the format of a session token. Send the complete token.")]
    MalformedToken,
    /// The key ring has no key with this `kid`.
    #[error("The token was signed with an unknown or removed key. Sign in again.")]
    UnknownKey,
    #[error("The token's algorithm does not match its key. Sign in again.")]
    WrongAlgorithm,
    #[error("The token's signature is wrong. The token was changed, or signed with another key. Sign in again.")]
    BadSignature,
    /// `typ` is not the type of a session token (RFC 8725 §3.11).
    #[error("The token is not a session token. Sign in to get one.")]
    WrongType,
    #[error("The token was issued by another service. Sign in to this service.")]
    WrongIssuer,
    #[error("The token was issued for another service. Sign in to this service.")]
    WrongAudience,
    /// `nbf` or `iat` is in the future.
    #[error("The token is not valid yet. Check that the server clocks agree.")]
    NotYetValid,
    #[error("The token expired at {}. {}", at.to_rfc3339_opts(SecondsFormat::Secs, true), after_expiry(*renewable))]
    Expired {
        /// The token's `exp`.
        at: DateTime<Utc>,
        /// Whether the session continues, and the token can be renewed.
        renewable: bool,
    },
    #[error("{0}")]
    Revoked(Reason),
    /// The session is valid, but anonymous.
    #[error("The session is anonymous, but this route needs a user's session. Sign in first.")]
    Anonymous,
}

/// Returns what a client can do with an expired token.
fn after_expiry(renewable: bool) -> &'static str {
    if renewable { "Renew it with `POST /api/sessions/current/renew`." } else { "Sign in again." }
}

impl Refusal {
    /// Returns the `code` of the problem document.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::AmbiguousToken => "ambiguous_token",
            Self::MalformedToken => "malformed_token",
            Self::UnknownKey => "unknown_key",
            Self::WrongAlgorithm => "wrong_algorithm",
            Self::BadSignature => "bad_signature",
            Self::WrongType => "wrong_type",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired { .. } => "expired",
            Self::Revoked(_) => "revoked",
            Self::Anonymous => "anonymous",
        }
    }

    /// Returns every code.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        let refusals = [
            Self::NoToken,
            Self::AmbiguousToken,
            Self::MalformedToken,
            Self::UnknownKey,
            Self::WrongAlgorithm,
            Self::BadSignature,
            Self::WrongType,
            Self::WrongIssuer,
            Self::WrongAudience,
            Self::NotYetValid,
            Self::Expired { at: DateTime::UNIX_EPOCH, renewable: false },
            Self::Revoked(Reason::SignOut),
            Self::Anonymous,
        ];
        refusals.into_iter().map(|refusal| refusal.code())
    }

    /// Returns whether the token will never be valid again. The response then clears the session cookie.
    ///
    /// Returns `false` for a token that can be renewed. Also returns `false` for a replaced session, because a late
    /// response must not clear the new session's cookie.
    pub fn is_final(&self) -> bool {
        !matches!(
            self,
            Self::AmbiguousToken
                | Self::NotYetValid
                | Self::UnknownKey
                | Self::Anonymous
                | Self::Expired { renewable: true, .. }
                | Self::Revoked(Reason::Replaced)
        )
    }
}
