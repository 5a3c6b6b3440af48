//! Seeds that were run, with the ids of the rows that they inserted. Ids are never reused, so a recorded id never
//! refers to another row.
//!
//! Schema: `migration/src/m20261121_000010_seeds.rs`.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect, SqlErr};
use serde::{Deserialize, Serialize};

use super::session;
use super::session::EndedAt;
use super::{item, test_row, user, workout_log};
use crate::auth::revocation::reason::Reason;
use crate::error::Error;
use crate::platform::database::Transaction;
use crate::types::{ItemId, TestRowId, UserId, WorkoutLogId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seeds")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub ran_at: ChronoUnixTimestampMillis,
    /// [`SeededRows`] as JSON.
    #[sea_orm(column_name = "made", column_type = "Text")]
    pub rows: String,
}

impl ActiveModelBehavior for ActiveModel {}

/// The ids of the rows that a seed inserted, by table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeededRows {
    pub users: Vec<UserId>,
    pub items: Vec<ItemId>,
    pub workout_logs: Vec<WorkoutLogId>,
    pub tests: Vec<TestRowId>,
}

/// Returns the seeds that were run, oldest first.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>, Error> {
    Ok(Entity::find().order_by_asc(Column::RanAt).order_by_asc(Column::Name).all(db).await?)
}

/// Records a run of the seed with this name. Returns `None` if the seed was run before. Concurrent calls wait until the
/// transaction of the first call ends.
pub async fn record(db: &Transaction, name: &str, now: DateTime<Utc>) -> Result<Option<Model>, Error> {
    let row =
        ActiveModel { name: Set(name.to_owned()), ran_at: Set(ChronoUnixTimestampMillis(now)), rows: Set("{}".into()) };
    match row.insert(db).await {
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => Ok(None),
        recorded => Ok(Some(recorded?)),
    }
}

/// Returns the record of the seed with this name, locked until the transaction ends. Returns `None` if the seed was not
/// run.
pub async fn lock(db: &Transaction, name: &str) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(name).lock_exclusive().one(db).await?)
}

impl Model {
    /// Stores the ids of the inserted rows. Call this function in the transaction that inserts the rows.
    pub async fn save_rows(self, db: &Transaction, rows: &SeededRows) -> Result<(), Error> {
        let mut seed = self.into_active_model();
        seed.rows = Set(serde_json::to_string(rows).map_err(Error::fault)?);
        seed.update(db).await?;
        Ok(())
    }

    /// Deletes the record of a locked seed, and the rows that the seed inserted. Users are deleted with all their
    /// sessions and rows. Returns how many of the seed's rows were deleted.
    pub async fn revert(self, db: &Transaction, at: EndedAt) -> Result<u64, Error> {
        let rows: SeededRows = serde_json::from_str(&self.rows).map_err(Error::fault)?;
        // Users are locked first, as in account deletion, because another order could cause a deadlock.
        let mut users = Vec::new();
        for id in &rows.users {
            match user::lock(db, *id).await {
                Err(Error::Refused(_)) => {}
                user => users.push(user?),
            }
        }
        let mut deleted = delete::<item::Entity>(db, item::Column::Id, &rows.items).await?;
        deleted += delete::<workout_log::Entity>(db, workout_log::Column::Id, &rows.workout_logs).await?;
        deleted += delete::<test_row::Entity>(db, test_row::Column::Id, &rows.tests).await?;
        for user in users {
            session::end_all(db, user.id, None, Reason::AccountDeletion, at).await?;
            user.delete(db).await?;
            deleted += 1;
        }
        ModelTrait::delete(self, db).await?;
        Ok(deleted)
    }
}

async fn delete<E: EntityTrait>(
    db: &Transaction,
    id: E::Column,
    ids: &[impl Into<Value> + Copy],
) -> Result<u64, Error> {
    let rows = E::delete_many().filter(id.is_in(ids.iter().copied()));
    Ok(rows.exec(db).await?.rows_affected)
}
