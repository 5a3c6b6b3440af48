//! The database: opening the pool, and bringing the tables up to date.
//!
//! SQLite gets its pragmas on every connection of the pool; a pragma sent once would reach one of
//! them. `synchronous=FULL`: what is acknowledged survives a power cut (docs/decisions).

use std::fs;
use std::io;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use log::LevelFilter;
use migration::{Migrator, MigratorTrait};
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, RuntimeErr, SqliteTransactionMode, SqlxError, TransactionOptions, TransactionTrait,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::config::DatabaseUrl;
use crate::error::Error;
use crate::private_file;

/// Connections to a SQLite file, and to a server.
const SQLITE_CONNECTIONS: u32 = 8;
const CONNECTIONS: u32 = 16;
/// How long a request waits for a connection before it is answered `503`.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a write on SQLite waits for another process's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(4);
/// A statement slower than this is worth a warning.
const SLOW: Duration = Duration::from_secs(1);
/// Names the lock that keeps two replicas from migrating at once.
const MIGRATION_LOCK: i64 = 0x0064_6179_7061_7373;

/// Why there is no database to work with.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The address is not one this build can use.
    #[error("DATABASE_URL: {0}")]
    Address(String),
    /// The SQLite file, or its folder, cannot be made.
    #[error("cannot create the database {url}: {cause}")]
    File {
        /// The address, without its password.
        url: DatabaseUrl,
        /// What the system says.
        cause: io::Error,
    },
    /// No connection.
    #[error("cannot open the database {url}: {cause}")]
    Connect {
        /// The address, without its password.
        url: DatabaseUrl,
        /// What the driver says.
        cause: String,
    },
    /// Somebody else's database does not give its rows.
    #[error("cannot read the source: {0}")]
    Read(DbErr),
    /// A migration failed.
    #[error("cannot migrate the database: {0}")]
    Migrate(#[from] DbErr),
}

/// Opens the connection pool.
///
/// # Errors
/// [`DatabaseError`]; its text never holds the password of the address.
pub async fn connect(url: &DatabaseUrl) -> Result<DatabaseConnection, DatabaseError> {
    url.check().map_err(DatabaseError::Address)?;
    if let Some(file) = url.file().filter(|_| url.expose().contains("mode=rwc")) {
        create_private(&file).map_err(|cause| DatabaseError::File { url: url.clone(), cause })?;
    }
    let mut options = options_of(url);
    options.max_connections(if url.is_sqlite() { SQLITE_CONNECTIONS } else { CONNECTIONS });
    #[cfg(feature = "sqlite")]
    sqlite_options(&mut options, url);
    open(options, url).await
}

/// Opens somebody else's database, to be read in [`begin_read_only`] alone. A SQLite file is opened so that
/// nothing can write to it, and is not made if it is not there.
///
/// # Errors
/// As [`connect`].
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
    options
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .test_before_acquire_if_idle_for(Duration::from_secs(1))
        .record_stmt_in_spans(false)
        .sqlx_logging_level(LevelFilter::Trace)
        .sqlx_slow_statements_logging_settings(LevelFilter::Warn, SLOW);
    options
}

async fn open(options: ConnectOptions, url: &DatabaseUrl) -> Result<DatabaseConnection, DatabaseError> {
    Database::connect(options).await.map_err(|cause| {
        // The driver repeats an address that it cannot read, and the password with it.
        if cause.to_string().contains(url.expose()) {
            let advice = "it cannot be read; write what is special in a password in percent encoding";
            return DatabaseError::Address(advice.to_owned());
        }
        DatabaseError::Connect { url: url.clone(), cause: in_words(&cause) }
    })
}

/// The pool tries until its time is up and then speaks of that alone.
fn in_words(cause: &DbErr) -> String {
    match cause {
        DbErr::Conn(RuntimeErr::SqlxError(error)) if matches!(**error, SqlxError::PoolTimedOut) => {
            format!("no connection within {} seconds; does it run, and let us in?", ACQUIRE_TIMEOUT.as_secs())
        }
        cause => cause.to_string(),
    }
}

