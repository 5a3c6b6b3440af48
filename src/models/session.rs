//! Active sessions of users. A row is inserted when a session begins, and deleted when the session ends. Verifying a
//! token does not read this table.
//!
//! Ending a session deletes its row and inserts a revocation in one transaction. A transaction that creates a session,
//! or ends several, locks the user first ([`user::lock`](super::user::lock)), so that it does not miss a concurrent
//! sign-in.
//!
//! Schema: `migration/src/m20261120_000002_sessions.rs`.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, QueryOrder, QuerySelect, Select};

use super::expiry::Expires;
use super::{database_state, one_time_code, revocation, session_variables};
use crate::auth::revocation::reason::Reason;
use crate::auth::revocation::{Ended, Ending, UserEnded};
use crate::auth::token::session_id::SessionId;
use crate::auth::token::{AnySession, CLOCK_TOLERANCE, Issued, Session};
use crate::error::Error;
use crate::platform::database;
use crate::types::digest::sha256;
use crate::types::generation::Generation;
use crate::types::limits::MAX_USER_AGENT_CHARS;
use crate::types::provider_name::ProviderName;
use crate::types::{KeyId, UserId};

/// The maximum number of rows per statement. A row needs one value, and SQLite allows 32,766 values per statement.
const ROWS_PER_DELETE: usize = 5_000;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// The `sid` of the session's token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub user_id: UserId,
    pub created_at: ChronoUnixTimestampMillis,
    /// When the session ends, even if its token is renewed.
    pub expires_at: ChronoUnixTimestampMillis,
    /// The `User-Agent` header at sign-in.
    pub user_agent: Option<String>,
    /// The key that signed the session's first token. This shows when a retired key is no longer needed.
    pub key_id: KeyId,
    /// The provider at which the user signed in.
    pub provider: Option<String>,
    /// The hash of the provider's id for the session (`sid`).
    pub provider_session_hash: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Expires for Entity {
    type Key = String;
    const KEY: Column = Column::Id;
    const EXPIRES_AT: Column = Column::ExpiresAt;
}

fn owned_by(user_id: UserId) -> Select<Entity> {
    Entity::find().filter(COLUMN.user_id.eq(user_id))
}

/// A session at a provider, in which the user signed in.
#[derive(Clone, Debug)]
pub struct ProviderSession {
    pub provider: ProviderName,
    /// The provider's id for the session (`sid`).
    pub id: Option<String>,
}

impl ProviderSession {
    fn hash(&self) -> Option<String> {
        self.id.as_deref().map(|id| sha256(&[self.provider.as_str(), " ", id]))
    }
}

/// Inserts the session of a token that was issued to this user at `now`.
pub async fn create(
    db: &impl ConnectionTrait,
    user_id: UserId,
    Issued { session, key_id, .. }: &Issued,
    provider: Option<&ProviderSession>,
    user_agent: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Model, Error> {
    let row = ActiveModel {
        id: Set(session.id.to_string()),
        user_id: Set(user_id),
        created_at: Set(ChronoUnixTimestampMillis(now)),
        expires_at: Set(ChronoUnixTimestampMillis(session.ends_at)),
        user_agent: Set(user_agent.map(|name| name.chars().take(MAX_USER_AGENT_CHARS).collect())),
        key_id: Set(key_id.clone()),
        provider: Set(provider.map(|session| session.provider.to_string())),
        provider_session_hash: Set(provider.and_then(ProviderSession::hash)),
    };
    Ok(row.insert(db).await?)
}

/// Returns the row of a request's session.
pub async fn find(db: &impl ConnectionTrait, session: &Session) -> Result<Option<Model>, Error> {
    Ok(owned_by(session.user_id).filter(COLUMN.id.eq(session.id.to_string())).one(db).await?)
}

/// Returns the user's active sessions, newest first.
pub async fn list(db: &impl ConnectionTrait, user_id: UserId, now: DateTime<Utc>) -> Result<Vec<Model>, Error> {
    let live = owned_by(user_id).filter(Column::ExpiresAt.gt(now.timestamp_millis()));
    Ok(live.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).all(db).await?)
}

