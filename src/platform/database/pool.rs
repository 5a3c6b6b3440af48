//! The connection pool. It limits the time of each statement and records failures.

use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::sqlx;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseExecutor, DbBackend, DbErr, ExecResult, IntoDatabaseExecutor,
    QueryResult, RuntimeErr, SqlxError, Statement,
};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use super::failure::Failure;
use super::file::{DatabaseFile, FileLost};
use super::guard::{self, Guard};
use super::health::WriteHealth;
use super::transaction::{Transaction, WriteError, max_writers};

/// The time limit of a request's statement or write transaction.
const REQUEST_LIMIT: Duration = Duration::from_millis(4500);
/// How often the service checks that the file of a SQLite database is still there.
const FILE_CHECK: Duration = Duration::from_secs(1);
/// The time limit for closing the pool.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// A connection pool. It dereferences to the [`DatabaseConnection`] inside. Clones share one pool.
#[derive(Clone, Debug)]
pub struct Pool {
    connection: DatabaseConnection,
    shared: Arc<Shared>,
    limit: Option<Duration>,
}

/// The number of connections in a pool, by state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Connections {
    pub open: u32,
    pub idle: u32,
    pub maximum: u32,
}

impl Connections {
    fn of<DB: sqlx::Database>(pool: &sqlx::Pool<DB>) -> Self {
        let open = pool.size();
        // The pool changes between the two reads, so `num_idle` may exceed `size`.
        let idle = u32::try_from(pool.num_idle()).unwrap_or(open).min(open);
        Self { open, idle, maximum: pool.options().get_max_connections() }
    }
}

#[derive(Debug)]
pub(super) struct Shared {
    guard: Arc<Guard>,
    health: WriteHealth,
    /// One permit for each write transaction that may run at the same time.
    writers: Arc<Semaphore>,
    /// The file of a SQLite database.
    file: Option<DatabaseFile>,
}

impl Pool {
    pub(super) fn new(connection: DatabaseConnection, guard: Arc<Guard>, file: Option<DatabaseFile>) -> Self {
        let writers = Arc::new(Semaphore::new(max_writers(connection.get_database_backend())));
        let shared = Shared { guard, health: WriteHealth::default(), writers, file };
        Self { connection, shared: Arc::new(shared), limit: None }
    }

    /// Returns the same pool with a time limit for statements and write transactions.
    #[must_use]
    pub fn for_requests(self) -> Self {
        Self { limit: Some(REQUEST_LIMIT), ..self }
    }

