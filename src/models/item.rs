//! Items of users.
//!
//! Schema: `migration/src/m20261120_000003_items.rs`.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::owned::{Columns, Owned, Values};
use super::page::Listing;
use crate::types::item_name::ItemName;
use crate::types::{ItemId, UserId, ValidationError};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "items")]
pub struct Model {
    /// The id. It is never reused.
    #[sea_orm(primary_key)]
    pub id: ItemId,
    pub owner_id: UserId,
    pub name: String,
    /// The key by which items are sorted and searched.
    pub name_key: String,
    pub created_at: ChronoUnixTimestampMillis,
    pub updated_at: ChronoUnixTimestampMillis,
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    type Id = ItemId;
    type Content = ItemName;
    type Changes = ItemName;

    const LISTING: Listing = Listing { name: "items", text: "name", orders: "createdAt, -createdAt, name or -name" };
    const COLUMNS: Columns<Column> = Columns {
        id: Column::Id,
        owner_id: Column::OwnerId,
        created_at: Column::CreatedAt,
        updated_at: Column::UpdatedAt,
        version: Column::Version,
        text: Column::NameKey,
    };

    fn values(item: &Model) -> Values<'_> {
        Values { id: item.id.0, created_at: item.created_at.0, version: item.version, text: &item.name_key }
    }

    fn write(name: &ItemName, item: &mut ActiveModel) {
        item.name = Set(name.as_str().to_owned());
        item.name_key = Set(name.key());
    }

    fn search_key(text: &str) -> Result<String, ValidationError> {
        Ok(ItemName::parse(text)?.key())
    }
}
