//! Seeds that were run: when, and which rows each made. An id is never given out twice, so it is enough to
//! find a row again, whatever has become of it.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, IntoActiveModel, QueryOrder, QuerySelect, SqlErr};
use serde::{Deserialize, Serialize};

use super::session::{self, Which};
use super::{item, test_row, user, workout_log};
use crate::auth::reason::Reason;
use crate::error::Error;

/// A seed's row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seeds")]
pub struct Model {
    /// Its name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// When it was run.
    pub ran_at: ChronoUnixTimestampMillis,
    /// [`Made`], as JSON.
    #[sea_orm(column_type = "Text")]
    pub made: String,
}

impl ActiveModelBehavior for ActiveModel {}

/// The ids of the rows that a seed made, by their table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Made {
    /// Of `users`.
    pub users: Vec<i64>,
    /// Of `items`.
    pub items: Vec<i64>,
    /// Of `workout_logs`.
    pub workout_logs: Vec<i64>,
    /// Of `tests`.
    pub tests: Vec<i64>,
}

/// The seeds that were run, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>, Error> {
    Ok(Entity::find().order_by_asc(Column::RanAt).order_by_asc(Column::Name).all(db).await?)
}

/// Records that the seed of this name is run; none if it was before. Of several who try at once, the others
/// wait until the transaction of the first has ended.
///
/// # Errors
/// When the database fails.
pub async fn record(db: &DatabaseTransaction, name: &str, now: DateTime<Utc>) -> Result<Option<Model>, Error> {
    let row =
        ActiveModel { name: Set(name.to_owned()), ran_at: Set(ChronoUnixTimestampMillis(now)), made: Set("{}".into()) };
    match row.insert(db).await {
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => Ok(None),
        recorded => Ok(Some(recorded?)),
    }
}

/// The seed of this name, held until the transaction ends; none if it was not run.
///
/// # Errors
/// When the database fails.
pub async fn lock(db: &DatabaseTransaction, name: &str) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(name).lock_exclusive().one(db).await?)
}

impl Model {
    /// Remembers the rows that it made, in the transaction that made them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remember(self, db: &DatabaseTransaction, made: &Made) -> Result<(), Error> {
        let mut seed = self.into_active_model();
        seed.made = Set(serde_json::to_string(made).map_err(Error::fault)?);
        seed.update(db).await?;
        Ok(())
    }

    /// Deletes the rows that a locked seed made and that are still there, and its record. Users go as when they
    /// delete their account, with their sessions and all that is theirs. How many rows of its own went.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revert(self, db: &DatabaseTransaction, now: DateTime<Utc>) -> Result<u64, Error> {
        let made: Made = serde_json::from_str(&self.made).map_err(Error::fault)?;
        // Users are held first, as whoever deletes an account does: in another order the two could wait for each other.
        let mut users = Vec::new();
        for id in &made.users {
            match user::lock(db, *id).await {
                Err(Error::Refused(_)) => {}
                user => users.push(user?),
            }
        }
        let mut deleted = delete::<item::Entity>(db, item::Column::Id, &made.items).await?;
        deleted += delete::<workout_log::Entity>(db, workout_log::Column::Id, &made.workout_logs).await?;
        deleted += delete::<test_row::Entity>(db, test_row::Column::Id, &made.tests).await?;
        for user in users {
            session::end(db, user.id, Which::All, Reason::AccountDeletion, now).await?;
            user.delete(db).await?;
            deleted += 1;
        }
        ModelTrait::delete(self, db).await?;
        Ok(deleted)
    }
}

async fn delete<E: EntityTrait>(db: &DatabaseTransaction, id: E::Column, ids: &[i64]) -> Result<u64, Error> {
    let rows = E::delete_many().filter(id.is_in(ids.iter().copied()));
    Ok(rows.exec(db).await?.rows_affected)
}
