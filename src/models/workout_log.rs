//! Workout logs: what a user did, how it was measured and what came of it. Every finder and command is scoped
//! to the owner.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, IntoActiveModel, QuerySelect, Select};

use super::brought::{self, Brought, owner_gone};
use super::page::{self, Columns, Cursor, Listed, PageRequest, Place};
use super::version::Expected;
use super::workout_text::{Description, Detail};
use crate::error::Error;

/// A workout log's row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "workout_logs")]
pub struct Model {
    /// Never given out twice.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The user it belongs to.
    pub owner_id: i64,
    /// What was done, as it came.
    pub description: String,
    /// What the description is sorted and searched by.
    pub description_key: String,
    /// How it was measured, as it came.
    pub definition: String,
    /// What came of it, as it came.
    pub result: String,
    /// When it was created.
    pub created_at: ChronoUnixTimestampMillis,
    /// When it last changed.
    pub updated_at: ChronoUnixTimestampMillis,
    /// Counts the changes, from 1.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}

impl Listed for Entity {
    const COLUMNS: Columns<Column> =
        Columns { id: Column::Id, created_at: Column::CreatedAt, text: Column::DescriptionKey };

    fn place(log: &Model) -> Place<'_> {
        Place { id: log.id, created_at: log.created_at.0, text: &log.description_key }
    }
}

/// A log to be.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What was done.
    pub description: Description,
    /// How it was measured.
    pub definition: Detail,
    /// What came of it.
    pub result: Detail,
}

/// What is to become of a log; a text that is not named stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// What was done.
    pub description: Option<Description>,
    /// How it was measured.
    pub definition: Option<Detail>,
    /// What came of it.
    pub result: Option<Detail>,
}

/// The logs of one user: the only way to reach any.
fn owned_by(owner_id: i64) -> Select<Entity> {
    Entity::find().filter(COLUMN.owner_id.eq(owner_id))
}

/// The owner's log of this id; a stranger's is not found.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(db: &impl ConnectionTrait, owner_id: i64, id: i64) -> Result<Model, Error> {
    owned_by(owner_id).filter(COLUMN.id.eq(id)).one(db).await?.ok_or(Error::NotFound)
}

/// A page of the owner's logs, and where it ended if there are more.
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

/// Inserts a log of the owner.
///
/// # Errors
/// [`Revoked`](crate::auth::refusal::Refusal::Revoked) when the owner is no more.
pub async fn create(
    db: &impl ConnectionTrait,
    owner_id: i64,
    entry: &Entry,
    now: DateTime<Utc>,
) -> Result<Model, Error> {
    let log = Brought { owner_id, what: entry.clone(), created_at: now, updated_at: now };
    row(&log).insert(db).await.map_err(owner_gone)
}

/// Inserts several logs at once, or none.
///
/// # Errors
/// [`Revoked`](crate::auth::refusal::Refusal::Revoked) when one of their owners is no more.
pub async fn create_all(db: &impl ConnectionTrait, logs: &[&Brought<Entry>]) -> Result<(), Error> {
    brought::insert_all(db, logs.iter().copied().map(row)).await
}

/// The logs of these owners that were created between two moments, both included.
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

fn row(log: &Brought<Entry>) -> ActiveModel {
    let Entry { description, definition, result } = &log.what;
    ActiveModel {
        owner_id: Set(log.owner_id),
        description: Set(description.as_str().to_owned()),
        description_key: Set(description.key()),
        definition: Set(definition.as_str().to_owned()),
        result: Set(result.as_str().to_owned()),
        created_at: Set(ChronoUnixTimestampMillis(log.created_at)),
        updated_at: Set(ChronoUnixTimestampMillis(log.updated_at)),
        version: Set(1),
        ..Default::default()
    }
}

/// The owner's log, held until the transaction ends, if its version is expected.
///
/// # Errors
/// [`Error::NotFound`], and [`Error::PreconditionFailed`] when the present version is not expected.
pub async fn lock(db: &DatabaseTransaction, (owner_id, id): (i64, i64), expected: &Expected) -> Result<Model, Error> {
    let log = owned_by(owner_id).filter(COLUMN.id.eq(id)).lock_exclusive().one(db).await?.ok_or(Error::NotFound)?;
    expected.check(log.version)?;
    Ok(log)
}

impl Model {
    /// Changes a locked log.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn change(self, db: &impl ConnectionTrait, changes: &Changes, now: DateTime<Utc>) -> Result<Self, Error> {
        let version = self.version + 1;
        let mut log = self.into_active_model();
        if let Some(description) = &changes.description {
            log.description = Set(description.as_str().to_owned());
            log.description_key = Set(description.key());
        }
        if let Some(definition) = &changes.definition {
            log.definition = Set(definition.as_str().to_owned());
        }
        if let Some(result) = &changes.result {
            log.result = Set(result.as_str().to_owned());
        }
        log.updated_at = Set(ChronoUnixTimestampMillis(now));
        log.version = Set(version);
        Ok(log.update(db).await?)
    }

    /// Deletes a locked log.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(self, db: &impl ConnectionTrait) -> Result<(), Error> {
        ModelTrait::delete(self, db).await?;
        Ok(())
    }
}
