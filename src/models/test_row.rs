//! The course's first table: rows of text that belong to nobody.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::error::Error;

/// A row of it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tests")]
pub struct Model {
    /// Never given out twice.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Any text.
    pub testdata: String,
    /// What the course's second migration adds.
    pub first_name: Option<String>,
    /// When it was created.
    pub created_at: ChronoUnixTimestampMillis,
    /// When it last changed.
    pub updated_at: ChronoUnixTimestampMillis,
}

impl ActiveModelBehavior for ActiveModel {}

/// Inserts a row with its times.
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
    Ok(row.insert(db).await?)
}
