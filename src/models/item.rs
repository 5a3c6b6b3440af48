//! Items: what a user owns. Every finder and command is scoped to the owner.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, IntoActiveModel, QuerySelect, Select};

use super::brought::{self, Brought, owner_gone};
use super::item_name::ItemName;
use super::page::{self, Columns, Cursor, Listed, PageRequest, Place};
use super::version::Expected;
use crate::error::Error;

/// An item's row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "items")]
pub struct Model {
    /// Never given out twice.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The user it belongs to.
    pub owner_id: i64,
    /// As it came.
    pub name: String,
    /// What the name is sorted and searched by.
    pub name_key: String,
    /// When it was created.
    pub created_at: ChronoUnixTimestampMillis,
    /// When it last changed.
    pub updated_at: ChronoUnixTimestampMillis,
    /// Counts the changes, from 1.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}

impl Listed for Entity {
    const COLUMNS: Columns<Column> = Columns { id: Column::Id, created_at: Column::CreatedAt, text: Column::NameKey };

    fn place(item: &Model) -> Place<'_> {
        Place { id: item.id, created_at: item.created_at.0, text: &item.name_key }
    }
}

/// The items of one user: the only way to reach any.
fn owned_by(owner_id: i64) -> Select<Entity> {
    Entity::find().filter(COLUMN.owner_id.eq(owner_id))
}

/// The owner's item of this id; a stranger's is not found.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(db: &impl ConnectionTrait, owner_id: i64, id: i64) -> Result<Model, Error> {
    owned_by(owner_id).filter(COLUMN.id.eq(id)).one(db).await?.ok_or(Error::NotFound)
}

/// A page of the owner's items, and where it ended if there are more.
///
/// # Errors
/// When the database fails.
pub async fn page(
    db: &impl ConnectionTrait,
    owner_id: i64,
    request: &PageRequest,
) -> Result<(Vec<Model>, Option<Cursor>), Error> {
    page::of(db, owned_by(owner_id), request).await
}

/// Inserts an item of the owner.
///
/// # Errors
/// [`Revoked`](crate::auth::refusal::Refusal::Revoked) when the owner is no more.
pub async fn create(
    db: &impl ConnectionTrait,
    owner_id: i64,
    name: &ItemName,
    now: DateTime<Utc>,
) -> Result<Model, Error> {
    let item = Brought { owner_id, what: name.clone(), created_at: now, updated_at: now };
    row(&item).insert(db).await.map_err(owner_gone)
}

/// Inserts several items at once, or none.
///
/// # Errors
/// [`Revoked`](crate::auth::refusal::Refusal::Revoked) when one of their owners is no more.
pub async fn create_all(db: &impl ConnectionTrait, items: &[&Brought<ItemName>]) -> Result<(), Error> {
    brought::insert_all(db, items.iter().copied().map(row)).await
}

/// The items of these owners that were created between two moments, both included.
///
/// # Errors
/// When the database fails.
pub async fn created_between(
    db: &impl ConnectionTrait,
    owners: &HashSet<i64>,
    between: [DateTime<Utc>; 2],
) -> Result<Vec<Model>, Error> {
    let theirs = brought::created_between::<Entity>((Column::OwnerId, Column::CreatedAt), owners, between);
    Ok(theirs.all(db).await?)
}

fn row(item: &Brought<ItemName>) -> ActiveModel {
    ActiveModel {
        owner_id: Set(item.owner_id),
        name: Set(item.what.as_str().to_owned()),
        name_key: Set(item.what.key()),
        created_at: Set(ChronoUnixTimestampMillis(item.created_at)),
        updated_at: Set(ChronoUnixTimestampMillis(item.updated_at)),
        version: Set(1),
        ..Default::default()
    }
}

/// The owner's item, held until the transaction ends, if its version is expected.
///
/// # Errors
/// [`Error::NotFound`], and [`Error::PreconditionFailed`] when the present version is not expected.
pub async fn lock(db: &DatabaseTransaction, (owner_id, id): (i64, i64), expected: &Expected) -> Result<Model, Error> {
    let item = owned_by(owner_id).filter(COLUMN.id.eq(id)).lock_exclusive().one(db).await?.ok_or(Error::NotFound)?;
    expected.check(item.version)?;
    Ok(item)
}

impl Model {
    /// Gives a locked item another name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rename(self, db: &impl ConnectionTrait, name: &ItemName, now: DateTime<Utc>) -> Result<Self, Error> {
        let version = self.version + 1;
        let mut item = self.into_active_model();
        item.name = Set(name.as_str().to_owned());
        item.name_key = Set(name.key());
        item.updated_at = Set(ChronoUnixTimestampMillis(now));
        item.version = Set(version);
        Ok(item.update(db).await?)
    }

    /// Deletes a locked item.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(self, db: &impl ConnectionTrait) -> Result<(), Error> {
        ModelTrait::delete(self, db).await?;
        Ok(())
    }
}
