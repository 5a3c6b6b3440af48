//! What a passed check found.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};

use super::problem::duration;
use super::unverified::Unverified;
use crate::auth::token::check::Check;
use crate::auth::token::keys::Key;
use crate::auth::token::tokens::Tokens;

/// What the sentences are about.
pub(super) struct Sentences<'a> {
    pub(super) tokens: &'a Tokens,
    pub(super) token: &'a Unverified,
    pub(super) now: DateTime<Utc>,
}

impl Sentences<'_> {
    pub(super) fn passed(&self, check: Check) -> String {
        let header = |name| self.token.header_member(name).unwrap_or_default();
        let claim = |name| self.token.claim(name).unwrap_or_default();
        match check {
            Check::Form => "The token has three parts: header, payload and signature.".to_owned(),
            Check::Header => "The header is a JSON object without extensions.".to_owned(),
            Check::Algorithm => format!("`alg` is {}, which a key of this service uses.", header("alg")),
            Check::Key => format!("`kid` is {}, a key of this service.", header("kid")),
            Check::Type => format!("`typ` is {}, the type of a session token.", header("typ")),
            Check::Signature => "The signature is valid, so the token is unchanged.".to_owned(),
            Check::Claims => "The payload has the claims of a session token, each one once.".to_owned(),
            Check::Issuer => format!("`iss` is {}, this service.", claim("iss")),
            Check::Audience => format!("`aud` is {}, this service.", claim("aud")),
            Check::Session => {
                format!("`sid` is {}, and the other claims of the session have the right form.", claim("sid"))
            }
            Check::NotBefore => "`iat` and `nbf` are not in the future.".to_owned(),
            Check::Expiry => self.token.time("exp").map_or("The token has not expired.".to_owned(), |at| {
                format!("The token expires in {}, at {}.", duration(at - self.now), iso_8601(at))
            }),
            Check::Revocation => "The session is active.".to_owned(),
            Check::Roles => "The roles are the current ones.".to_owned(),
        }
    }

    /// Returns the algorithms of the keys.
    pub(super) fn algorithms(&self) -> String {
        let names: BTreeSet<_> = self.tokens.keys().iter().map(Key::algorithm_name).collect();
        names.into_iter().collect::<Vec<_>>().join(" and ")
    }
}

pub(super) fn iso_8601(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
