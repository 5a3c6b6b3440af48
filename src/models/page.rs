//! Paging by key: a page begins after the last row of the one before.
//!
//! An offset counts rows, so it skips or repeats when rows come and go between two pages; a key does
//! not. The cursor is opaque to clients and holds nothing but the place where the page ended.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// Rows of a page unless asked otherwise.
pub const DEFAULT_LIMIT: u64 = 20;
/// The most rows a page can have.
pub const MAX_LIMIT: u64 = 100;

/// The order of a listing; the id decides between equals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sort {
    /// Oldest first.
    #[default]
    #[serde(rename = "createdAt")]
    Oldest,
    /// Newest first.
    #[serde(rename = "-createdAt")]
    Newest,
    /// By name, without regard to case.
    #[serde(rename = "name")]
    Name,
    /// By name backwards.
    #[serde(rename = "-name")]
    NameReversed,
}

impl Sort {
    /// Reads the word of the query string.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "createdAt" => Some(Self::Oldest),
            "-createdAt" => Some(Self::Newest),
            "name" => Some(Self::Name),
            "-name" => Some(Self::NameReversed),
            _ => None,
        }
    }
}

/// What the last row of a page is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// Milliseconds since 1970.
    Moment(i64),
    /// A name's key.
    Name(String),
}

/// Where a page ended: the key and the id of its last row, and the order they belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The order of the listing.
    #[serde(rename = "s")]
    pub sort: Sort,
    /// The key of the last row.
    #[serde(rename = "k")]
    pub key: Key,
    /// The id of the last row.
    #[serde(rename = "i")]
    pub id: i64,
}

impl Cursor {
    /// The text a client hands back for the next page.
    #[must_use]
    pub fn encode(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(json)
    }

    /// Reads a cursor of this order; anything else is none of ours.
    #[must_use]
    pub fn decode(text: &str, sort: Sort) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let cursor: Self = serde_json::from_slice(&json).ok()?;
        let by_name = matches!(cursor.sort, Sort::Name | Sort::NameReversed);
        let fits = cursor.sort == sort && by_name == matches!(cursor.key, Key::Name(_));
        let storable = !matches!(&cursor.key, Key::Name(name) if name.contains('\0'));
        (fits && storable).then_some(cursor)
    }
}

/// What a client asks to see of a listing.
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    /// At most this many rows, 1 to [`MAX_LIMIT`].
    pub limit: u64,
    /// The order.
    pub sort: Sort,
    /// Where the page before ended.
    pub after: Option<Cursor>,
    /// Only rows whose name's key holds this key.
    pub containing: Option<String>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cursors() -> impl Strategy<Value = Cursor> {
        let by_age = (prop_oneof![Just(Sort::Oldest), Just(Sort::Newest)], any::<i64>().prop_map(Key::Moment));
        let names = "[^\0]{0,40}".prop_map(Key::Name);
        let by_name = (prop_oneof![Just(Sort::Name), Just(Sort::NameReversed)], names);
        (prop_oneof![by_age, by_name], any::<i64>()).prop_map(|((sort, key), id)| Cursor { sort, key, id })
    }

    proptest! {
        #[test]
        fn a_cursor_survives_being_written_and_read(cursor in cursors()) {
            prop_assert_eq!(Cursor::decode(&cursor.encode(), cursor.sort), Some(cursor));
        }

        #[test]
        fn reading_anything_never_panics(text in any::<String>()) {
            let _ = Cursor::decode(&text, Sort::Oldest);
        }

        #[test]
        fn a_cursor_of_another_order_is_refused(cursor in cursors()) {
            let other = if cursor.sort == Sort::Newest { Sort::Oldest } else { Sort::Newest };
            prop_assert_eq!(Cursor::decode(&cursor.encode(), other), None);
        }
    }
}
