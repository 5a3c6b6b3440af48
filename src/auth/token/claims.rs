//! The JSON of a session token: claims and header.
//!
//! The JWT library accepts repeated member names, `crit`, and a missing issuer or audience. So the service uses the
//! library only for signatures, and parses the JSON with these types.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use crate::types::strict_json;

/// The claims of an issued token (RFC 9068 §2.2). Times are seconds since 1970.
#[derive(Serialize)]
pub(super) struct IssuedClaims<'a> {
    pub(super) iss: &'a str,
    pub(super) aud: &'a str,
    /// The user's id. Anonymous sessions have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sub: Option<String>,
    pub(super) sid: String,
    pub(super) jti: String,
    pub(super) iat: i64,
    pub(super) exp: i64,
    /// When the session ends, even if its token is renewed. Without this claim, the session ends at `exp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session_exp: Option<i64>,
    /// When the session began. Without this claim, it began at `auth_time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session_iat: Option<i64>,
    #[serde(rename = "gen")]
    pub(super) generation: String,
    /// When the user authenticated. At a provider, this can be long before the session began, or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) amr: Option<Vec<&'a str>>,
    /// The provider at which the user authenticated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) idp: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) roles: Vec<&'a str>,
    /// The version of the roles. Without this claim, it is zero: the roles never changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) roles_version: Option<i64>,
}

/// The claims of a presented token. Unknown claims are ignored. Optional claims must not be `null`.
#[derive(Deserialize)]
pub(super) struct Claims<'a> {
    #[serde(borrow)]
    pub(super) iss: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) aud: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) sub: Option<&'a str>,
    pub(super) sid: &'a str,
    #[serde(rename = "jti")]
    _jti: &'a str,
    pub(super) iat: i64,
    pub(super) exp: i64,
    #[serde(default, deserialize_with = "present")]
    pub(super) nbf: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    pub(super) session_exp: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    pub(super) session_iat: Option<i64>,
    /// The database generation. Tokens of versions before 0.1.0 do not have this claim.
    #[serde(borrow, rename = "gen", default, deserialize_with = "present")]
    pub(super) generation: Option<&'a str>,
    #[serde(default, deserialize_with = "present")]
    pub(super) auth_time: Option<i64>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) amr: Option<Vec<&'a str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) idp: Option<&'a str>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) roles: Option<Vec<&'a str>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) roles_version: Option<i64>,
}

impl<'a> Claims<'a> {
    pub(super) fn parse(payload: &'a [u8]) -> Option<Self> {
        strict_json::read(payload).ok()
    }
}

/// The header members that the service reads. It ignores `jku`, `jwk`, `x5u` and `x5c`, because a token must not supply
/// its own key (RFC 8725 §3.10).
#[derive(Deserialize)]
pub(super) struct Header<'a> {
    #[serde(borrow)]
    pub(super) alg: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) typ: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) kid: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    b64: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    zip: Option<IgnoredAny>,
}

impl<'a> Header<'a> {
    /// Parses a header. Rejects `crit` (RFC 7515 §4.1.11), `b64` and `zip`, because no extension is supported.
    pub(super) fn parse(header: &'a [u8]) -> Option<Self> {
        let header: Self = strict_json::read(header).ok()?;
        let plain = header.crit.is_none() && header.b64.is_none() && header.zip.is_none();
        plain.then_some(header)
    }
}

/// Deserializes an optional member. Rejects `null`, which serde by default treats like a missing member.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUIRED: &str = r#""sid":"a","jti":"b","iat":1,"exp":2"#;

    fn accepts(members: &str) -> bool {
        Claims::parse(format!("{{{members}}}").as_bytes()).is_some()
    }

    #[test]
    fn repeated_claims_are_rejected_at_any_depth() {
        for others in [
            "",
            r#","iss":"https://a.example:1/","aud":"::::""#,
            r#","iss":"\u003a\u003a\u003a""#,
            r#","sub":"1","nbf":1,"session_exp":1,"gen":"c","auth_time":1,"amr":["pwd"]"#,
        ] {
            let claims = format!("{REQUIRED}{others}");
            assert!(accepts(&claims), "{claims}");
            assert!(accepts(&format!(r#"{claims},"x":1"#)), "{claims}");
            for repeated in [r#","x":1,"x":1"#, r#","exp":2"#, r#","e\u0078p":2"#, r#","x":{"y":1,"y":1}"#] {
                assert!(!accepts(&format!("{claims}{repeated}")), "{claims}{repeated}");
            }
        }
    }
}
