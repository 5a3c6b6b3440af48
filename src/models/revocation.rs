//! Revocations: records of sessions that ended before their tokens expired, and of changed roles. All replicas read
//! this table.
//!
//! Schema: `migration/src/m20261120_000004_revocations.rs`; later migrations add columns.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::PaginatorTrait;
use sea_orm::entity::prelude::*;

use super::expiry::Expires;
use crate::auth::revocation::reason::Reason;
use crate::auth::revocation::{Ended, Ending, RolesChanged, UserEnded};
use crate::auth::token::session_id::SessionId;
use crate::error::Error;
use crate::types::UserId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocations")]
pub struct Model {
    /// The number of the row. Numbers are assigned in order, but rows are not committed in order: a lower number can
    /// appear after a higher one.
    #[sea_orm(primary_key)]
    pub seq: i64,
    /// The session that ended. Empty if the row revokes all sessions of a user.
    pub session_id: String,
    /// The [`Reason::code`] of the revocation.
    pub reason: String,
    /// When the session ended. If the row revokes all sessions of a user, it revokes only sessions that were created
    /// before this time.
    pub revoked_at: ChronoUnixTimestampMillis,
    /// When the last of the revoked tokens expires. The row is needed until then.
    pub expires_at: ChronoUnixTimestampMillis,
    /// The user, if the row revokes all sessions of a user.
    pub user_id: Option<UserId>,
    /// The session of `user_id` that stays active, if there is one.
    pub spared_session_id: Option<String>,
    /// The user whose roles changed. The row then revokes nothing, and `session_id` is empty.
    pub changed_user_id: Option<UserId>,
    /// The version of the new roles of `changed_user_id`.
    pub roles_version: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Expires for Entity {
    type Key = i64;
    const KEY: Column = Column::Seq;
    const EXPIRES_AT: Column = Column::ExpiresAt;
    /// The newest row lets replicas detect that an older copy of the table was restored.
    const KEEPS_NEWEST: bool = true;
}

/// The maximum number of rows per statement. A row has at most six values, and SQLite allows 32,766 values per
/// statement.
const ROWS_PER_INSERT: usize = 1_000;

/// The `reason` of a row that records changed roles.
const ROLES_CHANGED: &str = "roles-changed";

/// Inserts the records of sessions that ended.
pub async fn create(db: &impl ConnectionTrait, ending: &Ending, now: DateTime<Utc>) -> Result<(), Error> {
    let sessions = ending.sessions.iter().map(|ended| ActiveModel {
        session_id: Set(ended.id.to_string()),
        reason: Set(ended.reason.code().to_owned()),
        revoked_at: Set(ChronoUnixTimestampMillis(now)),
        expires_at: Set(ChronoUnixTimestampMillis(ended.expires_at)),
        ..Default::default()
    });
    let users = ending.users.iter().map(|ended| ActiveModel {
        session_id: Set(String::new()),
        reason: Set(ended.reason.code().to_owned()),
        revoked_at: Set(ChronoUnixTimestampMillis(ended.before)),
        expires_at: Set(ChronoUnixTimestampMillis(ended.expires_at)),
        user_id: Set(Some(ended.user_id)),
        spared_session_id: Set(ended.spared.map(|id| id.to_string())),
        ..Default::default()
    });
    for rows in [sessions.collect::<Vec<_>>(), users.collect()] {
        for chunk in rows.chunks(ROWS_PER_INSERT) {
            Entity::insert_many(chunk.iter().cloned()).exec_without_returning(db).await?;
        }
    }
    Ok(())
}

/// Inserts the record of a change of roles.
pub async fn create_role_change(
    db: &impl ConnectionTrait,
    change: &RolesChanged,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = ActiveModel {
        session_id: Set(String::new()),
        reason: Set(ROLES_CHANGED.to_owned()),
        revoked_at: Set(ChronoUnixTimestampMillis(now)),
        expires_at: Set(ChronoUnixTimestampMillis(change.expires_at)),
        changed_user_id: Set(Some(change.user_id)),
        roles_version: Set(Some(change.version)),
        ..Default::default()
    };
    Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Returns whether the table has a record of this session.
pub async fn exists(db: &impl ConnectionTrait, id: SessionId) -> Result<bool, Error> {
    Ok(Entity::find().filter(COLUMN.session_id.eq(id.to_string())).count(db).await? > 0)
}

pub async fn count(db: &impl ConnectionTrait) -> Result<u64, Error> {
    Ok(Entity::find().count(db).await?)
}

impl Model {
    /// Returns the change of roles that the row records, if it records one.
    #[must_use]
    pub fn roles_changed(&self) -> Option<RolesChanged> {
        let (user_id, version) = self.changed_user_id.zip(self.roles_version)?;
        Some(RolesChanged { user_id, version, expires_at: self.expires_at.0 })
    }

    /// Returns the sessions that the row revokes. The result is empty if the row records changed roles.
    #[must_use]
    pub fn ending(&self) -> Ending {
        let (reason, expires_at) = (Reason::from_code(&self.reason), self.expires_at.0);
        if let Some(user_id) = self.user_id {
            let spared = self.spared_session_id.as_deref().and_then(|id| id.parse().ok());
            let ended = UserEnded { user_id, before: self.revoked_at.0, spared, reason, expires_at };
            return Ending { users: vec![ended], ..Ending::default() };
        }
        self.session_id.parse().map(|id| Ended { id, reason, expires_at }.into()).unwrap_or_default()
    }
}
