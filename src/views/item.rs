//! An item as its owner sees it.

use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::models::item;
use crate::models::page::Cursor;

/// An item.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Never given to another item.
    #[schema(example = 1)]
    pub id: i64,
    /// Exactly as it came.
    #[schema(example = "buy a lantern")]
    pub name: String,
    /// When it was created.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub created_at: String,
    /// When it last changed.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub updated_at: String,
}

/// A page of items.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemPage {
    /// The items, in the order that was asked for.
    pub items: Vec<Item>,
    /// Ask for the next page with it; null on the last page.
    pub next_cursor: Option<String>,
}

impl From<&item::Model> for Item {
    fn from(item: &item::Model) -> Self {
        Self {
            id: item.id,
            name: item.name.clone(),
            created_at: moment(item.created_at.0),
            updated_at: moment(item.updated_at.0),
        }
    }
}

impl From<(Vec<item::Model>, Option<Cursor>)> for ItemPage {
    fn from((items, end): (Vec<item::Model>, Option<Cursor>)) -> Self {
        Self { items: items.iter().map(Item::from).collect(), next_cursor: end.map(|cursor| cursor.encode()) }
    }
}
