//! `daypass backup` and `daypass restore`: copies of a SQLite database.

use std::path::{Path, PathBuf};

use clap::Args;

use super::confirm::Confirm;
use super::failure::Failure;
use super::output::stdout_line;
use crate::accounts::administration;
use crate::config::Config;
use crate::platform::clock::Clock;
use crate::platform::database;
use crate::platform::database::DatabaseError;
use crate::platform::database::backup::{copy, put_in_place, set_aside, sqlite_url};

#[derive(Args, Debug)]
pub(super) struct Backup {
    /// New file to write
    file: PathBuf,
}

#[derive(Args, Debug)]
pub(super) struct Restore {
    /// File that `daypass backup` has written, or another copy of the database
    file: PathBuf,
    /// Keep the sessions of the backup. Sessions that ended after the backup are then active again
    #[arg(long)]
    keep_sessions: bool,
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
    let draft = copy(&config.database.database_url, file).await?;
    put_in_place(&draft, file).await?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    stdout_line(&format!("{} bytes written to {}", size, file.display()))
}

pub(super) async fn restore(restore: &Restore, config: &Config) -> Result<(), Failure> {
    let target = database_file(config)?;
    let file = &restore.file;
    if !file.exists() {
        return Err(Failure::usage(format!("there is no file {}", file.display())));
    }
    restore.confirm.ask(&format!("Replace the database {} by {}?", target.display(), file.display()))?;
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let draft = copy(&sqlite_url(file, "ro"), &target).await?;
    let restored = match prepare(&draft, restore.keep_sessions).await {
        Ok(()) => replace(&draft, &target).await,
        Err(failure) => Err(failure),
    };
    if restored.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    let kept = restored?.map_or_else(String::new, |kept| format!("; the previous database is {}", kept.display()));
    let sessions = if restore.keep_sessions { "" } else { "; all sessions ended, so users must sign in again" };
    stdout_line(&format!("{} restored{kept}{sessions}", target.display()))
}

/// Brings the tables of the copy up to date, and ends its sessions.
async fn prepare(draft: &Path, keep_sessions: bool) -> Result<(), Failure> {
    let db = database::connect(&sqlite_url(draft, "rw")).await?;
    let prepared = async {
        if !database::is_migrated(&db).await {
            return Err(Failure::usage("the file is not a database of Daypass".to_owned()));
        }
        database::migrate(&db).await.map_err(DatabaseError::Migrate)?;
        if !keep_sessions {
            administration::end_all_sessions(&db).await?;
        }
        Ok(())
    }
    .await;
    db.close_in_time().await;
    prepared
}

/// Puts the copy in the place of the database. Returns the new path of the previous database, if there was one.
async fn replace(draft: &Path, target: &Path) -> Result<Option<PathBuf>, Failure> {
    let mut kept = None;
    if target.exists() {
        let time = Clock::System.now().format("%Y%m%dT%H%M%SZ");
        let name = format!("{}.replaced-{time}", target.file_name().unwrap_or_default().to_string_lossy());
        let path = target.with_file_name(name);
        set_aside(target, &path).await?;
        kept = Some(path);
    }
    put_in_place(draft, target).await?;
    Ok(kept)
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
