//! The file of a SQLite database, and its write-ahead log.

use super::finding::Level;
use super::{Check, Finding};
use crate::platform::database::{DatabaseUrl, JournalMode, journal_mode, log_bytes};

const CHECK: Check = Check("sqlite");
/// SQLite restarts the log after about 4 MiB, unless a long read prevents it.
const MAX_LOG_BYTES: u64 = 64 * 1024 * 1024;

/// `strict` is the level of problems that are only acceptable in development.
pub(super) fn check(url: &DatabaseUrl, strict: Level) -> Vec<Finding> {
    if url.is_in_memory() {
        let found = "the database is in memory, so a restart deletes all users";
        return vec![CHECK.problem(strict, found, "DATABASE_URL=sqlite://data/daypass.db?mode=rwc")];
    }
    let Some(file) = url.file() else { return Vec::new() };
    let (path, shown) = (file.display(), url.expose());
    let mut problems = Vec::new();
    if shown.contains("mode=ro") || shown.contains("immutable=") {
        let found = "the options of DATABASE_URL open the file only for reading";
        problems.push(CHECK.error(found, format!("DATABASE_URL=sqlite://{path}?mode=rwc")));
    }
    match journal_mode(&file) {
        Ok(JournalMode::Wal | JournalMode::None) => {}
        Ok(JournalMode::Rollback) => problems.push(CHECK.warning(
            format!("{path} has no write-ahead log, so reads wait for writes; the next start turns it on"),
            format!("sqlite3 {path} 'PRAGMA journal_mode=WAL', or restart the service"),
        )),
        Err(error) => problems.push(CHECK.error(
            format!("cannot read {path}: {error}"),
            "daypass restore <backup>, or DATABASE_URL=sqlite://<file of the database>?mode=rwc",
        )),
    }
    let log = log_bytes(&file);
    if log > MAX_LOG_BYTES {
        problems.push(CHECK.warning(
            format!("the write-ahead log {path}-wal has {} MiB, so reads are slow", log / (1024 * 1024)),
            format!("restart the service, or sqlite3 {path} 'PRAGMA wal_checkpoint(TRUNCATE)'"),
        ));
    }
    let found = format!("journal_mode=WAL with a log of {} KiB; Daypass sets synchronous=FULL", log / 1024);
    CHECK.or_ok(problems, found)
}
