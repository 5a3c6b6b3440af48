//! Sessions: one row for each that lives. Written at sign-in; validating a token never reads it.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::auth::token::Session;
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
    /// When its token expires.
    pub expires_at: ChronoUnixTimestampMillis,
    /// What the browser or program called itself at sign-in.
    pub user_agent: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Records a session that was issued at `now`.
///
/// # Errors
/// When the database fails.
pub async fn create(
    db: &impl ConnectionTrait,
    session: &Session,
    user_agent: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Model, Error> {
    let row = ActiveModel {
        id: Set(session.id.to_string()),
        user_id: Set(session.user_id),
        created_at: Set(ChronoUnixTimestampMillis(now)),
        expires_at: Set(ChronoUnixTimestampMillis(session.expires_at)),
        user_agent: Set(user_agent.map(|name| name.chars().take(USER_AGENT_CHARS).collect())),
    };
    Ok(row.insert(db).await?)
}

/// The row of the session that a request carries.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl ConnectionTrait, session: &Session) -> Result<Option<Model>, Error> {
    let row = Entity::find_by_id(session.id.to_string()).filter(COLUMN.user_id.eq(session.user_id));
    Ok(row.one(db).await?)
}
