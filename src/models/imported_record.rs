//! Records that were imported from other databases, with the ids of the rows that were inserted for them.
//!
//! Schema: `migration/src/m20261128_000013_imported_records.rs`.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ExprTrait as _, FromQueryResult, IntoActiveModel, QueryOrder};

use crate::error::Error;
use crate::types::UserId;

/// The maximum number of characters in the name of a source database.
pub const MAX_SOURCE_CHARS: usize = 255;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "imported_records")]
pub struct Model {
    /// The name of the database from which the record was read.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    /// The table of the source database. Each source table is imported into one table of this database.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_table: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_id: i64,
    /// The id of the row in this database. The row may have been deleted in the meantime.
    pub local_id: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// Returns the local ids of the records that were already imported, by their ids in the source.
pub async fn find(
    db: &impl ConnectionTrait,
    source: &str,
    source_table: &str,
    source_ids: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, i64>, Error> {
    let records = Entity::find()
        .filter(COLUMN.source.eq(source))
        .filter(COLUMN.source_table.eq(source_table))
        .filter(COLUMN.source_id.is_in(source_ids));
    Ok(records.all(db).await?.into_iter().map(|record| (record.source_id, record.local_id)).collect())
}

/// Returns the import records of these rows, from any source, by local id.
pub async fn of_rows(
    db: &impl ConnectionTrait,
    source_table: &str,
    local_ids: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, Model>, Error> {
    let records = Entity::find().filter(COLUMN.source_table.eq(source_table)).filter(COLUMN.local_id.is_in(local_ids));
    Ok(records.all(db).await?.into_iter().map(|record| (record.local_id, record)).collect())
}

/// Returns the record from which a user was imported.
pub async fn of_user(db: &impl ConnectionTrait, id: UserId) -> Result<Option<Model>, Error> {
    let records = Entity::find().filter(COLUMN.source_table.eq("users")).filter(COLUMN.local_id.eq(id.0));
    Ok(records.one(db).await?)
}

/// A row of this database without an import record.
#[derive(FromQueryResult)]
pub struct Unrecorded {
    pub id: i64,
    pub owner_id: UserId,
    pub created_at: ChronoUnixTimestampMillis,
}

/// Returns the rows of these owners that were created from `first` to `last`, inclusive, and have no import record for
/// this source table. The rows are ordered by id.
pub async fn rows_without<E: EntityTrait>(
    db: &impl ConnectionTrait,
    source_table: &str,
    owners: &HashSet<UserId>,
    [first, last]: [DateTime<Utc>; 2],
) -> Result<Vec<Unrecorded>, Error> {
    let record = Query::select()
        .expr(Expr::val(1))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::SourceTable)).eq(source_table))
        .and_where(Expr::col((Entity, Column::LocalId)).equals((E::default(), "id")))
        .take();
    let rows = E::find()
        .filter(Expr::col("owner_id").is_in(owners.iter().copied()))
        .filter(Expr::col("created_at").between(first.timestamp_millis(), last.timestamp_millis()))
        .filter(Expr::exists(record).not())
        .order_by_asc(Expr::col("id"));
    Ok(rows.into_model().all(db).await?)
}

/// Inserts import records, except those that a concurrent import has already inserted.
pub async fn create_all(db: &impl ConnectionTrait, records: Vec<Model>) -> Result<(), Error> {
    if records.is_empty() {
        return Ok(());
    }
    let rows = records.into_iter().map(|record| record.into_active_model().reset_all());
    let key = [Column::Source, Column::SourceTable, Column::SourceId];
    let unless_present = OnConflict::columns(key).do_nothing_on(key).to_owned();
    Entity::insert_many(rows).on_conflict(unless_present).exec_without_returning(db).await?;
    Ok(())
}
