//! Reads a database without changing it: creates no file, no table and no lock.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use migration::{Migrator, MigratorTrait as _, recorded};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};

use super::{
    BUSY_TIMEOUT, CONNECTIONS, DatabaseError, DatabaseUrl, SQLITE_CONNECTIONS, options_of, server_problem, try_open,
};

/// The first bytes of every SQLite file.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Which migrations are applied.
#[derive(Debug)]
pub struct SchemaStatus {
    pub applied: usize,
    pub pending: Vec<String>,
    /// Applied migrations that only a newer release has.
    pub newer: Vec<String>,
}

/// How SQLite writes changes to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalMode {
    Wal,
    Rollback,
    /// The file is empty.
    None,
}

/// Returns the maximum number of connections of a running service, including that of the revocation feed.
#[must_use]
pub fn max_connections(url: &DatabaseUrl) -> u32 {
    if url.is_sqlite() { SQLITE_CONNECTIONS + 1 } else { CONNECTIONS + 1 }
}

/// Opens a database for reading.
///
/// # Errors
/// The message does not contain the password of the address.
pub async fn inspect(url: &DatabaseUrl) -> Result<DatabaseConnection, DatabaseError> {
    url.check().map_err(DatabaseError::Address)?;
    let mut options = options_of(url);
    options.max_connections(1);
    #[cfg(feature = "sqlite")]
    {
        let is_closed = url.file().is_some_and(|file| !has_open_log(&file));
        options.map_sqlx_sqlite_opts(move |sqlite| {
            // If no process uses the file, SQLite would create the log and leave it behind. The service could not open
            // a log of another user.
            sqlite.read_only(true).create_if_missing(false).immutable(is_closed).busy_timeout(BUSY_TIMEOUT)
        });
    }
    try_open(options, url, |cause| server_problem(cause, url)).await
}

/// Returns which migrations are applied.
pub async fn schema_status(db: &impl ConnectionTrait) -> Result<SchemaStatus, DbErr> {
    let recorded = recorded(db).await?;
    let all: Vec<_> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    let (pending, applied): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|name| !recorded.contains(name));
    let newer = recorded.into_iter().filter(|name| !all.contains(name)).collect();
    Ok(SchemaStatus { applied: applied.len(), pending, newer })
}

/// Reads the journal mode from the header of a SQLite file.
///
/// # Errors
/// If the file cannot be read or is not a SQLite database.
pub fn journal_mode(file: &Path) -> io::Result<JournalMode> {
    let mut header = Vec::new();
    File::open(file)?.take(20).read_to_end(&mut header)?;
    // Bytes 18 and 19 are the versions that writing and reading need; 2 means WAL.
    match header.get(18) {
        None if header.is_empty() => Ok(JournalMode::None),
        Some(version) if header.starts_with(SQLITE_MAGIC) => {
            Ok(if *version == 2 { JournalMode::Wal } else { JournalMode::Rollback })
        }
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a SQLite database")),
    }
}

/// Returns the size of the write-ahead log, or zero if there is none.
#[must_use]
pub fn log_bytes(file: &Path) -> u64 {
    beside(file, "-wal").metadata().map_or(0, |metadata| metadata.len())
}

/// Returns whether a process uses the write-ahead log, or has left it behind.
fn has_open_log(file: &Path) -> bool {
    beside(file, "-wal").exists() && beside(file, "-shm").exists()
}

/// Returns the path of a file that SQLite creates beside the database, or beside the target of a link.
fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file.canonicalize().unwrap_or_else(|_| file.to_owned()));
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_shows_the_journal_mode() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("x.db");
        let header = |version: u8| [&SQLITE_MAGIC[..], &[16, 0, version, version, 0, 64]].concat();
        for (bytes, mode) in [
            (header(2), Some(JournalMode::Wal)),
            (header(1), Some(JournalMode::Rollback)),
            (Vec::new(), Some(JournalMode::None)),
            (b"a text that is long enough".to_vec(), None),
            (b"short".to_vec(), None),
        ] {
            std::fs::write(&file, &bytes).unwrap();
            assert_eq!(journal_mode(&file).ok(), mode, "{bytes:?}");
        }
        assert!(journal_mode(&folder.path().join("none.db")).is_err());
    }
}
