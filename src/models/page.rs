//! Keyset pagination: a page starts after the last row of the previous page.
//!
//! With an offset, rows would be skipped or repeated if rows are inserted or deleted between two requests. The cursor
//! is opaque to clients and contains only the position of the last row.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::Select;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::LikeExpr;
use serde::{Deserialize, Serialize};

use super::owned::{Owned, Values};
use crate::error::Error;

/// The properties of a list of rows.
#[derive(Clone, Copy, Debug)]
pub struct Listing {
    /// The name of the list. Each cursor contains it, because a cursor is valid for one list only.
    pub name: &'static str,
    /// The name of the text by which rows are sorted and searched.
    pub text: &'static str,
    /// The allowed values of the `sort` parameter, for error messages.
    pub orders: &'static str,
}

impl Listing {
    /// Parses the `sort` parameter.
    #[must_use]
    pub fn sort(&self, word: &str) -> Option<Sort> {
        match word {
            "createdAt" => Some(Sort::Oldest),
            "-createdAt" => Some(Sort::Newest),
            _ if word == self.text => Some(Sort::Text),
            _ if word.strip_prefix('-') == Some(self.text) => Some(Sort::TextReversed),
            _ => None,
        }
    }
}

/// The order of a list. Rows with the same key are ordered by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sort {
    #[default]
    #[serde(rename = "age")]
    Oldest,
    #[serde(rename = "-age")]
    Newest,
    /// By the text of the rows, case-insensitive.
    #[serde(rename = "text")]
    Text,
    #[serde(rename = "-text")]
    TextReversed,
}

/// The sort key of the last row of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// The creation time of the row, in milliseconds since 1970.
    Moment(i64),
    /// The [`text_key`](crate::types::text_key::text_key) of the row.
    Text(String),
}

impl From<Key> for Value {
    fn from(key: Key) -> Self {
        match key {
            Key::Moment(millis) => millis.into(),
            Key::Text(text) => text.into(),
        }
    }
}

/// The position of the last row of a page, in one order of one list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    #[serde(rename = "l")]
    pub listing: Cow<'static, str>,
    #[serde(rename = "s")]
    pub sort: Sort,
    #[serde(rename = "k")]
    pub key: Key,
    #[serde(rename = "i")]
    pub id: i64,
}

impl Cursor {
    /// Returns the text that a client sends to get the next page.
    #[must_use]
    pub fn encode(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(json)
    }

    /// Parses a cursor. Returns `None` if the cursor is not valid for this list and order.
    #[must_use]
    pub fn decode(text: &str, listing: &Listing, sort: Sort) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let cursor: Self = serde_json::from_slice(&json).ok()?;
        let by_text = matches!(cursor.sort, Sort::Text | Sort::TextReversed);
        let fits =
            (&*cursor.listing, cursor.sort) == (listing.name, sort) && by_text == matches!(cursor.key, Key::Text(_));
        let storable = !matches!(&cursor.key, Key::Text(text) if text.contains('\0'));
        (fits && storable).then_some(cursor)
    }
}

/// A client's request for a page.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// The maximum number of rows, 1 to [`MAX_PAGE_LIMIT`](crate::types::limits::MAX_PAGE_LIMIT).
    pub limit: u64,
    pub sort: Sort,
    /// The cursor of the previous page.
    pub after: Option<Cursor>,
    /// If set, only rows whose text key contains this key are returned.
    pub containing: Option<String>,
}

/// Returns a page of these rows, and the cursor of the next page if there is one.
pub async fn find<E: Owned>(
    db: &impl ConnectionTrait,
    rows: Select<E>,
    request: &PageRequest,
) -> Result<(Vec<E::Model>, Option<Cursor>), Error> {
    let (by_text, descending) = match request.sort {
        Sort::Oldest => (false, false),
        Sort::Newest => (false, true),
        Sort::Text => (true, false),
        Sort::TextReversed => (true, true),
    };
    let rows = match &request.containing {
        Some(key) => rows.filter(E::COLUMNS.text.like(containing(key))),
        None => rows,
    };
    let mut query = rows.cursor_by((if by_text { E::COLUMNS.text } else { E::COLUMNS.created_at }, E::COLUMNS.id));
    query.first(request.limit + 1);
    if descending {
        query.desc();
    }
    if let Some(Cursor { key, id, .. }) = &request.after {
        query.after((key.clone(), *id));
    }
    let mut rows = query.all(db).await?;
    let more = rows.len() as u64 > request.limit;
    rows.truncate(usize::try_from(request.limit).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| more).map(|last| {
        let Values { id, created_at, text, .. } = E::values(last);
        let key = if by_text { Key::Text(text.to_owned()) } else { Key::Moment(created_at.timestamp_millis()) };
        Cursor { listing: E::LISTING.name.into(), sort: request.sort, key, id }
    });
    Ok((rows, next))
}

/// Returns a `LIKE` pattern for keys that contain `key`, with the wildcards in `key` escaped.
fn containing(key: &str) -> LikeExpr {
    let mut pattern = String::from("%");
    for char in key.chars() {
        if matches!(char, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(char);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape('!')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::models::{item, workout_log};

    const ITEMS: Listing = item::Entity::LISTING;

    fn cursors() -> impl Strategy<Value = Cursor> {
        let by_age = (prop_oneof![Just(Sort::Oldest), Just(Sort::Newest)], any::<i64>().prop_map(Key::Moment));
        let texts = "[^\0]{0,40}".prop_map(Key::Text);
        let by_text = (prop_oneof![Just(Sort::Text), Just(Sort::TextReversed)], texts);
        (prop_oneof![by_age, by_text], any::<i64>()).prop_map(|((sort, key), id)| Cursor {
            listing: ITEMS.name.into(),
            sort,
            key,
            id,
        })
    }

    proptest! {
        #[test]
        fn encoded_cursor_decodes_to_the_same_cursor(cursor in cursors()) {
            prop_assert_eq!(Cursor::decode(&cursor.encode(), &ITEMS, cursor.sort), Some(cursor));
        }

        #[test]
        fn decoding_never_panics(text in any::<String>()) {
            let _ = Cursor::decode(&text, &ITEMS, Sort::Oldest);
        }

        #[test]
        fn cursor_of_another_order_or_list_is_rejected(cursor in cursors()) {
            let other = if cursor.sort == Sort::Newest { Sort::Oldest } else { Sort::Newest };
            prop_assert_eq!(Cursor::decode(&cursor.encode(), &ITEMS, other), None);
            prop_assert_eq!(Cursor::decode(&cursor.encode(), &workout_log::Entity::LISTING, cursor.sort), None);
        }
    }
}
