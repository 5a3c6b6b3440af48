//! Strict JSON: a repeated member name is an error, not a matter of who reads it last.
//!
//! Two readers that disagree on a repeated name are how a check and its use come apart (RFC 8259 §4,
//! RFC 7515 §4), so tokens and request bodies both pass here. The names are looked at while the object is read: one
//! reader, one pass.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer as _, MapAccess, Visitor};
use serde_json::Error;

/// As many names are compared each with each; sorting them would take longer.
const FEW: usize = 16;

/// Reads `text` as one JSON object, in UTF-8, whose own member names are all different.
///
/// # Errors
/// When it is something else, or no `T`.
pub(crate) fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Error> {
    let text = std::str::from_utf8(text).map_err(Error::custom)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let object = T::deserialize(Object(&mut reader))?;
    reader.end()?;
    Ok(object)
}

/// Yields an object, whatever it is asked for.
struct Object<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Object<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Unique(visitor))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Shows an object to the visitor within, and then looks at the names that went by.
struct Unique<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Unique<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let mut members = Members { map, names: Vec::with_capacity(FEW) };
        let object = self.0.visit_map(&mut members)?;
        if repeated(members.names) { Err(A::Error::custom("a member name is repeated")) } else { Ok(object) }
    }
}

fn repeated(mut names: Vec<Cow<'_, str>>) -> bool {
    if names.len() <= FEW {
        return names.iter().enumerate().any(|(place, name)| names[..place].contains(name));
    }
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

/// The members of an object, whose names are remembered.
struct Members<'de, A> {
    map: A,
    names: Vec<Cow<'de, str>>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let Some(Text(name)) = self.map.next_key()? else { return Ok(None) };
        let key = match &name {
            Cow::Borrowed(name) => seed.deserialize(BorrowedStrDeserializer::new(name))?,
            Cow::Owned(name) => seed.deserialize(name.as_str().into_deserializer())?,
        };
        self.names.push(name);
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Text, borrowed where it holds no escape, also in a list; a name with one is compared unescaped.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::de::IgnoredAny;

    use super::*;

    fn accepts(text: &[u8]) -> bool {
        read::<IgnoredAny>(text).is_ok()
    }

    #[test]
    fn repeated_names_are_refused_however_they_are_written() {
        assert!(accepts(br#"{"sub":"1","sid":{"sub":1}}"#));
        assert!(accepts(b" {} "));
        assert!(!accepts(br#"{"sub":"1","sub":"2"}"#));
        assert!(!accepts(br#"{"sub":"1","\u0073ub":"2"}"#));
    }

    #[test]
    fn repeated_names_are_refused_among_however_many() {
        for number in [2, FEW, FEW + 1, 5000] {
            let names: Vec<_> = (0..number).map(|each| format!(r#""{each}":0"#)).collect();
            assert!(accepts(format!("{{{}}}", names.join(",")).as_bytes()), "{number}");
            assert!(!accepts(format!(r#"{{{},"0":1}}"#, names[..number - 1].join(",")).as_bytes()), "{number}");
        }
    }

    #[test]
    fn anything_but_one_object_is_refused() {
        for text in [&b"[]"[..], b"null", b"1", b"\"{}\"", b"", b"{} {}", b"\xef\xbb\xbf{}", b"{\"\xff\":1}", b"{"] {
            assert!(!accepts(text), "{text:?}");
        }
    }

    #[test]
    fn what_it_is_read_into_sees_every_member() {
        let read: HashMap<String, u8> = read(br#"{"a":1,"\u0062":2}"#).unwrap();
        assert_eq!(read, HashMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]));
    }

    #[test]
    fn a_list_is_no_object_also_for_what_could_be_read_from_one() {
        #[derive(Debug, Deserialize)]
        struct One {
            #[expect(dead_code, reason = "only whether it can be read counts")]
            a: u8,
        }
        assert!(read::<One>(br#"{"a":1}"#).is_ok());
        assert!(read::<One>(b"[1]").is_err());
        assert!(read::<One>(br#"{"a":1,"x":0,"x":0}"#).is_err(), "names that nobody asked for count too");
    }
}
