//! The JSON of a session token: claims and header.
//!
//! The JWT library accepts repeated member names, `crit`, and a missing issuer or audience. So it checks only
//! signatures, and these types parse the JSON.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use crate::types::strict_json;

/// The claims that we issue (RFC 9068 §2.2). Times are seconds since 1970.
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
    /// When the session ends, even if its token is renewed. Without it, the session ends at `exp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session_exp: Option<i64>,
    #[serde(rename = "gen")]
    pub(super) generation: String,
    /// When the password was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) amr: Option<[&'static str; 1]>,
}

/// The claims of a presented token. Unknown claims are ignored; optional claims must not be `null`.
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
    /// Tokens of release 0.1.0 have none.
    #[serde(borrow, rename = "gen", default, deserialize_with = "present")]
    pub(super) generation: Option<&'a str>,
    #[serde(default, deserialize_with = "present")]
    pub(super) auth_time: Option<i64>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) amr: Option<Vec<&'a str>>,
}

impl<'a> Claims<'a> {
    pub(super) fn parse(payload: &'a [u8]) -> Option<Self> {
        strict_json::read(payload).ok()
    }
}

/// The header members that matter. A token cannot bring its own key, so `jku`, `jwk`, `x5u` and `x5c` are ignored
/// (RFC 8725 §3.10).
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

/// Deserializes a member that may be missing. Unlike serde's default, `null` does not count as missing.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
