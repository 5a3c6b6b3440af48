//! Sessions: one row for each that lives. Written at sign-in, removed when it ends; validating a
//! token never reads it.
//!
//! Ending a session is one transaction: its row goes, a revocation comes. What begins or ends several
//! sessions of a user holds the user's row meanwhile ([`user::lock`](super::user::lock)), so that no sign-in
//! slips in between.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect, Select};

use super::{revocation, session_variables};
use crate::auth::reason::Reason;
use crate::auth::revocations::Ended;
use crate::auth::session_id::SessionId;
use crate::auth::token::{AnySession, Session};
use crate::error::Error;

/// The most characters of a `User-Agent` that are kept.
const USER_AGENT_CHARS: usize = 255;

/// A session's row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// The `sid` of its token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Whose session it is.
    pub user_id: i64,
    /// When it began.
    pub created_at: ChronoUnixTimestampMillis,
    /// When it ends at the latest: when its token expires, however often that is renewed.
    pub expires_at: ChronoUnixTimestampMillis,
    /// What the browser or program called itself at sign-in.
    pub user_agent: Option<String>,
    /// The `kid` of the key that signed its token: tells when a retired key is no longer needed.
    pub key_id: String,
}

impl ActiveModelBehavior for ActiveModel {}

/// Which sessions of a user are meant.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// This one.
    One(SessionId),
    /// All but this one.
    AllBut(SessionId),
    /// All.
    All,
}

/// The sessions of one user: the only way to reach any.
fn of_user(user_id: i64) -> Select<Entity> {
    Entity::find().filter(COLUMN.user_id.eq(user_id))
}

/// Records a session that was issued to this user at `now`.
///
/// # Errors
/// When the database fails.
pub async fn create(
    db: &impl ConnectionTrait,
    user_id: i64,
    session: &AnySession,
    (key_id, user_agent): (&str, Option<&str>),
    now: DateTime<Utc>,
) -> Result<Model, Error> {
    let row = ActiveModel {
        id: Set(session.id.to_string()),
        user_id: Set(user_id),
        created_at: Set(ChronoUnixTimestampMillis(now)),
        expires_at: Set(ChronoUnixTimestampMillis(session.ends_at)),
        user_agent: Set(user_agent.map(|name| name.chars().take(USER_AGENT_CHARS).collect())),
        key_id: Set(key_id.to_owned()),
    };
    Ok(row.insert(db).await?)
}

/// The row of the session that a request carries.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl ConnectionTrait, session: &Session) -> Result<Option<Model>, Error> {
    Ok(of_user(session.user_id).filter(COLUMN.id.eq(session.id.to_string())).one(db).await?)
}

/// The user's sessions that live, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &impl ConnectionTrait, user_id: i64, now: DateTime<Utc>) -> Result<Vec<Model>, Error> {
    let live = of_user(user_id).filter(Column::ExpiresAt.gt(now.timestamp_millis()));
    Ok(live.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).all(db).await?)
}

/// How many sessions live of each user with an id in `users` who has any.
///
/// # Errors
/// When the database fails.
pub async fn count_by_user(
    db: &impl ConnectionTrait,
    users: RangeInclusive<i64>,
    now: DateTime<Utc>,
) -> Result<HashMap<i64, i64>, Error> {
    let live = Entity::find()
        .filter(Column::UserId.between(*users.start(), *users.end()))
        .filter(Column::ExpiresAt.gt(now.timestamp_millis()))
        .select_only()
        .column(Column::UserId)
        .column_as(Column::Id.count(), "live")
        .group_by(Column::UserId);
    Ok(live.into_tuple().all(db).await?.into_iter().collect())
}

/// Ends sessions of the user; to be called in a transaction. What comes back must be made known to
/// this replica's set once the transaction is committed.
///
/// # Errors
/// When the database fails.
pub async fn end(
    db: &impl ConnectionTrait,
    user_id: i64,
    which: Which,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<Vec<Ended>, Error> {
    let meant = match which {
        Which::One(id) => of_user(user_id).filter(COLUMN.id.eq(id.to_string())),
        Which::AllBut(id) => of_user(user_id).filter(COLUMN.id.ne(id.to_string())),
        Which::All => of_user(user_id),
    };
    end_rows(db, meant.all(db).await?, reason, now).await
}

/// Ends the user's oldest sessions until one more would make `most`.
///
/// # Errors
/// When the database fails.
pub async fn make_room(
    db: &impl ConnectionTrait,
    user_id: i64,
    most: usize,
    now: DateTime<Utc>,
) -> Result<Vec<Ended>, Error> {
    let live = list(db, user_id, now).await?;
    end_rows(db, live.into_iter().skip(most.saturating_sub(1)).collect(), Reason::SessionLimit, now).await
}

/// Ends a session whose token was presented, a user's or an anonymous visitor's, as [`end`] does.
///
/// # Errors
/// When the database fails.
pub async fn end_presented(
    db: &impl ConnectionTrait,
    session: &AnySession,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<Vec<Ended>, Error> {
    if let Some(Session { user_id, id, .. }) = session.of_user() {
        return end(db, user_id, Which::One(id), reason, now).await;
    }
    session_variables::delete(db, std::iter::once(session.id.to_string())).await?;
    let ended = vec![Ended { id: session.id, reason, expires_at: session.ends_at }];
    revocation::create(db, &ended, now).await?;
    Ok(ended)
}

async fn end_rows(
    db: &impl ConnectionTrait,
    rows: Vec<Model>,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<Vec<Ended>, Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = || rows.iter().map(|row| row.id.clone());
    Entity::delete_many().filter(COLUMN.id.is_in(ids())).exec(db).await?;
    session_variables::delete(db, ids()).await?;
    // Also those past their expiry: within the leeway their tokens are still accepted, and what is behind
    // it is soon purged, here and there.
    let ended: Vec<_> = rows
        .iter()
        .filter_map(|row| Some(Ended { id: row.id.parse().ok()?, reason, expires_at: row.expires_at.0 }))
        .collect();
    revocation::create(db, &ended, now).await?;
    Ok(ended)
}

/// When the last token that the key of this id signed expires, as far as live sessions tell.
///
/// # Errors
/// When the database fails.
pub async fn last_of_key(db: &impl ConnectionTrait, key_id: &str) -> Result<Option<DateTime<Utc>>, Error> {
    let signed = Entity::find().filter(COLUMN.key_id.eq(key_id)).order_by_desc(Column::ExpiresAt).limit(1);
    Ok(signed.one(db).await?.map(|row| row.expires_at.0))
}

/// Removes rows of tokens that expired before `before`; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn purge(db: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<u64, Error> {
    let expired = Column::ExpiresAt.lt(before.timestamp_millis());
    Ok(Entity::delete_many().filter(expired).exec(db).await?.rows_affected)
}
