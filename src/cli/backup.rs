//! `daypass backup` and `daypass restore`: copies of a SQLite database.

use std::path::{Path, PathBuf};

use clap::Args;

use super::confirm::Confirm;
use super::failure::Failure;
use super::output::stdout_line;
use crate::accounts::administration;
use crate::config::Config;
use crate::events::EventKind;
use crate::platform::clock::Clock;
use crate::platform::database;
use crate::platform::database::DatabaseError;
use crate::platform::database::backup::{copy, exchange, put_in_place, remove_files, sqlite_url};
use crate::platform::private_file::copy_owner;

#[derive(Args, Debug)]
pub(super) struct Backup {
    /// New file to write
    file: PathBuf,
}

#[derive(Args, Debug)]
pub(super) struct Restore {
    /// File that `daypass backup` has written, or another copy of the database
    file: PathBuf,
    #[command(flatten)]
    confirm: Confirm,
}

pub(super) async fn back_up(Backup { file }: &Backup, config: &Config) -> Result<(), Failure> {
    let database = database_file(config)?;
    if file.exists() {
        return Err(Failure::usage(format!("{} exists; name a new file", file.display())));
    }
    if !database.exists() {
        return Err(Failure::from(format!("there is no database {}", database.display())));
    }
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        return Err(Failure::usage(format!("the folder {} does not exist; create it first", folder.display())));
    }
    let draft = copy(&config.database.database_url, file).await?;
    put_in_place(&draft, file).await?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    stdout_line(&format!("{} bytes written to {}", size, file.display()))
}

pub(super) async fn restore(restore: &Restore, config: &Config) -> Result<(), Failure> {
    let target = database_file(config)?;
    let file = &restore.file;
    if !file.is_file() {
        return Err(Failure::usage(format!("there is no file {}", file.display())));
    }
    if file.canonicalize().is_ok_and(|file| target.canonicalize().is_ok_and(|target| file == target)) {
        return Err(Failure::usage(format!("{} is the database itself; name a copy", file.display())));
    }
    restore.confirm.ask(&format!("Replace the database {} with {}?", target.display(), file.display()))?;
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let draft = copy(&sqlite_url(file, mode_for_copying(file)), &target).await?;
    let restored = match prepare(&draft).await {
        Ok(()) => replace(&draft, &target).await,
        Err(failure) => Err(failure),
    };
    if restored.is_err() {
        remove_files(&draft);
    }
    let kept = restored?.map_or_else(String::new, |kept| format!("; the previous database is {}", kept.display()));
    stdout_line(&format!("{} restored{kept}; all sessions ended, so users must sign in again", target.display()))
}

/// Returns how to open a database that is copied. SQLite creates files beside a database, unless it is immutable. A
/// database with a write-ahead log is not immutable, because the log must be read.
fn mode_for_copying(file: &Path) -> &'static str {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    if Path::new(&log).exists() { "ro" } else { "ro&immutable=1" }
}

/// Brings the tables of the copy up to date, and ends all sessions. Sessions that ended after the backup would otherwise
/// be active again, and users who signed up after the backup could have the ids of new users.
async fn prepare(draft: &Path) -> Result<(), Failure> {
    let db = database::connect(&sqlite_url(draft, "rw")).await?;
    let prepared = async {
        if !database::is_migrated(&db).await {
            return Err(Failure::usage("the file is not a database of Daypass; nothing was changed".to_owned()));
        }
        database::migrate(&db).await.map_err(DatabaseError::Migrate)?;
        administration::end_all_sessions(&db, EventKind::DatabaseRestored, Clock::System.now()).await?;
        Ok(())
    }
    .await;
    db.close_in_time().await;
    prepared
}

/// Puts the copy in the place of the database. Returns the new path of the previous database, if there was one.
async fn replace(draft: &Path, target: &Path) -> Result<Option<PathBuf>, Failure> {
    if !target.exists() {
        // If root restores the database of a service, the service must be able to open it.
        let _ = target.parent().map(|folder| copy_owner(folder, draft));
        put_in_place(draft, target).await?;
        return Ok(None);
    }
    let time = Clock::System.now().format("%Y%m%dT%H%M%S%.3fZ");
    let name = format!("{}.replaced-{time}", target.file_name().unwrap_or_default().to_string_lossy());
    let kept = target.with_file_name(name);
    exchange(draft, target, &kept).await?;
    Ok(Some(kept))
}

/// Returns the path of the SQLite database.
fn database_file(config: &Config) -> Result<PathBuf, Failure> {
    let url = &config.database.database_url;
    url.check().map_err(|error| Failure::usage(format!("DATABASE_URL: {error}")))?;
    url.file().ok_or_else(|| {
        let tools = "use pg_dump and pg_restore for PostgreSQL, or mariadb-dump and mariadb for MariaDB";
        Failure::usage(format!("{url} is not a SQLite file; {tools} (docs/deploying.md)"))
    })
}
