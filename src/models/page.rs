//! Paging by key: a page begins after the last row of the one before.
//!
//! An offset counts rows, so it skips or repeats when rows come and go between two pages; a key does
//! not. The cursor is opaque to clients and holds nothing but the place where the page ended.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::LikeExpr;
use sea_orm::{Condition, ExprTrait, Order, QueryOrder, QuerySelect, Select};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Rows of a page unless asked otherwise.
pub const DEFAULT_LIMIT: u64 = 20;
/// The most rows a page can have.
pub const MAX_LIMIT: u64 = 100;

/// What is listed: the cursor of one listing is none of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Listing {
    /// Items, by age or name.
    #[serde(rename = "items")]
    Items,
    /// Workout logs, by age or description.
    #[serde(rename = "workout-logs")]
    WorkoutLogs,
}

impl Listing {
    /// The words for its orders.
    #[must_use]
    pub fn orders(self) -> &'static str {
        match self {
            Self::Items => "createdAt, -createdAt, name or -name",
            Self::WorkoutLogs => "createdAt, -createdAt, description or -description",
        }
    }

    /// The order that is meant by a word of the query string.
    #[must_use]
    pub fn sort(self, word: &str) -> Option<Sort> {
        let text = match self {
            Self::Items => "name",
            Self::WorkoutLogs => "description",
        };
        let (field, backwards) = word.strip_prefix('-').map_or((word, false), |field| (field, true));
        match (field, backwards) {
            ("createdAt", false) => Some(Sort::Oldest),
            ("createdAt", true) => Some(Sort::Newest),
            (field, false) if field == text => Some(Sort::Text),
            (field, true) if field == text => Some(Sort::TextReversed),
            _ => None,
        }
    }
}

/// The order of a listing; the id decides between equals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sort {
    /// Oldest first.
    #[default]
    #[serde(rename = "age")]
    Oldest,
    /// Newest first.
    #[serde(rename = "-age")]
    Newest,
    /// By what the rows are called, without regard to case.
    #[serde(rename = "text")]
    Text,
    /// The same backwards.
    #[serde(rename = "-text")]
    TextReversed,
}

/// What the last row of a page is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// Milliseconds since 1970.
    Moment(i64),
    /// A text's key.
    Text(String),
}

/// Where a page ended: the key and the id of its last row, and the listing and order they belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// What is listed.
    #[serde(rename = "l")]
    pub listing: Listing,
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

    /// Reads a cursor of this listing in this order; anything else is none of ours.
    #[must_use]
    pub fn decode(text: &str, listing: Listing, sort: Sort) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let cursor: Self = serde_json::from_slice(&json).ok()?;
        let by_text = matches!(cursor.sort, Sort::Text | Sort::TextReversed);
        let fits = (cursor.listing, cursor.sort) == (listing, sort) && by_text == matches!(cursor.key, Key::Text(_));
        let storable = !matches!(&cursor.key, Key::Text(text) if text.contains('\0'));
        (fits && storable).then_some(cursor)
    }
}

/// What a client asks to see of a listing.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// What is listed.
    pub listing: Listing,
    /// At most this many rows, 1 to [`MAX_LIMIT`].
    pub limit: u64,
    /// The order.
    pub sort: Sort,
    /// Where the page before ended.
    pub after: Option<Cursor>,
    /// Only rows whose text's key holds this key.
    pub containing: Option<String>,
}

/// A table that is listed in pages.
pub trait Listed: EntityTrait {
    /// What its rows are sorted and searched by.
    const COLUMNS: Columns<Self::Column>;

    /// The values of a row in these columns.
    fn place(row: &Self::Model) -> Place<'_>;
}

/// The columns of a listing.
pub struct Columns<C> {
    /// Decides between equals.
    pub id: C,
    /// The age.
    pub created_at: C,
    /// The key of what the rows are called.
    pub text: C,
}

/// Where a row stands in a listing.
pub struct Place<'a> {
    /// Its id.
    pub id: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// The key of what it is called.
    pub text: &'a str,
}

