//! Revocations: the record that a session ended before its time, and what replicas follow.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, PaginatorTrait, QueryOrder, QuerySelect};

use crate::auth::reason::Reason;
use crate::auth::revocations::Ended;
use crate::auth::session_id::SessionId;
use crate::error::Error;

/// A revocation's row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocations")]
pub struct Model {
    /// Given out in order, but not committed in order: a lower one can appear after a higher one.
    #[sea_orm(primary_key)]
    pub seq: i64,
    /// The session that ended.
    pub session_id: String,
    /// Why, as [`Reason::code`] writes it.
    pub reason: String,
    /// When.
    pub revoked_at: ChronoUnixTimestampMillis,
    /// When its token expires; until then the row must stay.
    pub expires_at: ChronoUnixTimestampMillis,
}

impl ActiveModelBehavior for ActiveModel {}

/// Records that sessions ended.
///
/// # Errors
/// When the database fails.
pub async fn create(db: &impl ConnectionTrait, ended: &[Ended], now: DateTime<Utc>) -> Result<(), Error> {
    let rows = ended.iter().map(|ended| ActiveModel {
        session_id: Set(ended.id.to_string()),
        reason: Set(ended.reason.code().to_owned()),
        revoked_at: Set(ChronoUnixTimestampMillis(now)),
        expires_at: Set(ChronoUnixTimestampMillis(ended.expires_at)),
        ..Default::default()
    });
    if !ended.is_empty() {
        Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

/// At most `limit` rows after `cursor`, in their order, and those of `gaps` that have appeared since.
///
/// # Errors
/// When the database fails.
pub async fn after(db: &impl ConnectionTrait, cursor: i64, gaps: &[i64], limit: u64) -> Result<Vec<Model>, Error> {
    let mut wanted = Condition::any().add(COLUMN.seq.gt(cursor));
    if !gaps.is_empty() {
        wanted = wanted.add(COLUMN.seq.is_in(gaps.iter().copied()));
    }
    Ok(Entity::find().filter(wanted).order_by_asc(Column::Seq).limit(limit).all(db).await?)
}

/// How many rows there are.
///
/// # Errors
/// When the database fails.
pub async fn count(db: &impl ConnectionTrait) -> Result<u64, Error> {
    Ok(Entity::find().count(db).await?)
}

/// Why this session ended, if it did.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl ConnectionTrait, id: SessionId) -> Result<Option<Reason>, Error> {
    let row = Entity::find().filter(COLUMN.session_id.eq(id.to_string())).one(db).await?;
    Ok(row.map(|row| Reason::from_code(&row.reason)))
}

/// Removes rows of tokens that expired before `before`; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn purge(db: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<u64, Error> {
    let expired = Column::ExpiresAt.lt(before.timestamp_millis());
    Ok(Entity::delete_many().filter(expired).exec(db).await?.rows_affected)
}

impl Model {
    /// The row as the set in memory keeps it; none if its id is not one of ours.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        let id = self.session_id.parse().ok()?;
        Some(Ended { id, reason: Reason::from_code(&self.reason), expires_at: self.expires_at.0 })
    }
}
