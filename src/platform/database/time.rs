//! The clock of the database server.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

/// Returns the time of the database server, or `None` on SQLite, which has only the clock of this machine.
pub async fn now(db: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>, DbErr> {
    let backend = db.get_database_backend();
    let query = match backend {
        DbBackend::Postgres => "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS millis",
        DbBackend::MySql => "SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED) AS millis",
        _ => return Ok(None),
    };
    let row = db.query_one_raw(Statement::from_string(backend, query)).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("the time of the database".to_owned()))?;
    Ok(DateTime::from_timestamp_millis(row.try_get("", "millis")?))
}
