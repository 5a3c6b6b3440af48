//! What belongs to a user and may be older than our row of it: brought from elsewhere, with its times.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, SqlErr};

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

/// Why it could not be inserted: its owner is the only foreign key, so a violation can mean nothing else.
pub(super) fn owner_gone(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => Refusal::Revoked(Reason::AccountDeletion).into(),
        _ => error.into(),
    }
}
