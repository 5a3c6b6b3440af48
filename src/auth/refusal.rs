//! Why a session token was not accepted: every reason has a name, and only one.
//!
//! What is told before the signature holds speaks of the token's form alone, never of our state.

use chrono::{DateTime, SecondsFormat, Utc};
use thiserror::Error;

use super::reason::Reason;

/// The reason a request carries no session. Each is a `401` with the code of the same name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// No token was sent (RFC 6750 §3.1: the challenge then names no error).
    #[error("This route needs a session token, in the Authorization header or in the session cookie.")]
    NoToken,
    /// Not a compact JWS of ours: wrong number of parts, alphabet, size, JSON or claim types.
    #[error("The token is not a well-formed session token.")]
    MalformedToken,
    /// The header's `kid` names no key of the ring.
    #[error("The token names a key that is not, or no longer, in use here.")]
    UnknownKey,
    /// The header's `alg` is not the algorithm of its key.
    #[error("The token's algorithm is not the one its key is used with.")]
    WrongAlgorithm,
    /// The signature is not ours, or the token was changed after it was signed.
    #[error("The token's signature does not match its content.")]
    BadSignature,
    /// `typ` is not `at+jwt` (RFC 8725 §3.11).
    #[error("The token is signed, but it is not a session token.")]
    WrongType,
    /// `iss` is missing or not ours.
    #[error("The token was issued by someone else.")]
    WrongIssuer,
    /// `aud` is missing or does not name us.
    #[error("The token is meant for another service.")]
    WrongAudience,
    /// `nbf` or `iat` lies in the future.
    #[error("The token is from the future: check the clocks.")]
    NotYetValid,
    /// The moment of `exp`, leeway included, has passed.
    #[error("The token expired at {}.", at.to_rfc3339_opts(SecondsFormat::Secs, true))]
    Expired {
        /// The token's `exp`.
        at: DateTime<Utc>,
    },
    /// The session ended before its time.
    #[error("{0}")]
    Revoked(Reason),
    /// The session is good, but an anonymous visitor's.
    #[error("This route needs the session of a user; this one is anonymous.")]
    Anonymous,
}

impl Refusal {
    /// The stable name of the reason, as it stands in a problem's `code`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
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

    /// Whether the token will be good nowhere and never, and its holder was given no other for it: then a browser
    /// need not keep it. A late answer must not take away the cookie that came after.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::NotYetValid | Self::UnknownKey | Self::Anonymous | Self::Revoked(Reason::Replaced))
    }
}
