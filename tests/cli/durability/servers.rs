//! Faults of a database server: connections killed, read-only, locks held for long.

use std::io::Read as _;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use daypass::platform::database::Pool;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, Statement, TransactionTrait as _};
use tempfile::TempDir;

use super::trial::{Trial, assert_logged_once, write};
use crate::database::TestDatabase;
use crate::installation::test_server;
use crate::running::{Running, daypass};

/// A service on a database of its own, and a connection beside it.
struct Server {
    database: TestDatabase,
    beside: Pool,
    folder: TempDir,
}

impl Server {
    async fn find(what: &str) -> Option<Self> {
        let database = test_server(what).await?;
        let beside = database.connect().await;
        Some(Self { database, beside, folder: TempDir::new().unwrap() })
    }

    async fn postgres(what: &str) -> Option<Self> {
        Self::find(what).await.filter(|server| server.beside.get_database_backend() == DbBackend::Postgres)
    }

    async fn mariadb(what: &str) -> Option<Self> {
        Self::find(what).await.filter(|server| server.beside.get_database_backend() == DbBackend::MySql)
    }

    /// How many tables the database has, on MariaDB.
    async fn tables(&self) -> usize {
        self.beside.query_all_raw(Statement::from_string(DbBackend::MySql, "SHOW TABLES")).await.unwrap().len()
    }

    /// The connection to this database that waits in `GET_LOCK`, on MariaDB.
    async fn waiting_for_a_user_lock(&self) -> Option<i64> {
        let ask = format!(
            "SELECT CAST(id AS SIGNED) AS id FROM information_schema.processlist \
             WHERE db = '{}' AND state = 'User lock'",
            self.name()
        );
        let row = self.beside.query_one_raw(Statement::from_string(DbBackend::MySql, ask)).await.unwrap()?;
        Some(row.try_get("", "id").unwrap())
    }

    fn url(&self) -> &str {
        self.database.url().expose()
    }