    /// Returns the deadline for a statement or write transaction that begins now.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.limit.map(|limit| Instant::now() + limit)
    }

    pub(super) fn guard(&self) -> &Arc<Guard> {
        &self.shared.guard
    }

    #[must_use]
    pub fn health(&self) -> &WriteHealth {
        &self.shared.health
    }

    /// Begins a write transaction. Waits while the maximum number of write transactions is running. Every write needs a
    /// transaction: on SQLite, a single statement that returns rows hides a failed commit.
    ///
    /// # Errors
    /// [`WriteError::Busy`] if the wait takes more than 3 s.
    pub async fn begin_write(&self) -> Result<Transaction, WriteError> {
        Transaction::begin(self, &self.shared.writers).await
    }

    /// Returns how many connections are open, for the metrics.
    #[must_use]
    pub fn connections(&self) -> Connections {
        match self.get_database_backend() {
            #[cfg(feature = "sqlite")]
            DbBackend::Sqlite => Connections::of(self.connection.get_sqlite_connection_pool()),
            #[cfg(feature = "postgres")]
            DbBackend::Postgres => Connections::of(self.connection.get_postgres_connection_pool()),
            #[cfg(feature = "mysql")]
            DbBackend::MySql => Connections::of(self.connection.get_mysql_connection_pool()),
            _ => Connections::default(),
        }
    }

    /// Checks that the path of a SQLite database still names the file that was opened.
    pub fn check_file(&self) -> Result<(), FileLost> {
        let checked = self.shared.file.as_ref().map_or(Ok(()), DatabaseFile::check);
        checked.inspect_err(|lost| self.shared.health.failed(lost))
    }

    /// Waits until the file of a SQLite database is deleted or replaced.
    pub async fn file_lost(&self) -> FileLost {
        let Some(file) = &self.shared.file else { return std::future::pending().await };
        loop {
            let _ = timeout(FILE_CHECK, file.lost.notified()).await;
            if let Err(lost) = file.check() {
                self.shared.health.failed(&lost);
                return lost;
            }
        }
    }

    /// Closes the pool. Gives up after one second, because a connection that does not answer cannot be closed.
    pub async fn close_in_time(&self) {
        let close = async {
            let _ = self.connection.close_by_ref().await;
            if let Some(file) = &self.shared.file {
                file.close().await;
            }
        };
        let _ = timeout(CLOSE_LIMIT, close).await;
    }

    /// Waits for `statement` until `deadline`. If there is no answer by then, first retires all open connections and
    /// then drops the statement. In this order, the pool does not reuse the statement's connection.
    pub(super) async fn answer<T>(
        &self,
        deadline: Option<Instant>,
        statement: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let mut statement = std::pin::pin!(statement);
        let mut abandoned = Abandoned { guard: &self.shared.guard, answered: false };
        let answer = match deadline {
            None => statement.as_mut().await,
            Some(deadline) => timeout_at(deadline, statement.as_mut()).await.unwrap_or_else(|_| Err(no_answer())),
        };
        abandoned.answered = true;
        match answer.as_ref().map_err(Failure::of) {
            Err(Failure::Broken) => {
                self.shared.guard.retire_all();
                self.drop_idle();
            }
            Err(Failure::Unreachable) => self.drop_idle(),
            _ => {}
        }
        answer
    }

    /// Drops the idle connections to a database server. If the server does not answer, each idle connection would delay
    /// a request until its time-out.
    fn drop_idle(&self) {
        match self.get_database_backend() {
            #[cfg(feature = "postgres")]
            DbBackend::Postgres => guard::drop_idle(self.connection.get_postgres_connection_pool()),
            #[cfg(feature = "mysql")]
            DbBackend::MySql => guard::drop_idle(self.connection.get_mysql_connection_pool()),
            _ => {}
        }
    }

    /// Records a commit. After an outage, retires all connections, because a connection that was opened during the
    /// outage may lead to a read-only database.
    pub(super) fn note_commit(&self) {
        if self.shared.health.is_failing() {
            self.shared.guard.retire_all();
        }
        self.shared.health.succeeded();
    }

    /// Records a failed write in [`WriteHealth`].
    pub(super) fn note_write<T>(&self, answer: &Result<T, DbErr>) {
        if let Err(error) = answer
            && matches!(Failure::of(error), Failure::Broken | Failure::Unreachable)
        {
            self.shared.health.failed(error);
        }
    }

    async fn read<T>(&self, statement: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        self.answer(self.deadline(), statement).await
    }
}

/// Marks connections as suspect if a statement is dropped before its answer, for example when a client disconnects.
struct Abandoned<'a> {
    guard: &'a Guard,
    answered: bool,
}

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.guard.suspect();
        }
    }
}

fn no_answer() -> DbErr {
    let cause = io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time");
    DbErr::Query(RuntimeErr::SqlxError(SqlxError::Io(cause).into()))
}

impl Deref for Pool {
    type Target = DatabaseConnection;

    fn deref(&self) -> &DatabaseConnection {
        &self.connection
    }
}

impl DerefMut for Pool {
    fn deref_mut(&mut self) -> &mut DatabaseConnection {
        &mut self.connection
    }
}

impl<'c> IntoDatabaseExecutor<'c> for &'c Pool {
    fn into_database_executor(self) -> DatabaseExecutor<'c> {
        (&self.connection).into_database_executor()
    }
}

#[async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.read(self.connection.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.read(self.connection.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.read(self.connection.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.read(self.connection.query_all_raw(statement)).await
    }
}
