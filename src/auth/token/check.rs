//! The checks of a session token.

/// A check of a session token. The server does the checks in this order, and stops at the first one that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The token has three parts of the base64url alphabet.
    Form,
    Header,
    Algorithm,
    Key,
    Type,
    Signature,
    /// The payload is a JSON object with the claims of a session token.
    Claims,
    Issuer,
    Audience,
    /// The claims that name the session.
    Session,
    NotBefore,
    Expiry,
    Revocation,
    /// The roles in the token are those that are in force. If they are not, the token is still accepted.
    Roles,
}

impl Check {
    /// Every check, in order.
    pub const ALL: [Self; 14] = [
        Self::Form,
        Self::Header,
        Self::Algorithm,
        Self::Key,
        Self::Type,
        Self::Signature,
        Self::Claims,
        Self::Issuer,
        Self::Audience,
        Self::Session,
        Self::NotBefore,
        Self::Expiry,
        Self::Revocation,
        Self::Roles,
    ];

    /// Returns the name of the check, for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Header => "header",
            Self::Algorithm => "alg",
            Self::Key => "kid",
            Self::Type => "typ",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::Issuer => "iss",
            Self::Audience => "aud",
            Self::Session => "session",
            Self::NotBefore => "nbf",
            Self::Expiry => "exp",
            Self::Revocation => "revoked",
            Self::Roles => "roles",
        }
    }

    /// Returns the section of the standard that asks for the check.
    #[must_use]
    pub fn reference(self) -> &'static str {
        match self {
            Self::Form => "RFC 7515 §7.1",
            Self::Header => "RFC 7515 §5.2",
            Self::Algorithm => "RFC 8725 §3.1",
            Self::Key => "RFC 7515 §4.1.4",
            Self::Type => "RFC 8725 §3.11",
            Self::Signature => "RFC 8725 §3.3",
            Self::Claims => "RFC 7519 §7.2",
            Self::Issuer => "RFC 7519 §4.1.1",
            Self::Audience => "RFC 7519 §4.1.3",
            Self::Session => "RFC 9068 §2.2",
            Self::NotBefore => "RFC 7519 §4.1.5",
            Self::Expiry => "RFC 7519 §4.1.4",
            Self::Revocation => "RFC 7009 §2.2",
            Self::Roles => "RFC 9068 §2.2.3.1",
        }
    }
}
