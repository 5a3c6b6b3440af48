//! Opens the configured database for commands other than `serve` and `migrate`.

use migration::{Migrator, MigratorTrait as _};

use super::failure::Failure;
use crate::config::Config;
use crate::models::session::EndedAt;
use crate::platform::clock::Clock;
use crate::platform::database;
use crate::platform::database::{DatabaseError, Pool};

/// Opens the database. Fails if the SQLite file does not exist: only `serve` and `migrate up` create it.
pub(super) async fn open_existing(config: &Config) -> Result<Pool, Failure> {
    let url = &config.database.database_url;
    // Without `mode=rwc` in the address, `connect` does not create the file and returns an error with other advice.
    if let Some(file) = url.file().filter(|file| url.creates_file() && !file.exists()) {
        let path = std::path::absolute(&file).unwrap_or(file);
        let advice = "run this command in the folder of the service, set DATABASE_URL, or run: daypass migrate up";
        return Err(Failure::from(format!("there is no database {}; {advice}", path.display())));
    }
    Ok(database::connect(url).await?)
}

/// Opens the database. Fails if migrations are pending: only `serve` and `migrate` apply them.
async fn open(config: &Config) -> Result<Pool, Failure> {
    let db = open_existing(config).await?;
    let pending = Migrator::get_pending_migrations(&*db).await.map_err(DatabaseError::Migrate)?;
    if pending.is_empty() {
        return Ok(db);
    }
    let url = &config.database.database_url;
    Err(Failure::from(format!("the tables of {url} are not up to date; run: daypass migrate up")))
}

/// Opens the database, runs a command on it, and closes it. Without closing it, SQLite's write-ahead log would stay. If
/// root ran the command while the service was stopped, the service could not open this log.
pub(super) async fn with<T>(
    config: &Config,
    command: impl AsyncFnOnce(&Pool) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let db = open(config).await?;
    let result = command(&db).await;
    db.close_in_time().await;
    result
}

/// Returns the current time and the lifetime of a session, for a command that ends sessions.
pub(super) fn ended_at(config: &Config) -> EndedAt {
    EndedAt { now: Clock::System.now(), lifetime: config.session_max() }
}
