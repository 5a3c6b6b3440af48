//! A database for one test: a SQLite file, or a database on the server of `TEST_DATABASE_URL`.

use std::io::Write as _;
use std::sync::OnceLock;

use daypass::platform::database::DatabaseUrl;
use daypass::platform::database::Pool;
use daypass::platform::{database, random};
use rand::Rng as _;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use tempfile::TempDir;

/// The server that tests use instead of SQLite. It is printed once, so that the log shows what was tested.
#[expect(clippy::disallowed_methods, reason = "tests read their one setting here")]
fn url_from_environment() -> Option<&'static str> {
    static URL: OnceLock<Option<String>> = OnceLock::new();
    let url = URL.get_or_init(|| {
        let url = std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty());
        let shown = url
            .clone()
            .map_or("SQLite; TEST_DATABASE_URL is not set".to_owned(), |url| DatabaseUrl::from(url).to_string());
        // Not captured by the test runner, so it is printed although the tests pass.
        let _ = writeln!(std::io::stderr(), "database of the tests: {shown}");
        url
    });
    url.as_deref()
}

/// A database that is dropped with its test.
pub struct TestDatabase {
    url: DatabaseUrl,
    location: Location,
}

enum Location {
    Folder { _folder: TempDir },
    Server { server: String, name: String },
}

impl TestDatabase {
    /// A database with all tables.
    pub async fn create() -> Self {
        let database = Self::empty().await;
        database::migrate(&database.connect().await).await.unwrap();
        database
    }

    /// A database without tables.
    pub async fn empty() -> Self {
        let Some(server) = url_from_environment() else { return Self::sqlite() };
        let name = format!("daypass_test_{:016x}", random::secure().next_u64());
        on_server(server, &format!("CREATE DATABASE {name}")).await;
        let mut url = url::Url::parse(&quick(server)).unwrap();
        url.set_path(&name);
        Self {
            url: DatabaseUrl::from(String::from(url)),
            location: Location::Server { server: server.to_owned(), name },
        }
    }

    /// A SQLite file without tables.
    pub fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display());
        Self { url: DatabaseUrl::from(url), location: Location::Folder { _folder: folder } }
    }

    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// The name of the database on its server.
    pub fn name(&self) -> &str {
        let Location::Server { name, .. } = &self.location else { panic!("a SQLite file has no name") };
        name
    }

    /// Runs a statement on the server, connected to another database.
    pub async fn on_server(&self, statement: &str) {
        let Location::Server { server, .. } = &self.location else { panic!("SQLite has no server") };
        on_server(server, statement).await;
    }

    async fn drop_from_server(&self) {
        let name = self.name();
        if self.url.expose().starts_with("postgres") {
            self.on_server(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
        } else {
            self.disconnect_mysql().await;
            self.on_server(&format!("DROP DATABASE {name}")).await;
        }
    }

    /// Closes the connections of the test. MySQL waits for their transactions before it drops the database.
    async fn disconnect_mysql(&self) {
        let db = self.connect().await;
        let open = format!(
            "SELECT CAST(id AS SIGNED) AS id FROM information_schema.processlist \
             WHERE db = '{}' AND id <> CONNECTION_ID()",
            self.name()
        );
        for row in db.query_all_raw(Statement::from_string(DbBackend::MySql, open)).await.unwrap() {
            let id: i64 = row.try_get("", "id").unwrap();
            let _ = db.execute_unprepared(&format!("KILL {id}")).await;
        }
        db.close_by_ref().await.unwrap();
    }

    pub async fn connect(&self) -> Pool {
        database::connect(self.url()).await.unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.url.is_sqlite() {
            return;
        }
        // The runtime of the test is shutting down, so the clean-up needs its own.
        std::thread::scope(|scope| {
            let clean_up = || tokio::runtime::Runtime::new().unwrap().block_on(self.drop_from_server());
            let _ = scope.spawn(clean_up).join();
        });
    }
}

/// Turns TLS off for PostgreSQL on this machine. In a debug build, a handshake takes a tenth of a second, and each test
/// opens several connections.
fn quick(url: &str) -> String {
    let is_here = url.contains("@127.0.0.1") || url.contains("@localhost");
    let has_choice = url.contains('?') || !url.starts_with("postgres") || !is_here;
    if has_choice { url.to_owned() } else { format!("{url}?sslmode=disable") }
}

async fn on_server(server: &str, statement: &str) {
    let db = database::connect(&DatabaseUrl::from(quick(server))).await.unwrap();
    db.execute_unprepared(statement).await.unwrap();
    db.close_by_ref().await.unwrap();
}
