//! The database: connection pools, write transactions and migrations.
//!
//! The options of SQLite apply to every connection of the pool. With `synchronous=FULL`, an acknowledged write survives
//! a power failure (docs/decisions).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use log::LevelFilter;
#[cfg(feature = "sqlite")]
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, RuntimeErr, SqlxError, TransactionOptions, TransactionTrait,
};

use crate::platform::private_file;

pub mod backup;
mod failure;
mod file;
mod guard;
mod health;
mod inspect;
mod migrate;
mod pool;
mod session_limits;
mod time;
mod transaction;
mod url;

pub use failure::Failure;
pub use file::FileLost;
pub use health::{WriteHealth, WriteStatus};
pub use inspect::{JournalMode, SchemaStatus, inspect, journal_mode, log_bytes, max_connections, schema_status};
pub use migrate::{is_migrated, migrate, recreate};
pub use pool::Pool;
pub use time::now;
pub use transaction::{Transaction, WriteError};
pub use url::DatabaseUrl;

use file::DatabaseFile;
use guard::Guard;
use session_limits::SessionLimits;

/// The maximum number of connections to a SQLite file. `CONNECTIONS` is the maximum for a database server.
const SQLITE_CONNECTIONS: u32 = 8;
const CONNECTIONS: u32 = 16;
/// How long a request waits for a SQLite connection before it fails with `503`.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// The same limit for a database server, including the time to open a connection. It is short, because attempts that
/// start during an outage make requests fail even after the server is back.
const SERVER_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// The same limit for the revocation feed, which has its own connection. It is shorter, so that the feed works again
/// sooner after an outage.
const FEED_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a SQLite write waits for another process to finish its write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(4);
/// Statements that take longer are logged as warnings.
const SLOW: Duration = Duration::from_secs(1);

/// Why a database cannot be opened, read or migrated.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("DATABASE_URL: {0}")]
    Address(String),
    #[error("cannot create the database {url} ({}): {cause}", path.display())]
    File { url: DatabaseUrl, path: PathBuf, cause: io::Error },
    #[error("cannot open the database {url}: {cause}")]
    Connect { url: DatabaseUrl, cause: String },
    #[error("cannot read the source: {0}")]
    Read(DbErr),
    #[error("cannot migrate the database: {}", migrate::cause(.0))]
    Migrate(#[from] DbErr),
}

/// The pools of a running service.
#[derive(Clone, Debug)]
pub struct Pools {
    pub requests: Pool,
    /// The pool of the revocation feed, which must not wait for requests.
    pub feed: Pool,
}

impl From<Pool> for Pools {
    /// Uses one pool for requests and for the feed.
    fn from(pool: Pool) -> Self {
        Self { feed: pool.clone(), requests: pool }
    }
}

/// Opens the pools of a service.
pub async fn connect_service(url: &DatabaseUrl) -> Result<Pools, DatabaseError> {
    let requests = open_pool(url, SessionLimits::ForRequests).await?;
    if url.is_in_memory() {
        return Ok(requests.into());
    }
    let mut options = options_of(url);
    options.max_connections(1).acquire_timeout(FEED_ACQUIRE_TIMEOUT);
    // The pools share a guard, because after a failure in one pool, the connections of the other may also lead to the
    // wrong server.
    let guard = requests.guard();
    guard_connections(&mut options, guard, SessionLimits::ForRequests);
    let feed = Pool::new(open(options, url).await?, Arc::clone(guard), None);
    Ok(Pools { requests, feed })
}

/// Opens a connection pool.
///
/// # Errors
/// The message does not contain the password of the address.
pub async fn connect(url: &DatabaseUrl) -> Result<Pool, DatabaseError> {
    open_pool(url, SessionLimits::None).await
}

async fn open_pool(url: &DatabaseUrl, limits: SessionLimits) -> Result<Pool, DatabaseError> {
    url.check().map_err(DatabaseError::Address)?;
    let file_error = |cause| {
        let path = url.file().and_then(|file| std::path::absolute(file).ok()).unwrap_or_default();
        DatabaseError::File { url: url.clone(), path, cause }
    };
    if let Some(file) = url.file().filter(|_| url.creates_file()) {
        create_private(&file).map_err(file_error)?;
    }
    let mut options = options_of(url);
    let guard = Arc::new(Guard::new());
    if url.is_in_memory() {
        // An in-memory database exists only in one connection, which must not be closed.
        options.max_connections(1).idle_timeout(None).max_lifetime(None);
    } else {
        guard_connections(&mut options, &guard, limits);
    }
    let connection = open(options, url).await?;
    let Some(path) = url.file() else { return Ok(Pool::new(connection, guard, None)) };
    let held = hold_log(url).await?;
    Ok(Pool::new(connection, guard, Some(DatabaseFile::opened(&path, held).map_err(file_error)?)))
}

/// Opens a connection that stays open and unused. Without it, SQLite deletes the write-ahead log when the last
/// connection is closed. On a full disk, SQLite could not create the log again, and even reads would fail.
async fn hold_log(url: &DatabaseUrl) -> Result<DatabaseConnection, DatabaseError> {
    let mut options = options_of(url);
    options.max_connections(1).idle_timeout(None).max_lifetime(None);
    let held = open(options, url).await?;
    held.execute_unprepared("SELECT COUNT(*) FROM sqlite_schema").await?;
    Ok(held)
}