/// Returns the number of active sessions of each user in a range of ids. Leaves out users without active sessions.
pub async fn count_by_user(
    db: &impl ConnectionTrait,
    users: RangeInclusive<UserId>,
    now: DateTime<Utc>,
) -> Result<HashMap<UserId, i64>, Error> {
    let live = Entity::find()
        .filter(Column::UserId.between(*users.start(), *users.end()))
        .filter(Column::ExpiresAt.gt(now.timestamp_millis()))
        .select_only()
        .column(Column::UserId)
        .column_as(Column::Id.count(), "live")
        .group_by(Column::UserId);
    Ok(live.into_tuple().all(db).await?.into_iter().collect())
}

/// The time at which sessions end, and the maximum remaining lifetime of their tokens.
#[derive(Clone, Copy, Debug)]
pub struct EndedAt {
    pub now: DateTime<Utc>,
    /// The maximum lifetime of a session.
    pub lifetime: TimeDelta,
}

/// Ends one session of the user, if the session has a row. Call this function in a transaction. After the commit, add
/// the result to the revocations in memory.
pub async fn end(
    db: &impl ConnectionTrait,
    user_id: UserId,
    id: SessionId,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<Ending, Error> {
    let rows = owned_by(user_id).filter(COLUMN.id.eq(id.to_string())).all(db).await?;
    end_rows(db, rows, reason, now).await
}

/// Ends all sessions of the user except `spared`. As with [`end`], call this function in a transaction, and after the
/// commit add the result to the revocations in memory. Also ends sessions without a row, because a restored database
/// lacks the rows of sessions that were created after the backup.
pub async fn end_all(
    db: &impl ConnectionTrait,
    user_id: UserId,
    spared: Option<SessionId>,
    reason: Reason,
    at: EndedAt,
) -> Result<Ending, Error> {
    let rows = owned_by(user_id).all(db).await?;
    let spared_id = spared.map(|id| id.to_string());
    let rows = rows.into_iter().filter(|row| Some(&row.id) != spared_id.as_ref()).collect();
    let mut ending = end_rows(db, rows, reason, at.now).await?;
    // If one clock is ahead, the revocation must not include later sign-ins at another replica. So `before` is the
    // earlier of the two clocks, minus a tolerance. Newer sessions have rows, and were ended above.
    let now = database::now(db).await?.map_or(at.now, |now| now.min(at.now));
    let before = now - CLOCK_TOLERANCE;
    let user = UserEnded { user_id, before, spared, reason, expires_at: at.now + at.lifetime };
    let without_rows = Ending { users: vec![user], ..Ending::default() };
    revocation::create(db, &without_rows, at.now).await?;
    ending.extend(without_rows);
    Ok(ending)
}

/// Ends the user's oldest sessions, so that at most `max - 1` remain.
pub async fn end_oldest(
    db: &impl ConnectionTrait,
    user_id: UserId,
    max: usize,
    now: DateTime<Utc>,
) -> Result<Ending, Error> {
    let active = list(db, user_id, now).await?;
    end_rows(db, active.into_iter().skip(max.saturating_sub(1)).collect(), Reason::SessionLimit, now).await
}

/// Ends the sessions that the user began at this provider: those of the provider's session, or all if its id is `None`. As
/// with [`end`], call this function in a transaction, and after the commit add the result to the revocations in memory.
pub async fn end_of_provider(
    db: &impl ConnectionTrait,
    user_id: UserId,
    at: &ProviderSession,
    now: DateTime<Utc>,
) -> Result<Ending, Error> {
    let mut rows = of_provider(user_id, &at.provider);
    if let Some(hash) = at.hash() {
        // The provider may not have sent its id for the session at the sign-in.
        let is_it = Condition::any().add(COLUMN.provider_session_hash.eq(hash));
        rows = rows.filter(is_it.add(Column::ProviderSessionHash.is_null()));
    }
    end_rows(db, rows.all(db).await?, Reason::ProviderSignOut, now).await
}

/// Ends the sessions that the user began with an identity that they remove, except the current one. As with [`end`], call
/// this function in a transaction, and after the commit add the result to the revocations in memory.
pub async fn end_of_identity(
    db: &impl ConnectionTrait,
    current: &Session,
    provider: &ProviderName,
    now: DateTime<Utc>,
) -> Result<Ending, Error> {
    let others = of_provider(current.user_id, provider).filter(COLUMN.id.ne(current.id.to_string()));
    end_rows(db, others.all(db).await?, Reason::IdentityRemoved, now).await
}

fn of_provider(user_id: UserId, provider: &ProviderName) -> Select<Entity> {
    owned_by(user_id).filter(COLUMN.provider.eq(provider.as_str()))
}

/// Returns the users with sessions that began in this session of a provider.
pub async fn users_of_provider(db: &impl ConnectionTrait, at: &ProviderSession) -> Result<Vec<UserId>, Error> {
    let Some(hash) = at.hash() else { return Ok(Vec::new()) };
    let users = Entity::find().filter(COLUMN.provider_session_hash.eq(hash)).select_only().column(Column::UserId);
    Ok(users.distinct().into_tuple().all(db).await?)
}

/// Like [`end`], but ends the session of a presented token, even if the session has no row. If the session is
/// anonymous, its data is deleted, but no revocation is inserted, because otherwise any client could fill the table.
pub async fn end_presented(
    db: &impl ConnectionTrait,
    session: &AnySession,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<Ending, Error> {
    if let Some(session) = session.of_user() {
        return end_user_session(db, &session, reason, now).await;
    }
    session_variables::delete(db, std::iter::once(session.id.to_string())).await?;
    Ok(Ending { anonymous: vec![session.id], ..Ending::default() })
}

/// Like [`end_presented`], for the session of a user.
pub async fn end_user_session(
    db: &impl ConnectionTrait,
    session: &Session,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<Ending, Error> {
    let ending = end(db, session.user_id, session.id, reason, now).await?;
    if !ending.sessions.is_empty() {
        return Ok(ending);
    }
    session_variables::delete(db, std::iter::once(session.id.to_string())).await?;
    let ending = Ended { id: session.id, reason, expires_at: session.ends_at }.into();
    // A concurrent request may have ended the same session.
    if !revocation::exists(db, session.id).await? {
        revocation::create(db, &ending, now).await?;
    }
    Ok(ending)
}

async fn end_rows(
    db: &impl ConnectionTrait,
    rows: Vec<Model>,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<Ending, Error> {
    for chunk in rows.chunks(ROWS_PER_DELETE) {
        let ids = || chunk.iter().map(|row| row.id.clone());
        Entity::delete_many().filter(COLUMN.id.is_in(ids())).exec(db).await?;
        session_variables::delete(db, ids()).await?;
    }
    // Expired sessions are included, because their tokens are still accepted within the leeway.
    let ended =
        rows.iter().filter_map(|row| Some(Ended { id: row.id.parse().ok()?, reason, expires_at: row.expires_at.0 }));
    let ending = Ending { sessions: ended.collect(), ..Ending::default() };
    revocation::create(db, &ending, now).await?;
    Ok(ending)
}

/// Returns the time at which the last session of the user ends.
pub async fn latest_expiry(db: &impl ConnectionTrait, user_id: UserId) -> Result<Option<DateTime<Utc>>, Error> {
    let latest = owned_by(user_id).order_by_desc(Column::ExpiresAt).limit(1);
    Ok(latest.one(db).await?.map(|row| row.expires_at.0))
}

/// Returns the latest expiry of the sessions whose first token this key signed.
pub async fn latest_expiry_by_key(db: &impl ConnectionTrait, key_id: &KeyId) -> Result<Option<DateTime<Utc>>, Error> {
    let signed = Entity::find().filter(COLUMN.key_id.eq(key_id.clone())).order_by_desc(Column::ExpiresAt).limit(1);
    Ok(signed.one(db).await?.map(|row| row.expires_at.0))
}

/// Ends every session: replaces the generation `before` with `next`, which invalidates all tokens, and deletes all
/// sessions and their data. Also deletes the codes that reset passwords, because a restored database can have codes that
/// were used. Returns `false` if `before` is no longer the current generation.
pub async fn end_generation(db: &impl ConnectionTrait, before: Generation, next: Generation) -> Result<bool, Error> {
    if !database_state::replace_generation(db, before, next).await? {
        return Ok(false);
    }
    Entity::delete_many().exec(db).await?;
    session_variables::Entity::delete_many().exec(db).await?;
    one_time_code::delete_resets(db).await?;
    Ok(true)
}

/// Ends every session, including sessions without a row. `next` becomes the current generation.
pub async fn end_every(db: &impl ConnectionTrait, next: Generation) -> Result<(), Error> {
    let current = database_state::generation(db, next).await?;
    end_generation(db, current, next).await?;
    Ok(())
}
