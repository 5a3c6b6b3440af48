//! Write transactions: a limited number at a time, each with a deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use tracing::Instrument as _;

use super::failure::commit_may_have_succeeded;
use super::file::FileLost;
use super::{CONNECTIONS, Pool};

/// How long a transaction may wait to begin. The rest of the request's time is for the transaction itself.
const MAX_WAIT: Duration = Duration::from_secs(3);
/// The minimum time that a commit gets.
const MIN_COMMIT_TIME: Duration = Duration::from_millis(1500);

/// Why a write transaction failed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Too many transactions are waiting, or this one took too long. Nothing was changed.
    #[error("too many write transactions at the same time")]
    Busy,
    /// The file of the SQLite database was deleted or replaced. Nothing was changed.
    #[error(transparent)]
    FileLost(#[from] FileLost),
    /// The database did not report whether the transaction was committed.
    #[error("the database did not confirm the commit")]
    OutcomeUnknown(#[source] DbErr),
    /// Any other error. Nothing was changed.
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl WriteError {
    fn fault(cause: &str) -> Self {
        Self::Database(DbErr::Custom(cause.to_owned()))
    }
}

/// Returns the maximum number of concurrent write transactions: half of the connections. Otherwise transactions that
/// wait for a lock could use all connections, and reads would have to wait. On SQLite the maximum is one, because
/// SQLite allows one writer and makes the others retry in a loop, without a queue.
pub(super) fn max_writers(backend: DbBackend) -> usize {
    if backend == DbBackend::Sqlite { 1 } else { CONNECTIONS as usize / 2 }
}

/// A write transaction. It limits the time of each statement and records failures. Dropping it rolls it back.
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    pool: Pool,
    deadline: Option<Instant>,
    /// Whether a statement failed. In that case the database may have rolled back, and a commit would commit nothing.
    failed: AtomicBool,
    /// Declared last, so that the permit is released after the rollback.
    _permit: OwnedSemaphorePermit,
}

impl Transaction {
    pub(super) async fn begin(pool: &Pool, writers: &Arc<Semaphore>) -> Result<Self, WriteError> {
        let deadline = pool.deadline();
        let permit = timeout(MAX_WAIT, Arc::clone(writers).acquire_owned()).await;
        let permit = permit.map_err(|_| WriteError::Busy)?.map_err(|error| WriteError::fault(&error.to_string()))?;
        let pool = pool.clone();
        // Cancelling a `BEGIN` leaves the connection in a transaction that the driver does not count. So `BEGIN` runs
        // in its own task. If the caller is dropped, the task finishes, and the transaction is rolled back.
        let begin = async move {
            let begun = pool.answer(deadline, begin_immediate(&pool)).await;
            pool.note_write(&begun);
            Ok::<_, DbErr>(Self { inner: begun?, pool, deadline, failed: AtomicBool::new(false), _permit: permit })
        };
        let begun = tokio::spawn(begin.in_current_span());
        Ok(begun.await.map_err(|error| WriteError::fault(&error.to_string()))??)
    }

    /// Commits the transaction.
    ///
    /// # Errors
    /// After [`WriteError::OutcomeUnknown`] the change may have been made. After any other error it was not.
    pub async fn commit(self) -> Result<(), WriteError> {
        if self.failed.load(Ordering::Acquire) {
            return Err(WriteError::fault("a statement of the transaction failed before its commit"));
        }
        self.pool.check_file()?;
        if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(WriteError::Busy);
        }
        let deadline = self.commit_deadline();
        let Self { inner, pool, _permit, .. } = self;
        let committed = pool.answer(deadline, inner.commit()).await;
        pool.note_write(&committed);
        match committed {
            Ok(()) => {
                pool.note_commit();
                Ok(())
            }
            Err(error) if commit_may_have_succeeded(&error) => Err(WriteError::OutcomeUnknown(error)),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the deadline of a commit. After the deadline, the outcome is unknown, so a commit gets at least
    /// [`MIN_COMMIT_TIME`]. On SQLite a commit always ends, so it has no deadline.
    fn commit_deadline(&self) -> Option<Instant> {
        let deadline = self.deadline.filter(|_| self.get_database_backend() != DbBackend::Sqlite)?;
        Some(deadline.max(Instant::now() + MIN_COMMIT_TIME))
    }

    /// Rolls the transaction back. Success shows that the database accepted the writes.
    pub async fn roll_back(self) -> Result<(), WriteError> {
        let Self { inner, pool, deadline, _permit, .. } = self;
        let ended = pool.answer(deadline, inner.rollback()).await;
        pool.note_write(&ended);
        ended?;
        pool.health().accepted();
        Ok(())
    }

    async fn statement<T>(&self, statement: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let answer = self.pool.answer(self.deadline, statement).await;
        if answer.is_err() {
            self.failed.store(true, Ordering::Release);
        }
        self.pool.note_write(&answer);
        answer
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.statement(self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.statement(self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.statement(self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.statement(self.inner.query_all_raw(statement)).await
    }
}

/// Begins a transaction that holds SQLite's write lock from the start. A transaction that begins with a read fails at
/// its first write if another transaction has written in the meantime, regardless of the busy time-out.
pub(super) async fn begin_immediate(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options =
        TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
    db.begin_with_options(options).await
}
