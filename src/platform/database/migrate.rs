//! Runs migrations. Only one replica migrates at a time.

use std::time::Duration;

use migration::{Migrator, MigratorTrait, check_other_tables, drop_tables};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement};
use tokio::time::Instant;
use tracing::info;

use super::Pool;
use super::transaction::begin_immediate;

/// The key of the advisory lock on PostgreSQL.
const LOCK: i64 = 0x0064_6179_7061_7373;
/// How long a replica waits for the lock on MySQL or MariaDB.
const MAX_WAIT: Duration = Duration::from_mins(10);

/// Runs the pending migrations under a lock. If one fails, all are rolled back, except on MySQL and MariaDB.
pub async fn migrate(db: &Pool) -> Result<(), DbErr> {
    let transaction = begin_immediate(db).await?;
    let backend = db.get_database_backend();
    match backend {
        DbBackend::Postgres => {
            // The time limits for requests do not apply to migrations.
            transaction.execute_unprepared("SET LOCAL lock_timeout = 0").await?;
            transaction.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
            transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
        }
        DbBackend::MySql => {
            // The lock limit for requests does not apply to migrations. It is restored afterwards, because requests
            // reuse the connection.
            transaction.execute_unprepared("SET @request_limit = @@innodb_lock_wait_timeout").await?;
            transaction.execute_unprepared("SET SESSION innodb_lock_wait_timeout = 50").await?;
            lock_by_name(&transaction).await?;
        }
        _ => {}
    }
    let result = async {
        check_other_tables(&transaction).await?;
        Migrator::up(&transaction, None).await
    };
    let result = result.await;
    if backend == DbBackend::MySql {
        // The lock belongs to the connection, not to the transaction. If the migration failed, errors of the release
        // are ignored, because the lock ends with the connection.
        let released = transaction.execute_unprepared("SELECT RELEASE_LOCK('daypass-migration')").await;
        let restored = transaction.execute_unprepared("SET SESSION innodb_lock_wait_timeout = @request_limit").await;
        if result.is_ok() {
            released?;
            restored?;
        }
    }
    match result {
        // The migrator returns this error if an unknown migration was applied.
        Err(DbErr::Custom(text)) if text.contains("is missing") => {
            Err(DbErr::Migration("its tables were created by a newer release of Daypass".to_owned()))
        }
        Err(error) => Err(error),
        Ok(()) => transaction.commit().await,
    }
}

/// Returns the text of a migration error without SeaORM's prefix.
pub(super) fn cause(error: &DbErr) -> String {
    match error {
        DbErr::Migration(text) => text.clone(),
        error => error.to_string(),
    }
}

/// Returns whether at least one migration was applied to the database.
pub async fn is_migrated(db: &Pool) -> bool {
    let query = Statement::from_string(db.get_database_backend(), "SELECT COUNT(*) FROM daypass_migrations");
    let count = db.query_one_raw(query).await.ok().flatten().and_then(|row| row.try_get_by_index::<i64>(0).ok());
    count.is_some_and(|count| count > 0)
}

/// Drops the tables of Daypass with their data and creates them again. Tables of other applications stay.
pub async fn recreate(db: &Pool) -> Result<(), DbErr> {
    let transaction = begin_immediate(db).await?;
    drop_tables(&transaction).await?;
    transaction.commit().await?;
    migrate(db).await
}

/// Waits until this connection holds the lock. `GET_LOCK` returns 1 if the lock was acquired, 0 after the time-out, and
/// NULL after an error.
async fn lock_by_name(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    let started = Instant::now();
    while started.elapsed() < MAX_WAIT {
        let query = "SELECT CAST(GET_LOCK('daypass-migration', 10) AS SIGNED) AS acquired";
        let answer = transaction.query_one_raw(Statement::from_string(DbBackend::MySql, query)).await?;
        let acquired: Option<i64> = answer.map(|row| row.try_get("", "acquired")).transpose()?.flatten();
        match acquired {
            Some(1) => return Ok(()),
            Some(_) => info!("waiting for the migrations of another replica"),
            None => return Err(DbErr::Migration("cannot take the migration lock: GET_LOCK failed".to_owned())),
        }
    }
    Err(DbErr::Migration("another process has held the migration lock for ten minutes".to_owned()))
}
