//! Session data in the database: one row per session that has variables.
//!
//! There is no foreign key to `sessions`, because anonymous sessions have no row there.
//!
//! Schema: `migration/src/m20261121_000011_session_variables.rs`.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect, QueryTrait, SqlErr};

use crate::auth::token::session_id::SessionId;
use crate::error::Error;
use crate::models::expiry::Expires;
use crate::models::revocation;
use crate::platform::database::Transaction;

/// The maximum number of ended sessions that one query returns. Usually there are none.
const MAX_ENDED: u64 = 500;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session_variables")]
pub struct Model {
    /// The `sid` of the session's token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: String,
    /// The variables as JSON.
    #[sea_orm(column_name = "bag", column_type = "Text")]
    pub data: String,
    /// When the session ends if nothing ends it earlier.
    pub expires_at: ChronoUnixTimestampMillis,
}

impl ActiveModelBehavior for ActiveModel {}

impl Expires for Entity {
    type Key = String;
    const KEY: Column = Column::SessionId;
    const EXPIRES_AT: Column = Column::ExpiresAt;
}

pub async fn find(db: &impl ConnectionTrait, session: SessionId) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(session.to_string()).one(db).await?)
}

/// Returns the row of a session, locked until the transaction ends.
pub async fn lock(db: &Transaction, session: SessionId) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(session.to_string()).lock_exclusive().one(db).await?)
}

/// Inserts the row of a session. Returns `false` if the row already exists.
pub async fn create(
    db: &impl ConnectionTrait,
    session: SessionId,
    data: String,
    ends_at: DateTime<Utc>,
) -> Result<bool, Error> {
    let row = ActiveModel {
        session_id: Set(session.to_string()),
        data: Set(data),
        expires_at: Set(ChronoUnixTimestampMillis(ends_at)),
    };
    match row.insert(db).await {
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => Ok(false),
        inserted => Ok(inserted.map(|_| true)?),
    }
}

/// Deletes the rows of these sessions.
pub async fn delete(db: &impl ConnectionTrait, sessions: impl Iterator<Item = String>) -> Result<(), Error> {
    Entity::delete_many().filter(COLUMN.session_id.is_in(sessions)).exec(db).await?;
    Ok(())
}

/// Returns ended sessions that still have a row. A replica can write such a row before it receives the revocation. On
/// MySQL, a single statement that finds and deletes these rows would also lock other rows.
pub async fn list_ended(db: &impl ConnectionTrait) -> Result<Vec<String>, Error> {
    let ended = revocation::Entity::find().select_only().column(revocation::Column::SessionId).into_query();
    let rows = Entity::find().select_only().column(Column::SessionId).filter(Column::SessionId.in_subquery(ended));
    Ok(rows.order_by_asc(Column::SessionId).limit(MAX_ENDED).into_tuple().all(db).await?)
}

impl Model {
    /// Replaces the variables of a locked row.
    pub async fn save(self, db: &impl ConnectionTrait, data: String) -> Result<(), Error> {
        let mut row = self.into_active_model();
        row.data = Set(data);
        row.update(db).await?;
        Ok(())
    }
}