/// Makes the file of a new SQLite database, for its owner's eyes: it holds the hashes of passwords. The
/// files that SQLite puts beside it take its permissions over.
fn create_private(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    match private_file::create(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// The pragmas of every SQLite connection. A database in memory lives in its one connection.
#[cfg(feature = "sqlite")]
fn sqlite_options(options: &mut ConnectOptions, url: &DatabaseUrl) {
    use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
    if url.is_sqlite() && url.file().is_none() {
        options.max_connections(1).idle_timeout(None).max_lifetime(None);
    }
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
    });
}

/// Lets writers in, fewer than there are connections: those who wait for a lock would otherwise hold all
/// of them, and readers would wait too. On SQLite, which has one write lock, one at a time: waiting inside
/// the pool, they would sleep and retry instead of standing in line.
#[derive(Clone, Debug)]
pub struct Writers(Arc<Semaphore>);

impl Writers {
    /// The writers of this database.
    #[must_use]
    pub fn of(db: &DatabaseConnection) -> Self {
        let at_once = if db.get_database_backend() == DbBackend::Sqlite { 1 } else { CONNECTIONS / 2 };
        Self(Arc::new(Semaphore::new(at_once as usize)))
    }

    /// Begins a transaction that means to write. Every write is made in one and acknowledged only after
    /// its `commit`: on SQLite, a statement of its own that returns rows hides a commit that failed.
    ///
    /// # Errors
    /// [`Error::Busy`] when the line is too long, and when the database fails.
    pub async fn begin(&self, db: &DatabaseConnection) -> Result<WriteTransaction, Error> {
        let turn = timeout(ACQUIRE_TIMEOUT, Arc::clone(&self.0).acquire_owned()).await;
        let turn = turn.map_err(|_| Error::Busy)?.map_err(Error::fault)?;
        Ok(WriteTransaction { transaction: begin_immediate(db).await?, _turn: turn })
    }
}

/// A transaction that means to write, and its turn to do so. Dropped without `commit`, it changes nothing.
pub struct WriteTransaction {
    transaction: DatabaseTransaction,
    _turn: OwnedSemaphorePermit,
}

impl WriteTransaction {
    /// Makes it so.
    ///
    /// # Errors
    /// When the database fails: then nothing has been changed.
    pub async fn commit(self) -> Result<(), Error> {
        Ok(self.transaction.commit().await?)
    }
}

impl Deref for WriteTransaction {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.transaction
    }
}

/// On SQLite the write lock is taken at once: a transaction that begins as a reader and asks for it later
/// fails at the first other writer, whatever the busy timeout.
async fn begin_immediate(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options =
        TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
    db.begin_with_options(options).await
}

/// A transaction that only reads, and sees the rows as they are when it begins. SQLite needs not be told: there
/// it is the file that cannot be written to.
///
/// # Errors
/// When the database fails.
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

/// Brings the tables up to date. Replicas that start together take turns.
///
/// # Errors
/// When a migration fails; then none of this call is kept where the database can undo one.
pub async fn migrate(db: &DatabaseConnection) -> Result<(), DbErr> {
    let turn = begin_immediate(db).await?;
    let (take, give_back) = match db.get_database_backend() {
        DbBackend::Postgres => (Some(format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")), None),
        DbBackend::MySql => (
            Some("SELECT GET_LOCK('daypass-migration', 60)".to_owned()),
            Some("SELECT RELEASE_LOCK('daypass-migration')"),
        ),
        _ => (None, None),
    };
    if let Some(statement) = take {
        turn.execute_unprepared(&statement).await?;
    }
    let result = Migrator::up(&turn, None).await;
    if let Some(statement) = give_back {
        turn.execute_unprepared(statement).await?;
    }
    match result {
        // The migrator's own words for a table that lists a migration it does not know.
        Err(DbErr::Custom(text)) if text.contains("is missing") => {
            Err(DbErr::Migration("its tables are of a newer release of Daypass".to_owned()))
        }
        Err(error) => Err(error),
        Ok(()) => turn.commit().await,
    }
}