/// Makes `guard` check connections before they are reused, and sets the session limits.
fn guard_connections(options: &mut ConnectOptions, guard: &Arc<Guard>, limits: SessionLimits) {
    #[cfg(feature = "sqlite")]
    {
        let guard = Arc::clone(guard);
        options.map_sqlx_sqlite_pool_opts(move |pool| guard::guarded(pool, &guard));
    }
    #[cfg(feature = "postgres")]
    {
        let guard = Arc::clone(guard);
        options.map_sqlx_postgres_pool_opts(move |pool| limits.on_postgres(guard::guarded(pool, &guard)));
    }
    #[cfg(feature = "mysql")]
    {
        let guard = Arc::clone(guard);
        options.map_sqlx_mysql_pool_opts(move |pool| limits.on_mysql(guard::guarded(pool, &guard)));
    }
}

/// Opens the database of another service, to read it with [`begin_read_only`]. A SQLite file is opened read-only and is
/// not created.
pub async fn connect_read_only(url: &DatabaseUrl) -> Result<DatabaseConnection, DatabaseError> {
    url.check().map_err(DatabaseError::Address)?;
    let mut options = options_of(url);
    options.max_connections(1);
    #[cfg(feature = "sqlite")]
    options.map_sqlx_sqlite_opts(|sqlite| sqlite.read_only(true).create_if_missing(false).busy_timeout(BUSY_TIMEOUT));
    open(options, url).await
}

fn options_of(url: &DatabaseUrl) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.expose());
    let timeout = acquire_timeout(url);
    #[cfg(feature = "sqlite")]
    options.map_sqlx_sqlite_opts(sqlite_options);
    if let Some(host) = url.ipv6_host().map(ToOwned::to_owned) {
        set_host(&mut options, host);
    }
    options
        .max_connections(if url.is_sqlite() { SQLITE_CONNECTIONS } else { CONNECTIONS })
        .acquire_timeout(timeout)
        .connect_timeout(timeout)
        .test_before_acquire(false)
        .test_before_acquire_if_idle_for(Duration::from_secs(1))
        .record_stmt_in_spans(false)
        .sqlx_logging_level(LevelFilter::Trace)
        .sqlx_slow_statements_logging_settings(LevelFilter::Warn, SLOW);
    options
}

#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql")),
    expect(unused_variables, reason = "no server is supported")
)]
fn set_host(options: &mut ConnectOptions, host: String) {
    #[cfg(feature = "mysql")]
    {
        let host = host.clone();
        options.map_sqlx_mysql_opts(move |server| server.host(&host));
    }
    #[cfg(feature = "postgres")]
    options.map_sqlx_postgres_opts(move |server| server.host(&host));
}

fn acquire_timeout(url: &DatabaseUrl) -> Duration {
    if url.is_sqlite() { ACQUIRE_TIMEOUT } else { SERVER_ACQUIRE_TIMEOUT }
}

async fn open(options: ConnectOptions, url: &DatabaseUrl) -> Result<DatabaseConnection, DatabaseError> {
    try_open(options, url, |cause| describe(cause, url)).await
}

/// Opens a pool. `describe` returns the text of a connection error.
async fn try_open(
    options: ConnectOptions,
    url: &DatabaseUrl,
    describe: impl Fn(&DbErr) -> String,
) -> Result<DatabaseConnection, DatabaseError> {
    Database::connect(options).await.map_err(|cause| {
        // If the address is invalid, the driver's message contains it with its password.
        if cause.to_string().contains(url.expose()) {
            let advice = "it cannot be read; percent-encode special characters of the password";
            return DatabaseError::Address(advice.to_owned());
        }
        DatabaseError::Connect { url: url.clone(), cause: describe(&cause) }
    })
}

/// Returns the cause of a connection error. The driver's messages do not explain time-outs and files that cannot be
/// opened, so this function replaces them.
fn describe(cause: &DbErr, url: &DatabaseUrl) -> String {
    url.file().as_deref().and_then(file_problem).unwrap_or_else(|| server_problem(cause, url))
}

fn server_problem(cause: &DbErr, url: &DatabaseUrl) -> String {
    match cause {
        DbErr::Conn(RuntimeErr::SqlxError(error)) if matches!(**error, SqlxError::PoolTimedOut) => {
            format!(
                "no connection within {} seconds; check that the server runs and accepts connections from this host",
                acquire_timeout(url).as_secs()
            )
        }
        cause => cause.to_string(),
    }
}

/// Returns why SQLite cannot open a file: it does not exist, or its folder is not writable.
fn file_problem(file: &Path) -> Option<String> {
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let folder = path.parent()?;
    if !path.exists() {
        return Some(format!("{} does not exist; add ?mode=rwc to the address to create it", path.display()));
    }
    match private_file::create_temporary(folder) {
        Ok(()) => None,
        Err(error) => Some(format!(
            "cannot write to the folder {}, where SQLite creates files beside the database: {error}",
            folder.display()
        )),
    }
}

/// Creates the file of a new SQLite database. Only its owner can read it, because it contains password hashes. SQLite
/// creates its other files with the same permissions.
fn create_private(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    match private_file::create(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Sets the options of every SQLite connection.
#[cfg(feature = "sqlite")]
fn sqlite_options(sqlite: SqliteConnectOptions) -> SqliteConnectOptions {
    sqlite
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
}

/// Begins a read-only transaction with a consistent snapshot. A SQLite connection of [`connect_read_only`] is already
/// read-only.
pub async fn begin_read_only(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options = match db.get_database_backend() {
        DbBackend::Sqlite => TransactionOptions::default(),
        _ => TransactionOptions {
            isolation_level: Some(IsolationLevel::RepeatableRead),
            access_mode: Some(AccessMode::ReadOnly),
            ..Default::default()
        },
    };
    db.begin_with_options(options).await
}
