//! Items: what a user owns. Every finder and command is scoped to the owner.
//!
//! `version` counts the changes of a row. Who changes one holds it from reading its version to writing the
//! next, so two writers never mix their fields and a change meant for another version is refused.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::LikeExpr;
use sea_orm::{
    Condition, DatabaseTransaction, ExprTrait, IntoActiveModel, Order, QueryOrder, QuerySelect, Select, SqlErr,
};

use super::item_name::ItemName;
use super::page::{Cursor, Key, PageRequest, Sort};
use crate::auth::reason::Reason;
use crate::auth::refusal::Refusal;
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

/// Which version of a row a change was made from (`If-Match`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The client does not say: the last writer wins.
    Any,
    /// One of these; none at all never matches.
    Versions(Vec<i64>),
}

impl Expected {
    fn allows(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
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
    let (column, order) = match request.sort {
        Sort::Oldest => (Column::CreatedAt, Order::Asc),
        Sort::Newest => (Column::CreatedAt, Order::Desc),
        Sort::Name => (Column::NameKey, Order::Asc),
        Sort::NameReversed => (Column::NameKey, Order::Desc),
    };
    let mut query =
        owned_by(owner_id).order_by(column, order.clone()).order_by(Column::Id, order.clone()).limit(request.limit + 1);
    if let Some(key) = &request.containing {
        query = query.filter(Column::NameKey.like(containing(key)));
    }
    if let Some(cursor) = &request.after {
        query = query.filter(beyond(column, &order, cursor));
    }
    let mut rows = query.all(db).await?;
    let more = rows.len() as u64 > request.limit;
    rows.truncate(usize::try_from(request.limit).unwrap_or(usize::MAX));
    let end = rows.last().filter(|_| more).map(|last| last.cursor(request.sort));
    Ok((rows, end))
}

/// Rows after the cursor: a later key, or the same key and a later id.
fn beyond(column: Column, order: &Order, cursor: &Cursor) -> Condition {
    let key: Value = match &cursor.key {
        Key::Moment(millis) => (*millis).into(),
        Key::Name(name) => name.as_str().into(),
    };
    let column = Expr::col((Entity, column));
    let id = Expr::col((Entity, Column::Id));
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

/// Inserts an item of the owner.
///
/// # Errors
/// [`Refusal::Revoked`] when the owner is no more.
pub async fn create(
    db: &impl ConnectionTrait,
    owner_id: i64,
    name: &ItemName,
    now: DateTime<Utc>,
) -> Result<Model, Error> {
    let item = ActiveModel {
        owner_id: Set(owner_id),
        name: Set(name.as_str().to_owned()),
        name_key: Set(name.key()),
        created_at: Set(ChronoUnixTimestampMillis(now)),
        updated_at: Set(ChronoUnixTimestampMillis(now)),
        version: Set(1),
        ..Default::default()
    };
    item.insert(db).await.map_err(|error| match error.sql_err() {
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => Refusal::Revoked(Reason::AccountDeletion).into(),
        _ => error.into(),
    })
}

/// The owner's item, held until the transaction ends, if its version is expected.
///
/// # Errors
/// [`Error::NotFound`], and [`Error::PreconditionFailed`] when the present version is not expected.
pub async fn lock(db: &DatabaseTransaction, (owner_id, id): (i64, i64), expected: &Expected) -> Result<Model, Error> {
    let item = owned_by(owner_id).filter(COLUMN.id.eq(id)).lock_exclusive().one(db).await?.ok_or(Error::NotFound)?;
    if expected.allows(item.version) { Ok(item) } else { Err(Error::PreconditionFailed) }
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

    fn cursor(&self, sort: Sort) -> Cursor {
        let key = match sort {
            Sort::Oldest | Sort::Newest => Key::Moment(self.created_at.0.timestamp_millis()),
            Sort::Name | Sort::NameReversed => Key::Name(self.name_key.clone()),
        };
        Cursor { sort, key, id: self.id }
    }
}