    async fn run(&self, sql: &str) {
        self.beside.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Alters the database of the test, from another one: its own settings would hold for this connection, too.
    async fn alter(&self, sql: &str) {
        self.database.on_server(sql).await;
    }

    fn name(&self) -> &str {
        self.database.name()
    }

    /// Kills the connections of the service that are in a transaction, or all of them.
    async fn kill(&self, all: bool) -> usize {
        let name = self.name();
        let mysql = self.beside.get_database_backend() == DbBackend::MySql;
        let which = match (mysql, all) {
            (true, true) => format!(
                "SELECT CAST(id AS SIGNED) AS id FROM information_schema.processlist \
                 WHERE db = '{name}' AND id <> CONNECTION_ID()"
            ),
            (true, false) => format!(
                "SELECT CAST(trx_mysql_thread_id AS SIGNED) AS id FROM information_schema.innodb_trx \
                 JOIN information_schema.processlist p ON p.id = trx_mysql_thread_id WHERE p.db = '{name}'"
            ),
            (false, true) => format!(
                "SELECT pid::bigint AS id FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
            ),
            (false, false) => format!(
                "SELECT pid::bigint AS id FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid() \
                 AND xact_start IS NOT NULL"
            ),
        };
        let backend = self.beside.get_database_backend();
        let rows = self.beside.query_all_raw(Statement::from_string(backend, which)).await.unwrap();
        for row in &rows {
            let id: i64 = row.try_get("", "id").unwrap();
            let kill = if mysql { format!("KILL {id}") } else { format!("SELECT pg_terminate_backend({id})") };
            let _ = self.beside.execute_unprepared(&kill).await;
        }
        rows.len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_beside_killed_connections_are_durable() {
    let Some(server) = Server::find("killed connections").await else { return };
    let (folder, url) = (TempDir::new().unwrap(), server.url().to_owned());
    let settings = [("DATABASE_URL", url.as_str())];
    let mut trial = Trial::start(folder.path(), &settings);
    let server = Arc::new(server);
    let (killer, stop) = (Arc::clone(&server), Arc::new(AtomicBool::new(false)));
    let stopped = Arc::clone(&stop);
    // MariaDB shows the list of transactions again as it was, unless the last look at it is 100 ms old.
    let mysql = server.beside.get_database_backend() == DbBackend::MySql;
    let interval = Duration::from_millis(if mysql { 110 } else { 2 });
    let killing = tokio::spawn(async move {
        let mut killed = 0;
        while !stopped.load(Ordering::Relaxed) {
            killed += killer.kill(false).await;
            tokio::time::sleep(interval).await;
        }
        killed
    });
    tokio::task::block_in_place(|| {
        trial.write_through(Duration::from_secs(6));
        trial.write_until_refused(1);
    });
    stop.store(true, Ordering::Relaxed);
    assert!(killing.await.unwrap() > 0, "connections were killed");
    trial.write_after_recovery();
    trial.restart_and_count("-KILL");
}

/// A deferred trigger runs inside COMMIT: the backend ends there, and the client cannot know whether it committed.
#[tokio::test(flavor = "multi_thread")]
async fn write_whose_connection_is_lost_at_commit_is_answered_503_and_the_next_ones_are_durable() {
    let Some(server) = Server::postgres("a connection lost at COMMIT").await else { return };
    let settings = [("DATABASE_URL", server.url())];
    let mut trial = Trial::start(server.folder.path(), &settings);
    server
        .run(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$",
        )
        .await;
    server
        .run("CREATE CONSTRAINT TRIGGER die AFTER INSERT ON items DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()")
        .await;
    let (status, answer) = write(&trial.service, trial.token());
    assert!(status == 503 && answer.contains("outcome_unknown"), "{answer}");
    trial.write_until_refused(10);
    server.run("DROP TRIGGER die ON items").await;
    trial.write_after_recovery();
    trial.restart_and_count("-KILL");
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_the_server_ended_as_idle_are_answered_503() {
    let Some(server) = Server::postgres("idle_in_transaction_session_timeout").await else { return };
    let name = server.name();
    let settings = [("DATABASE_URL", server.url())];
    let mut trial = Trial::start(server.folder.path(), &settings);
    // The setting holds for new connections. A millisecond between two statements is sometimes too long.
    server.alter(&format!("ALTER DATABASE {name} SET idle_in_transaction_session_timeout = 1")).await;
    server.kill(true).await;
    trial.write_through(Duration::from_secs(3));
    server.alter(&format!("ALTER DATABASE {name} SET idle_in_transaction_session_timeout = 0")).await;
    server.kill(true).await;
    trial.write_after_recovery();
    trial.restart_and_count("-KILL");
}

/// What a client sees when the primary became a standby.
#[tokio::test(flavor = "multi_thread")]
async fn read_only_database_turns_readiness_503_without_a_write_and_writes_go_on_afterwards() {
    let Some(server) = Server::postgres("a read-only database").await else { return };
    let name = server.name();
    let settings = [("DATABASE_URL", server.url())];
    let mut trial = Trial::start(server.folder.path(), &settings);
    server.alter(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    // The setting holds for new connections.
    server.kill(true).await;
    trial.readiness_turns(503);
    trial.write_until_refused(10);
    trial.sign_out_refused();
    let read = trial.service.request("GET", "/api/items", trial.token(), "");
    assert!(read.starts_with("HTTP/1.1 200"), "reads go on: {read}");
    server.alter(&format!("ALTER DATABASE {name} SET default_transaction_read_only = off")).await;
    trial.write_after_recovery();
    let log = trial.restart_and_count("-KILL");
    // The first cause is a killed connection.
    assert_logged_once(&log, "");
    assert!(log.contains("in a read-only transaction"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn write_that_waits_for_a_row_lock_is_answered_503_within_five_seconds() {
    let Some(server) = Server::find("a row lock held for long").await else { return };
    let settings = [("DATABASE_URL", server.url())];
    let mut trial = Trial::start(server.folder.path(), &settings);
    let held = server.beside.begin().await.unwrap();
    held.execute_unprepared("UPDATE users SET updated_at = updated_at").await.unwrap();
    // A busy machine can delay a response, so one of five has to come in time.
    let mut times = Vec::new();
    while times.len() < 5 && times.last().is_none_or(|time| *time > Duration::from_millis(5500)) {
        let begun = Instant::now();
        let answer = trial.service.request("PATCH", "/api/users/me", trial.token(), r#"{"username":"eve"}"#);
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        times.push(begun.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(20), "{times:?}");
    }
    assert!(times.last() < Some(&Duration::from_millis(5500)), "{times:?}");
    held.rollback().await.unwrap();
    trial.write_after_recovery();
    trial.restart_and_count("-KILL");
}

/// A connection that holds the migration lock. The lock belongs to the server, so other tests may hold it meanwhile.
async fn hold_migration_lock(server: &Server) -> DatabaseTransaction {
    let holder = server.beside.begin().await.unwrap();
    let ask = "SELECT CAST(GET_LOCK('daypass-migration', 60) AS SIGNED) AS acquired";
    let answer = holder.query_one_raw(Statement::from_string(DbBackend::MySql, ask)).await.unwrap().unwrap();
    assert_eq!(answer.try_get::<Option<i64>>("", "acquired").unwrap(), Some(1), "another test holds the lock");
    holder
}

/// MariaDB's `GET_LOCK` returns 0 after its time-out: the replica goes on waiting.
#[tokio::test(flavor = "multi_thread")]
async fn replicas_wait_for_the_migration_lock_and_migrate_one_after_the_other() {
    let Some(server) = Server::mariadb("two replicas that migrate together").await else { return };
    let holder = hold_migration_lock(&server).await;
    let url = server.url().to_owned();
    let folders: Vec<_> = (0..2).map(|_| TempDir::new().unwrap()).collect();
    let replicas: Vec<_> = folders
        .iter()
        .map(|folder| {
            let (folder, url) = (folder.path().to_owned(), url.clone());
            thread::spawn(move || Running::start(&folder, &[("DATABASE_URL", &url), ("ARGON2", "m=8,t=1,p=1")]))
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(13)).await;
    assert_eq!(server.tables().await, 0, "nothing is migrated without the lock");
    holder.execute_unprepared("SELECT RELEASE_LOCK('daypass-migration')").await.unwrap();
    holder.rollback().await.unwrap();
    for replica in replicas {
        assert_eq!(super::trial::readiness(&replica.join().unwrap()), 200);
    }
}

/// `GET_LOCK` returns NULL when the wait is interrupted. The statement itself does not fail.
#[tokio::test(flavor = "multi_thread")]
async fn replica_without_the_migration_lock_stops_and_migrates_nothing() {
    let Some(server) = Server::mariadb("a migration lock that cannot be acquired").await else { return };
    let holder = hold_migration_lock(&server).await;
    let settings = [("DATABASE_URL", server.url()), ("ARGON2", "m=8,t=1,p=1"), ("PORT", "0")];
    let mut command = daypass(server.folder.path(), &[], &settings);
    let mut replica = Killed(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    let begun = Instant::now();
    let waiting = loop {
        if let Some(id) = server.waiting_for_a_user_lock().await {
            break id;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the replica does not ask for the lock");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    server.run(&format!("KILL QUERY {waiting}")).await;
    let ended = loop {
        if let Some(ended) = replica.0.try_wait().unwrap() {
            break ended;
        }
        assert_eq!(server.tables().await, 0, "the replica migrates without the lock");
        assert!(begun.elapsed() < Duration::from_secs(120), "the replica does not stop");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let mut log = String::new();
    replica.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(ended.code() == Some(1) && log.contains("migration lock"), "{ended}: {log}");
    assert_eq!(server.tables().await, 0, "nothing is migrated without the lock");
    holder.rollback().await.unwrap();
}

/// A process that ends with its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
