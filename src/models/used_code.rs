//! Codes that are not stored before they are used. Each can be used once, on one replica.
//!
//! Schema: `migration/src/m20261129_000022_used_codes.rs`.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::SqlErr;
use sea_orm::entity::prelude::*;

use super::expiry::Expires;
use crate::error::Error;
use crate::platform::database::Pool;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "used_codes")]
pub struct Model {
    /// The hash of the code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code_hash: String,
    /// When the code expires. Until then, it must not be used again.
    pub expires_at: ChronoUnixTimestampMillis,
}

impl ActiveModelBehavior for ActiveModel {}

impl Expires for Entity {
    type Key = String;
    const KEY: Column = Column::CodeHash;
    const EXPIRES_AT: Column = Column::ExpiresAt;
}

/// Records that the code with this hash is used. Returns `false` if it was used before. Uses a transaction of its own,
/// because PostgreSQL rejects all further statements of a transaction in which a constraint was violated.
pub async fn use_up(db: &Pool, hash: String, expires_at: DateTime<Utc>) -> Result<bool, Error> {
    let row = ActiveModel { code_hash: Set(hash), expires_at: Set(ChronoUnixTimestampMillis(expires_at)) };
    let transaction = db.begin_write().await?;
    match Entity::insert(row).exec_without_returning(&transaction).await {
        Ok(_) => {
            transaction.commit().await?;
            Ok(true)
        }
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