impl Place<'_> {
    fn cursor(&self, &PageRequest { listing, sort, .. }: &PageRequest) -> Cursor {
        let key = match sort {
            Sort::Oldest | Sort::Newest => Key::Moment(self.created_at.timestamp_millis()),
            Sort::Text | Sort::TextReversed => Key::Text(self.text.to_owned()),
        };
        Cursor { listing, sort, key, id: self.id }
    }
}

/// A page of these rows, and where it ended if there are more.
///
/// # Errors
/// When the database fails.
pub async fn of<E: Listed>(
    db: &impl ConnectionTrait,
    rows: Select<E>,
    request: &PageRequest,
) -> Result<(Vec<E::Model>, Option<Cursor>), Error> {
    let (column, order) = match request.sort {
        Sort::Oldest => (E::COLUMNS.created_at, Order::Asc),
        Sort::Newest => (E::COLUMNS.created_at, Order::Desc),
        Sort::Text => (E::COLUMNS.text, Order::Asc),
        Sort::TextReversed => (E::COLUMNS.text, Order::Desc),
    };
    let mut query =
        rows.order_by(column, order.clone()).order_by(E::COLUMNS.id, order.clone()).limit(request.limit + 1);
    if let Some(key) = &request.containing {
        query = query.filter(E::COLUMNS.text.like(containing(key)));
    }
    if let Some(cursor) = &request.after {
        query = query.filter(beyond::<E>(column, &order, cursor));
    }
    let mut rows = query.all(db).await?;
    let more = rows.len() as u64 > request.limit;
    rows.truncate(usize::try_from(request.limit).unwrap_or(usize::MAX));
    let end = rows.last().filter(|_| more).map(|last| E::place(last).cursor(request));
    Ok((rows, end))
}

/// Rows after the cursor: a later key, or the same key and a later id.
fn beyond<E: Listed>(column: E::Column, order: &Order, cursor: &Cursor) -> Condition {
    let key: Value = match &cursor.key {
        Key::Moment(millis) => (*millis).into(),
        Key::Text(text) => text.as_str().into(),
    };
    let column = Expr::col((E::default(), column));
    let id = Expr::col((E::default(), E::COLUMNS.id));
    let (later, later_id) = match order {
        Order::Desc => (column.clone().lt(key.clone()), id.lt(cursor.id)),
        _ => (column.clone().gt(key.clone()), id.gt(cursor.id)),
    };
    Condition::any().add(later).add(Condition::all().add(column.eq(key)).add(later_id))
}

/// A pattern that matches any key holding `key`, with the pattern's own signs taken literally.
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

    fn cursors() -> impl Strategy<Value = Cursor> {
        let by_age = (prop_oneof![Just(Sort::Oldest), Just(Sort::Newest)], any::<i64>().prop_map(Key::Moment));
        let texts = "[^\0]{0,40}".prop_map(Key::Text);
        let by_text = (prop_oneof![Just(Sort::Text), Just(Sort::TextReversed)], texts);
        (prop_oneof![by_age, by_text], any::<i64>()).prop_map(|((sort, key), id)| Cursor {
            listing: Listing::Items,
            sort,
            key,
            id,
        })
    }

    proptest! {
        #[test]
        fn a_cursor_survives_being_written_and_read(cursor in cursors()) {
            prop_assert_eq!(Cursor::decode(&cursor.encode(), cursor.listing, cursor.sort), Some(cursor));
        }

        #[test]
        fn reading_anything_never_panics(text in any::<String>()) {
            let _ = Cursor::decode(&text, Listing::Items, Sort::Oldest);
        }

        #[test]
        fn a_cursor_of_another_order_or_listing_is_refused(cursor in cursors()) {
            let other = if cursor.sort == Sort::Newest { Sort::Oldest } else { Sort::Newest };
            prop_assert_eq!(Cursor::decode(&cursor.encode(), cursor.listing, other), None);
            prop_assert_eq!(Cursor::decode(&cursor.encode(), Listing::WorkoutLogs, cursor.sort), None);
        }
    }
}
