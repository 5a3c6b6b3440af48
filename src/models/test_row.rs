//! Rows of the course's lessons before anybody signs in: text that belongs to nobody and that anybody may read.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;

use crate::error::Error;

/// Anybody may write, so these many are kept, the newest.
pub const KEPT: i64 = 1000;

/// A row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tests")]
pub struct Model {
    /// Never given out twice.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// As it came.
    pub testdata: String,
    /// When it was created.
    pub created_at: ChronoUnixTimestampMillis,
    /// When it last changed.
    pub updated_at: ChronoUnixTimestampMillis,
    /// What the course's second migration adds.
    pub first_name: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

/// All rows, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &impl ConnectionTrait) -> Result<Vec<Model>, Error> {
    Ok(Entity::find().order_by_asc(Column::Id).all(db).await?)
}

/// Inserts a row, and deletes what is no longer among the newest.
///
/// # Errors
/// When the database fails.
pub async fn create(
    db: &impl ConnectionTrait,
    testdata: &str,
    first_name: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Model, Error> {
    let row = ActiveModel {
        testdata: Set(testdata.to_owned()),
        first_name: Set(first_name.map(str::to_owned)),
        created_at: Set(ChronoUnixTimestampMillis(now)),
        updated_at: Set(ChronoUnixTimestampMillis(now)),
        ..Default::default()
    };
    let row = row.insert(db).await?;
    Entity::delete_many().filter(COLUMN.id.lte(row.id - KEPT)).exec(db).await?;
    Ok(row)
}
