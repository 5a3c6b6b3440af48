//! Copies of SQLite databases: the steps of `daypass backup` and `daypass restore`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, Statement};

use super::{DatabaseError, DatabaseUrl, connect_read_only, open, options_of};
use crate::platform::random;

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
    let db = connect_read_only(source).await?;
    let path = draft.to_string_lossy().into_owned();
    let copied =
        db.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [path.into()])).await;
    let _ = db.close().await;
    let checked = match copied {
        Ok(_) => check_integrity(&draft).await,
        Err(error) => Err(error.into()),
    };
    if checked.is_err() {
        let _ = fs::remove_file(&draft);
    }
    checked.map(|()| draft)
}

/// Moves a copy to `target`, which must not exist, and waits until the disk has it.
pub async fn put_in_place(draft: &Path, target: &Path) -> Result<(), BackupError> {
    // A row could still be in the write-ahead log, which has another name.
    lock(draft).await?.close().await?;
    let moved = File::open(draft).and_then(|file| file.sync_all()).and_then(|()| fs::rename(draft, target));
    moved.and_then(|()| sync_folder(target)).map_err(|cause| BackupError::File { path: target.to_owned(), cause })
}

/// Renames the database so that another file can have its path. Fails if another process uses the database.
pub async fn set_aside(file: &Path, kept: &Path) -> Result<(), BackupError> {
    let lock = lock(file).await?;
    // Windows does not rename open files, so a service could start in between there.
    let lock = if cfg!(windows) { lock.close().await.map(|()| None) } else { Ok(Some(lock)) }?;
    let renamed = fs::rename(file, kept).map_err(|cause| BackupError::File { path: kept.to_owned(), cause });
    if let Some(lock) = lock {
        let _ = lock.close().await;
    }
    renamed
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
    let db = connect_read_only(&sqlite_url(file, "ro")).await?;
    let answer = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check(1)")).await;
    let _ = db.close().await;
    let result: Option<String> = answer?.map(|row| row.try_get_by_index(0)).transpose()?;
    match result.as_deref() {
        Some("ok") => Ok(()),
        other => Err(BackupError::Damaged(other.unwrap_or("no answer").to_owned())),
    }
}

fn draft_beside(target: &Path) -> PathBuf {
    let number = rand::Rng::next_u64(&mut random::secure());
    target.with_file_name(format!(".daypass-{number:016x}.db"))
}

/// Waits until the disk has the names in a folder. Windows does not need this.
fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(windows) { Ok(()) } else { File::open(folder)?.sync_all() }
}
