//! Rows of the course's table `tests`. They have no owner, and every client may read and create them.
//!
//! Schema: `migration/src/m20261121_000008_tests.rs`; a later migration adds `first_name`.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;

use crate::error::Error;
use crate::types::TestRowId;

/// The maximum number of rows. Older rows are deleted, because every client may insert rows.
pub const MAX_ROWS: i64 = 1000;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tests")]
pub struct Model {
    /// The id. It is never reused.
    #[sea_orm(primary_key)]
    pub id: TestRowId,
    pub testdata: String,
    pub created_at: ChronoUnixTimestampMillis,
    pub updated_at: ChronoUnixTimestampMillis,
    /// The column that the course's second migration adds.
    pub first_name: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Returns all rows, oldest first.
pub async fn list(db: &impl ConnectionTrait) -> Result<Vec<Model>, Error> {
    Ok(Entity::find().order_by_asc(Column::Id).all(db).await?)
}

/// Inserts a row, and deletes the oldest rows above [`MAX_ROWS`].
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
    Entity::delete_many().filter(COLUMN.id.lte(TestRowId(row.id.0 - MAX_ROWS))).exec(db).await?;
    Ok(row)
}
