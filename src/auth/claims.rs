//! What a session token says, read strictly.
//!
//! A token is parsed by hand around the library's signature check, because the library's `decode`
//! lets through what the standards refuse: repeated member names, `crit`, and a missing issuer or
//! audience. The two parsers below are the only readers of a token's JSON.

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::keys::Kind;
use crate::strict_json::{self, Text};

/// The claims of a session token, as they stand in its payload (RFC 9068 §2.2, as far as HS256
/// goes). Times are NumericDate: whole seconds since 1970.
#[derive(Debug, Deserialize, Serialize)]
pub struct Claims<'a> {
    /// Issuer.
    #[serde(borrow, default)]
    pub iss: Option<Cow<'a, str>>,
    /// Audience.
    #[serde(borrow, default)]
    pub aud: Option<Audience<'a>>,
    /// The user's id, as text; none in the token of an anonymous visitor.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none", deserialize_with = "text")]
    pub sub: Option<Cow<'a, str>>,
    /// The session's id.
    #[serde(borrow)]
    pub sid: Cow<'a, str>,
    /// This token's own id.
    #[serde(borrow)]
    pub jti: Cow<'a, str>,
    /// Issued at.
    pub iat: i64,
    /// Expires at: refused from this second on.
    pub exp: i64,
    /// Not valid before.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    pub nbf: Option<i64>,
    /// When the session ends at the latest, however often its token is renewed; without it, at `exp`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    pub session_exp: Option<i64>,
    /// When the password was given.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    pub auth_time: Option<i64>,
    /// How the user proved who they are (RFC 8176).
    #[serde(borrow, default, skip_serializing_if = "Option::is_none", deserialize_with = "texts")]
    pub amr: Option<Vec<Cow<'a, str>>>,
}

impl<'a> Claims<'a> {
    /// Reads a payload: one JSON object without repeated member names; unknown members are ignored.
    pub(super) fn parse(payload: &'a [u8]) -> Option<Self> {
        strict_json::read(payload).ok()
    }
}

/// `aud`: one name or several (RFC 7519 §4.1.3).
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Audience<'a> {
    /// A single recipient.
    One(Cow<'a, str>),
    /// Several recipients.
    Many(Vec<Cow<'a, str>>),
}

impl Audience<'_> {
    /// Whether `name` is among the recipients.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|each| each == name),
        }
    }
}

// By hand, because what serde derives for an untagged enum copies every text before it looks at it.
impl<'de: 'a, 'a> Deserialize<'de> for Audience<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Audience<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Audience<'de>, E> {
                Ok(Audience::One(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Audience<'de>, E> {
                Ok(Audience::One(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Audience<'de>, A::Error> {
                let mut many = Vec::new();
                while let Some(Text(text)) = list.next_element()? {
                    many.push(text);
                }
                Ok(Audience::Many(many))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

/// The members of a token's header that decide anything. `jku`, `jwk`, `x5u` and `x5c` are not among
/// them: a key never comes with the token (RFC 8725 §3.10).
#[derive(Debug, Deserialize)]
pub(super) struct Header<'a> {
    #[serde(borrow)]
    pub(super) alg: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) typ: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) kid: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
    #[serde(default, deserialize_with = "present")]
    b64: bool,
    #[serde(default, deserialize_with = "present")]
    zip: bool,
}

impl<'a> Header<'a> {
    /// Reads a header; one that asks for an extension (`crit`, RFC 7515 §4.1.11), for an unencoded
    /// payload (`b64`) or for decompression (`zip`) is refused, for we have none of them.
    pub(super) fn parse(header: &'a [u8]) -> Option<Self> {
        let header: Self = strict_json::read(header).ok()?;
        (!header.crit && !header.b64 && !header.zip).then_some(header)
    }

    /// Which kind of session token `typ` names, if it names one.
    pub(super) fn kind(&self) -> Option<Kind> {
        Kind::of(self.typ.as_deref()?)
    }
}

/// Whether the member is there at all, whatever its value, also null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Text that may be missing, but not null.
fn text<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'a, str>>, D::Error> {
    Text::deserialize(deserializer).map(|Text(text)| Some(text))
}

/// A list of texts that may be missing, but not null.
fn texts<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Cow<'a, str>>>, D::Error> {
    let texts: Vec<Text<'a>> = Vec::deserialize(deserializer)?;
    Ok(Some(texts.into_iter().map(|Text(text)| text).collect()))
}

/// A time that may be missing, but not null.
fn not_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    i64::deserialize(deserializer).map(Some)
}
