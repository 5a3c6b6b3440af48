//! Session variables in the database: a row for each session that has any, its bag as JSON.
//!
//! No foreign key: the sessions of anonymous visitors have no row of their own.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait, SqlErr};

use crate::auth::session_id::SessionId;
use crate::error::Error;
use crate::models::bag::Bag;
use crate::models::revocation;

/// So many rows of ended sessions are removed together; there are rarely any.
const MOST_AT_ONCE: u64 = 500;

/// A row of session variables.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session_variables")]
pub struct Model {
    /// The `sid` of the session's token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: String,
    /// The variables, as JSON.
    #[sea_orm(column_type = "Text")]
    pub bag: String,
    /// When the session ends at the latest.
    pub expires_at: ChronoUnixTimestampMillis,
}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a session, if it has one.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl ConnectionTrait, session: SessionId) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(session.to_string()).one(db).await?)
}

/// The row of a session, held until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(db: &DatabaseTransaction, session: SessionId) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(session.to_string()).lock_exclusive().one(db).await?)
}

/// Inserts the row of a session; whether there was none.
///
/// # Errors
/// When the database fails.
pub async fn create(
    db: &impl ConnectionTrait,
    session: SessionId,
    bag: &Bag,
    ends_at: DateTime<Utc>,
) -> Result<bool, Error> {
    let row = ActiveModel {
        session_id: Set(session.to_string()),
        bag: Set(bag.to_json()?),
        expires_at: Set(ChronoUnixTimestampMillis(ends_at)),
    };
    match row.insert(db).await {
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => Ok(false),
        inserted => Ok(inserted.map(|_| true)?),
    }
}

/// Removes the rows of sessions that ended.
///
/// # Errors
/// When the database fails.
pub async fn delete(db: &impl ConnectionTrait, sessions: impl Iterator<Item = String>) -> Result<(), Error> {
    Entity::delete_many().filter(COLUMN.session_id.is_in(sessions)).exec(db).await?;
    Ok(())
}

/// The sessions with rows that are recorded as ended: a replica that did not know it yet may have written them
/// afterwards. Only read, for a deletion that looks for them itself would lock all others on MySQL.
///
/// # Errors
/// When the database fails.
pub async fn of_ended(db: &impl ConnectionTrait) -> Result<Vec<String>, Error> {
    let ended = revocation::Entity::find().select_only().column(revocation::Column::SessionId).into_query();
    let rows = Entity::find().select_only().column(Column::SessionId).filter(Column::SessionId.in_subquery(ended));
    Ok(rows.order_by_asc(Column::SessionId).limit(MOST_AT_ONCE).into_tuple().all(db).await?)
}

/// Removes rows of sessions that expired before `before`; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn purge(db: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<u64, Error> {
    let expired = Column::ExpiresAt.lt(before.timestamp_millis());
    Ok(Entity::delete_many().filter(expired).exec(db).await?.rows_affected)
}

impl Model {
    /// The variables.
    ///
    /// # Errors
    /// When the row was not written by this service.
    pub fn bag(&self) -> Result<Bag, Error> {
        Bag::from_json(self.bag.as_bytes())
    }

    /// Writes the row anew.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn save(self, db: &impl ConnectionTrait, bag: &Bag) -> Result<(), Error> {
        let mut row = self.into_active_model();
        row.bag = Set(bag.to_json()?);
        row.update(db).await?;
        Ok(())
    }
}
