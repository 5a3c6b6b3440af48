//! Classifies database errors: whether the request may succeed later, and whether the connection is usable.

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr, SqlxError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The connection is lost, or the database cannot write because it is read-only, full or shutting down.
    Broken,
    /// No connection was available in time.
    Unreachable,
    /// A conflict with another transaction. The connection is usable.
    Contention,
    /// Any other error, such as a violated constraint or a bug.
    Fault,
}

impl Failure {
    #[must_use]
    pub fn of(error: &DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(_) => Self::Unreachable,
            DbErr::Conn(RuntimeErr::SqlxError(cause)) => match of_driver(cause) {
                Self::Fault => Self::Unreachable,
                kind => kind,
            },
            DbErr::Conn(_) => Self::Unreachable,
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => of_driver(cause),
            _ => Self::Fault,
        }
    }

    /// Returns whether the request may succeed later.
    #[must_use]
    pub fn is_temporary(self) -> bool {
        self != Self::Fault
    }
}

/// Returns whether the transaction may have been committed although its `COMMIT` failed with this error. After any
/// other error, the transaction was not committed.
#[must_use]
pub(super) fn commit_may_have_succeeded(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else {
        return true;
    };
    let SqlxError::Database(answer) = &**cause else { return true };
    let code = answer.code().unwrap_or_default();
    // PostgreSQL: connection lost, server shutting down. SQLite: an I/O error, possibly while syncing the file.
    let lost = code.starts_with("08") || code.starts_with("57P") || sqlite_code(&code) == Some(10);
    // MariaDB: server shutting down, statement interrupted, connection killed or lost.
    lost || matches!(mysql_number(&**answer), Some(1053 | 1317 | 1927 | 2006 | 2013))
}

fn of_driver(error: &SqlxError) -> Failure {
    match error {
        SqlxError::PoolTimedOut | SqlxError::PoolClosed => Failure::Unreachable,
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::Protocol(_)
        | SqlxError::WorkerCrashed
        | SqlxError::BeginFailed
        | SqlxError::InvalidSavePointStatement => Failure::Broken,
        SqlxError::Database(answer) => of_answer(&**answer),
        _ => Failure::Fault,
    }
}

fn of_answer(answer: &dyn DatabaseError) -> Failure {
    if let Some(number) = mysql_number(answer) {
        return of_mysql(number);
    }
    let code = answer.code().unwrap_or_default();
    match sqlite_code(&code) {
        Some(code) => of_sqlite(code),
        None => of_postgres(&code),
    }
}

/// Returns SQLite's primary result code, or `None` for a SQLSTATE. SQLite's codes have fewer than five digits.
fn sqlite_code(code: &str) -> Option<u32> {
    let number: u32 = code.parse().ok().filter(|_| code.len() < 5)?;
    Some(number & 0xff)
}

/// Classifies a primary result code of SQLite. These are `Broken`: busy (after the busy time-out), locked, out of
/// memory, read-only, I/O error, corrupt, full, cannot open, protocol, not a database.
fn of_sqlite(code: u32) -> Failure {
    if matches!(code, 5 | 6 | 7 | 8 | 10 | 11 | 13 | 14 | 15 | 26) { Failure::Broken } else { Failure::Fault }
}

fn of_postgres(code: &str) -> Failure {
    match code {
        // Serialization failure, deadlock, lock not available, query canceled.
        "40001" | "40P01" | "55P03" | "57014" => Failure::Contention,
        // Read-only transaction, and transaction time-outs.
        "25006" | "25P03" | "25P04" => Failure::Broken,
        _ => match code.get(..2) {
            // Error classes: connection exception, insufficient resources, system error.
            Some("08" | "53" | "58") => Failure::Broken,
            _ if code.starts_with("57P") => Failure::Broken,
            _ => Failure::Fault,
        },
    }
}

fn of_mysql(number: u16) -> Failure {
    match number {
        // Lock wait time-out, deadlock, lock not available, statement time-out.
        1205 | 1213 | 1969 | 3024 | 3572 => Failure::Contention,
        // Disk or table full, file or engine error, out of memory, too many connections, server shutting down or
        // read-only, statement interrupted, connection killed or closed.
        3 | 28 | 1021 | 1026 | 1028 | 1030 | 1037 | 1040 | 1041 | 1053 | 1114 | 1290 | 1317 | 1792 | 1836 | 1927
        | 2006 | 2013 | 4031 => Failure::Broken,
        _ => Failure::Fault,
    }
}

#[cfg(feature = "mysql")]
fn mysql_number(answer: &dyn DatabaseError) -> Option<u16> {
    let answer = answer.try_downcast_ref::<sea_orm::sqlx::mysql::MySqlDatabaseError>()?;
    Some(answer.number())
}

#[cfg(not(feature = "mysql"))]
fn mysql_number(_: &dyn DatabaseError) -> Option<u16> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_codes_are_distinguished_from_sqlstates() {
        assert_eq!(sqlite_code("13"), Some(13));
        assert_eq!(sqlite_code("778"), Some(10), "an extended code has the primary one in its low byte");
        assert_eq!(sqlite_code("40001"), None);
        assert_eq!(sqlite_code("57P01"), None);
    }

    #[test]
    fn read_only_and_full_databases_are_broken_and_constraints_are_faults() {
        assert_eq!(of_postgres("25006"), Failure::Broken);
        assert_eq!(of_postgres("57P01"), Failure::Broken);
        assert_eq!(of_postgres("53100"), Failure::Broken);
        assert_eq!(of_postgres("40P01"), Failure::Contention);
        assert_eq!(of_postgres("23505"), Failure::Fault);
        assert_eq!(of_mysql(1205), Failure::Contention);
        assert_eq!(of_mysql(1290), Failure::Broken);
        assert_eq!(of_mysql(1062), Failure::Fault);
        assert_eq!(of_sqlite(8), Failure::Broken);
        assert_eq!(of_sqlite(19), Failure::Fault);
    }

    #[test]
    fn commit_without_an_answer_may_have_succeeded() {
        let lost = SqlxError::Io(std::io::ErrorKind::ConnectionReset.into());
        assert!(commit_may_have_succeeded(&DbErr::Query(RuntimeErr::SqlxError(lost.into()))));
    }
}
