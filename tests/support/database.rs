//! A database for one test alone: a SQLite file, or one made on the server of `TEST_DATABASE_URL`.

use std::sync::OnceLock;

use daypass::config::DatabaseUrl;
use daypass::{database, random};
use rand::Rng as _;
use sea_orm::{ConnectionTrait as _, DatabaseConnection};
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
        eprintln!("database of the tests: {shown}");
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
        let force = if server.starts_with("postgres") { " WITH (FORCE)" } else { "" };
        let (server, statement) = (server.clone(), format!("DROP DATABASE {name}{force}"));
        // The test's own runtime is ending, so the clean-up has one of its own.
        let drop_it = std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(on_server(&server, &statement));
        });
        let _ = drop_it.join();
    }
}

async fn on_server(server: &str, statement: &str) {
    let db = database::connect(&DatabaseUrl::from(server.to_owned())).await.unwrap();
    db.execute_unprepared(statement).await.unwrap();
    db.close().await.unwrap();
}
