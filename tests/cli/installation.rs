//! An installation of the service: a folder, and a database in it or on the test server.

use std::io::Write as _;
use std::process::Output;

use tempfile::TempDir;

use crate::database::TestDatabase;
use crate::running::{Running, run};

/// A database without tables on the test server, if there is one. Otherwise it reports that `what` is skipped.
pub async fn test_server(what: &str) -> Option<TestDatabase> {
    let server = TestDatabase::empty().await;
    if server.url().is_sqlite() {
        // The test runner does not capture this.
        let _ = writeln!(std::io::stderr(), "skipped: {what} on a server; TEST_DATABASE_URL is not set");
        return None;
    }
    Some(server)
}

pub struct Installation {
    folder: TempDir,
    /// The database, if it is on the test server.
    server: Option<TestDatabase>,
}

impl Installation {
    /// An installation on SQLite, and one on the test server if there is one. `what` names the test.
    pub async fn each(what: &str) -> Vec<Self> {
        let mut installations = vec![Self { folder: TempDir::new().unwrap(), server: None }];
        if let Some(server) = test_server(what).await {
            installations.push(Self { folder: TempDir::new().unwrap(), server: Some(server) });
        }
        installations
    }

    pub fn has_server(&self) -> bool {
        self.server.is_some()
    }

    /// Starts the service. Tests do not read its log, so only warnings are logged.
    pub fn start(&self) -> Running {
        Running::start(self.folder.path(), &self.settings())
    }

    /// Runs a command on the same database.
    pub fn run(&self, arguments: &[&str]) -> Output {
        run(self.folder.path(), arguments, &self.settings())
    }

    fn settings(&self) -> Vec<(&str, &str)> {
        let mut settings = vec![("ARGON2", "m=8,t=1,p=1"), ("LOG", "warn")];
        settings.extend(self.server.as_ref().map(|server| ("DATABASE_URL", server.url().expose())));
        settings
    }
}
