//! Responses about items.

use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::models::item;
use crate::models::page::Cursor;
use crate::types::ItemId;

/// An item.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Never reused.
    #[schema(value_type = i64, example = 1)]
    pub id: ItemId,
    /// Exactly as it was sent.
    #[schema(example = "buy a lantern")]
    pub name: String,
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub created_at: String,
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub updated_at: String,
}

/// A page of items.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemPage {
    /// In the requested order.
    pub items: Vec<Item>,
    /// The `cursor` of the next page; null on the last page.
    pub next_cursor: Option<String>,
}

impl From<item::Model> for Item {
    fn from(item: item::Model) -> Self {
        Self {
            id: item.id,
            name: item.name,
            created_at: moment(item.created_at.0),
            updated_at: moment(item.updated_at.0),
        }
    }
}

impl From<(Vec<item::Model>, Option<Cursor>)> for ItemPage {
    fn from((items, end): (Vec<item::Model>, Option<Cursor>)) -> Self {
        Self { items: items.into_iter().map(Item::from).collect(), next_cursor: end.map(|cursor| cursor.encode()) }
    }
}
