//! Where a service is started and started again: a folder, and a database in it or on the server of the tests.

use std::io::Write as _;

use tempfile::TempDir;

use crate::database::TestDatabase;
use crate::running::Running;

/// A database without tables on the server of the tests, if they have one, for `what` is tried there.
pub async fn server_of_the_tests(what: &str) -> Option<TestDatabase> {
    let server = TestDatabase::empty().await;
    if server.url().is_sqlite() {
        // Past the capture of the test runner, so that nobody takes it for tested.
        let _ = writeln!(std::io::stderr(), "not run: {what} on a server; TEST_DATABASE_URL is not set");
        return None;
    }
    Some(server)
}

pub struct Place {
    folder: TempDir,
    /// The database, if it is on the server.
    server: Option<TestDatabase>,
}

impl Place {
    /// On SQLite, and on the server of the tests, if they have one, too; `what` is tried there.
    pub async fn each(what: &str) -> Vec<Self> {
        let mut places = vec![Self { folder: TempDir::new().unwrap(), server: None }];
        if let Some(server) = server_of_the_tests(what).await {
            places.push(Self { folder: TempDir::new().unwrap(), server: Some(server) });
        }
        places
    }

    pub fn has_server(&self) -> bool {
        self.server.is_some()
    }

    /// Nobody reads the log while a service runs, so it says little.
    pub fn start(&self) -> Running {
        let mut settings = vec![("ARGON2", "m=8,t=1,p=1"), ("LOG", "warn")];
        settings.extend(self.server.as_ref().map(|server| ("DATABASE_URL", server.url().expose())));
        Running::start(self.folder.path(), &settings)
    }
}
