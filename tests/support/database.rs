//! A database for one test alone: a SQLite file, or one made on the server of `TEST_DATABASE_URL`.

use std::io::Write as _;
use std::sync::OnceLock;

use daypass::config::DatabaseUrl;
use daypass::{database, random};
use rand::Rng as _;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use tempfile::TempDir;

/// The server that tests use instead of SQLite; said once, so that a log tells what was tested.
#[expect(clippy::disallowed_methods, reason = "tests read their one setting here")]
fn url_from_environment() -> Option<&'static str> {
    static URL: OnceLock<Option<String>> = OnceLock::new();
    let url = URL.get_or_init(|| {
        let url = std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty());
        let shown = url
            .clone()
            .map_or("SQLite; TEST_DATABASE_URL is not set".to_owned(), |url| DatabaseUrl::from(url).to_string());
        // Written past the capture of the test runner, so that it is seen when all is well.
        let _ = writeln!(std::io::stderr(), "database of the tests: {shown}");
        url
    });
    url.as_deref()
}

/// A database that goes away with its test.
pub struct TestDatabase {
    url: DatabaseUrl,
    home: Home,
}

enum Home {
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
        let Some(server) = url_from_environment() else {
            let folder = TempDir::new().unwrap();
            let url = format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display());
            return Self { url: DatabaseUrl::from(url), home: Home::Folder { _folder: folder } };
        };
        let name = format!("daypass_test_{:016x}", random::secure().next_u64());
        on_server(server, &format!("CREATE DATABASE {name}")).await;
        let url = DatabaseUrl::from(format!("{}/{name}", server.rsplit_once('/').unwrap().0));
        Self { url, home: Home::Server { server: server.to_owned(), name } }
    }

    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    pub async fn connect(&self) -> DatabaseConnection {
        database::connect(self.url()).await.unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Home::Server { server, name } = &self.home else { return };
        let (server, name) = (server.clone(), name.clone());
        // The test's own runtime is ending, so the clean-up has one of its own.
        let drop_it = std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(async {
                if server.starts_with("postgres") {
                    on_server(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
                } else {
                    disconnect_mysql(&server, &name).await;
                    on_server(&server, &format!("DROP DATABASE {name}")).await;
                }
            });
        });
        let _ = drop_it.join();
    }
}

async fn on_server(server: &str, statement: &str) {
    let db = database::connect(&DatabaseUrl::from(server.to_owned())).await.unwrap();
    db.execute_unprepared(statement).await.unwrap();
    db.close().await.unwrap();
}

/// Ends what the test left open: MySQL waits for ever for the transaction of a connection that nobody
/// will use again before it drops the database.
async fn disconnect_mysql(server: &str, name: &str) {
    let db = database::connect(&DatabaseUrl::from(server.to_owned())).await.unwrap();
    let open = format!("SELECT CAST(id AS SIGNED) AS id FROM information_schema.processlist WHERE db = '{name}'");
    for row in db.query_all_raw(Statement::from_string(DbBackend::MySql, open)).await.unwrap() {
        let id: i64 = row.try_get("", "id").unwrap();
        let _ = db.execute_unprepared(&format!("KILL {id}")).await;
    }
    db.close().await.unwrap();
}
