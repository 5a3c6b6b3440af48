//! What belongs to a user and may be older than our row of it: brought from elsewhere, with its times.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Select, SqlErr};

use crate::auth::reason::Reason;
use crate::auth::refusal::Refusal;
use crate::error::Error;

/// A thing of a user's to be.
#[derive(Clone, Debug)]
pub struct Brought<T> {
    /// The user it will belong to.
    pub owner_id: i64,
    /// What it is.
    pub what: T,
    /// When it was created, here or there.
    pub created_at: DateTime<Utc>,
    /// When it last changed, here or there.
    pub updated_at: DateTime<Utc>,
}

impl<T> Brought<T> {
    /// Whose it is, and since when.
    #[must_use]
    pub fn moment(&self) -> (i64, DateTime<Utc>) {
        (self.owner_id, self.created_at)
    }
}

/// Inserts several rows at once, or none.
pub(super) async fn insert_all<A: ActiveModelTrait>(
    db: &impl ConnectionTrait,
    rows: impl Iterator<Item = A>,
) -> Result<(), Error> {
    A::Entity::insert_many(rows).exec_without_returning(db).await.map(|_| ()).map_err(owner_gone)
}

/// The rows of these owners that were created from `first` to `last`.
pub(super) fn created_between<E: EntityTrait>(
    (owner_id, created_at): (E::Column, E::Column),
    owners: &HashSet<i64>,
    [first, last]: [DateTime<Utc>; 2],
) -> Select<E> {
    let theirs = E::find().filter(owner_id.is_in(owners.iter().copied()));
    theirs.filter(created_at.between(first.timestamp_millis(), last.timestamp_millis()))
}

/// Why it could not be inserted: its owner is the only foreign key, so a violation can mean nothing else.
pub(super) fn owner_gone(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => Refusal::Revoked(Reason::AccountDeletion).into(),
        _ => error.into(),
    }
}
