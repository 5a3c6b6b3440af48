//! Strict JSON: a repeated member name is an error, not a matter of who reads it last.
//!
//! Two readers that disagree on a repeated name are how a check and its use come apart (RFC 8259 §4,
//! RFC 7515 §4), so tokens and request bodies both pass here.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

/// Whether `text` is one JSON object, in UTF-8, whose own member names are all different.
#[must_use]
pub(crate) fn is_object_with_unique_members(text: &[u8]) -> bool {
    serde_json::from_slice::<UniqueMembers>(text).is_ok()
}

struct UniqueMembers;

impl<'de> Deserialize<'de> for UniqueMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = UniqueMembers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UniqueMembers, A::Error> {
        let mut seen: Vec<Cow<'de, str>> = Vec::with_capacity(16);
        while let Some(Name(name)) = map.next_key()? {
            seen.push(name);
            map.next_value::<IgnoredAny>()?;
        }
        // Sorting keeps a body of thousands of names cheap, and the dozen of a token cheaper than hashing.
        seen.sort_unstable();
        let repeated = seen.windows(2).any(|pair| pair[0] == pair[1]);
        if repeated { Err(A::Error::custom("a member name is repeated")) } else { Ok(UniqueMembers) }
    }
}

/// A member name, borrowed where it holds no escape; a name with one is compared unescaped.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::is_object_with_unique_members as accepts;

    #[test]
    fn repeated_names_are_refused_however_they_are_written() {
        assert!(accepts(br#"{"sub":"1","sid":{"sub":1}}"#));
        assert!(accepts(b" {} "));
        assert!(!accepts(br#"{"sub":"1","sub":"2"}"#));
        assert!(!accepts(br#"{"sub":"1","\u0073ub":"2"}"#));
    }

    #[test]
    fn anything_but_one_object_is_refused() {
        for text in [&b"[]"[..], b"null", b"1", b"\"{}\"", b"", b"{} {}", b"\xef\xbb\xbf{}", b"{\"\xff\":1}", b"{"] {
            assert!(!accepts(text), "{text:?}");
        }
    }
}
