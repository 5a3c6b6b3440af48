//! Copies of SQLite databases: the steps of `daypass backup` and `daypass restore`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use log::LevelFilter;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, Statement};

use super::{DatabaseError, DatabaseUrl, open, options_of};
use crate::platform::private_file;

/// The characters that the address of a file may contain.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'\\').remove(b':');
/// How long a restore waits for a command that reads the database.
const LOCK_WAIT: Duration = Duration::from_millis(500);

/// Why a database cannot be copied or replaced.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("cannot copy the database: {0}")]
    Copy(#[from] DbErr),
    #[error("{}: {cause}", path.display())]
    File { path: PathBuf, cause: io::Error },
    #[error("the copy is damaged: {0}")]
    Damaged(String),
    #[error("{} is in use; stop the service and try again", .0.display())]
    InUse(PathBuf),
}

/// Returns the address of a SQLite file. `mode` is `ro`, `rw` or `rwc`.
#[must_use]
pub fn sqlite_url(file: &Path, mode: &str) -> DatabaseUrl {
    let path = file.to_string_lossy();
    DatabaseUrl::from(format!("sqlite://{}?mode={mode}", utf8_percent_encode(&path, ENCODED)))
}

/// Copies a database into a new file beside `target`, and returns the path of the copy. The copy is one consistent
/// state, also while the service writes. It contains the rows of the write-ahead log.
pub async fn copy(source: &DatabaseUrl, target: &Path) -> Result<PathBuf, BackupError> {
    let draft = draft_beside(target);
    remove_files(&draft);
    let db = open_for_copying(source).await?;
    let path = draft.to_string_lossy().into_owned();
    let copied =
        db.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [path.into()])).await;
    let _ = db.close().await;
    let checked = match copied {
        Ok(_) => check_integrity(&draft).await,
        Err(error) => Err(error.into()),
    };
    if checked.is_err() {
        remove_files(&draft);
    }
    checked.map(|()| draft)
}

/// Moves a copy to `target`, which must not exist, and waits until the disk has it.
pub async fn put_in_place(draft: &Path, target: &Path) -> Result<(), BackupError> {
    finish(draft).await?;
    let moved = fs::rename(draft, target).and_then(|()| sync_folder(target));
    moved.map_err(|cause| BackupError::File { path: target.to_owned(), cause })
}

/// Replaces the database by a copy, in one step. The previous database stays under the name `kept`. Fails if another
/// process uses the database.
pub async fn exchange(draft: &Path, target: &Path, kept: &Path) -> Result<(), BackupError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |cause| BackupError::File { path, cause }
    };
    finish(draft).await?;
    private_file::copy_owner(target, draft).map_err(failed(draft))?;
    let lock = lock(target).await?;
    // Windows does not replace open files, so a service could start in between there.
    let lock = if cfg!(windows) { lock.close().await.map(|()| None) } else { Ok(Some(lock)) }?;
    // All rows are in the file now, and this connection does not use the shared memory of the log.
    remove_log(target);
    // A second name for the same file: at every moment, the database exists under its own name. Fails if `kept` exists.
    fs::hard_link(target, kept).map_err(failed(kept))?;
    let replaced = fs::rename(draft, target).and_then(|()| sync_folder(target));
    if replaced.is_err() {
        let _ = fs::remove_file(kept);
    }
    if let Some(lock) = lock {
        let _ = lock.close().await;
    }
    replaced.map_err(failed(target))
}

/// Moves all rows into the file of a copy, and waits until the disk has it.
async fn finish(draft: &Path) -> Result<(), BackupError> {
    lock(draft).await?.close().await?;
    let synced = File::open(draft).and_then(|file| file.sync_all());
    synced.map_err(|cause| BackupError::File { path: draft.to_owned(), cause })
}

/// Deletes a copy with all files that SQLite created beside it.
pub fn remove_files(draft: &Path) {
    let _ = fs::remove_file(draft);
    remove_log(draft);
}

fn remove_log(file: &Path) {
    for suffix in ["-journal", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        let _ = fs::remove_file(name);
    }
}

/// Opens a database read-only. A large database takes some time, so slow statements are not logged.
async fn open_for_copying(url: &DatabaseUrl) -> Result<DatabaseConnection, BackupError> {
    let mut options = options_of(url);
    options.max_connections(1).sqlx_slow_statements_logging_settings(LevelFilter::Off, super::SLOW);
    #[cfg(feature = "sqlite")]
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite.read_only(true).create_if_missing(false).busy_timeout(super::BUSY_TIMEOUT)
    });
    Ok(open(options, url).await?)
}

/// Opens the database for this process only. This also moves the rows of the write-ahead log into the file, and deletes
/// the log.
async fn lock(file: &Path) -> Result<DatabaseConnection, BackupError> {
    let url = sqlite_url(file, "rw");
    let mut options = options_of(&url);
    options.max_connections(1);
    #[cfg(feature = "sqlite")]
    options.map_sqlx_sqlite_opts(|sqlite| {
        use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteLockingMode};
        let sqlite = sqlite.journal_mode(SqliteJournalMode::Delete).locking_mode(SqliteLockingMode::Exclusive);
        sqlite.busy_timeout(LOCK_WAIT)
    });
    let in_use = |cause: String| cause.contains("locked").then(|| BackupError::InUse(file.to_owned()));
    let db = open(options, &url).await.map_err(|error| in_use(error.to_string()).unwrap_or(error.into()))?;
    let locked = db.execute_unprepared("BEGIN EXCLUSIVE").await;
    locked.map_err(|error| in_use(error.to_string()).unwrap_or(error.into()))?;
    Ok(db)
}

async fn check_integrity(file: &Path) -> Result<(), BackupError> {
    let db = open_for_copying(&sqlite_url(file, "ro")).await?;
    let answer = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check(1)")).await;
    let _ = db.close().await;
    let result: Option<String> = answer?.map(|row| row.try_get_by_index(0)).transpose()?;
    match result.as_deref() {
        Some("ok") => Ok(()),
        other => Err(BackupError::Damaged(other.unwrap_or("no answer").to_owned())),
    }
}

/// Returns the path of an unfinished copy. It is always the same, so the next command deletes the rest of an interrupted
/// one.
fn draft_beside(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.partial"))
}

/// Waits until the disk has the names in a folder. Windows does not need this.
fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(windows) { Ok(()) } else { File::open(folder)?.sync_all() }
}
