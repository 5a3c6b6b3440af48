//! The database of a course as Sequelize creates it, on SQLite or on the test server, and a folder with a database to import
//! it into.

use std::path::PathBuf;
use std::process::Output;

use sea_orm::{ConnectionTrait as _, Database, DbBackend};
use tempfile::TempDir;

use crate::database::TestDatabase;
use crate::installation::test_server;
use crate::running::*;

/// bcrypt of cost 4 of `correct horse`, as the course's server stores it.
pub const BCRYPT: &str = "$2a$04$N9qo8uLOickgx2ZMRZoMye7lwnnKjdKULIb0Soe6BjJXxCPR1R3dC";

/// The tables of the 2018 edition. Only the times are never null.
const TABLES: &str = r#"
CREATE TABLE IF NOT EXISTS "users" ("id" ID, "username" VARCHAR(255), "passwordhash" VARCHAR(255), TIMES);
CREATE TABLE IF NOT EXISTS "authtestdata" ("id" ID, "authtestdata" VARCHAR(255), "owner" INTEGER, TIMES);
CREATE TABLE IF NOT EXISTS "logs" ("id" ID, "description" VARCHAR(255), "definition" VARCHAR(255),
    "result" VARCHAR(255), "owner" INTEGER, TIMES)"#;

pub struct Course {
    /// Holds our own database, with its tables.
    pub folder: TempDir,
    /// The source, if it is on the test server.
    server: Option<TestDatabase>,
}

impl Course {
    /// On SQLite, without tables.
    pub fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        assert!(run(folder.path(), &["migrate", "up"], &[]).status.success());
        Self { folder, server: None }
    }

    /// On SQLite, with the tables of the edition of 2018.
    pub async fn of_2018() -> Self {
        let course = Self::empty();
        course.tell(TABLES).await;
        course
    }

    /// The same on the test server, if there is one.
    pub async fn of_2018_on_the_server() -> Option<Self> {
        let course = Self { server: Some(test_server("a course").await?), ..Self::empty() };
        course.tell(TABLES).await;
        Some(course)
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("course.sqlite")
    }

    fn from(&self) -> String {
        let file = || format!("sqlite://{}", self.file().display());
        self.server.as_ref().map_or_else(file, |server| server.url().expose().to_owned())
    }

    /// Runs statements in the source. Replaces `ID` and `TIMES` by the columns that Sequelize creates, and `AT 30.4` by both
    /// times, at that second of a minute in 2018.
    pub async fn tell(&self, statements: &str) {
        let mode = if self.server.is_some() { "" } else { "?mode=rwc" };
        let db = Database::connect(self.from() + mode).await.unwrap();
        let (id, time, zone, mark) = match db.get_database_backend() {
            DbBackend::Sqlite => ("INTEGER PRIMARY KEY AUTOINCREMENT", "DATETIME", " +00:00", "\""),
            DbBackend::Postgres => ("SERIAL PRIMARY KEY", "TIMESTAMP WITH TIME ZONE", " +00:00", "\""),
            _ => ("INTEGER NOT NULL auto_increment PRIMARY KEY", "DATETIME(3)", "", "`"),
        };
        let times = format!("\"createdAt\" {time} NOT NULL, \"updatedAt\" {time} NOT NULL");
        for statement in statements.split(';') {
            let mut sql = statement.replace(" ID,", &format!(" {id},")).replace("TIMES", &times);
            while let Some((before, after)) = sql.split_once("AT ") {
                let end = after.find([',', ')']).unwrap();
                let moment = format!("'2018-04-02 10:20:{}00{zone}'", &after[..end]);
                sql = format!("{before}{moment}, {moment}{}", &after[end..]);
            }
            db.execute_unprepared(&sql.replace('"', mark)).await.unwrap();
        }
        db.close().await.unwrap();
    }

    /// Inserts users 1 and 2, their authtestdata and their logs.
    pub async fn fill(&self) {
        let statements = format!(
            r#"INSERT INTO "users" ("username", "passwordhash", "createdAt", "updatedAt")
               VALUES ('ada', '{BCRYPT}', AT 30.1), ('grace', '{BCRYPT}', AT 30.2);
               INSERT INTO "authtestdata" ("authtestdata", "owner", "createdAt", "updatedAt")
               VALUES ('a lantern', 1, AT 31.1), ('two lanterns', 2, AT 31.2);
               INSERT INTO "logs" ("description", "definition", "result", "owner", "createdAt", "updatedAt")
               VALUES ('row 2 km', 'Time', '7:42', 1, AT 32.1), ('swim', NULL, '', 1, AT 32.2),
                      ('run', 'Time', '9:00', 2, AT 32.3)"#
        );
        self.tell(&statements).await;
    }

    pub fn import(&self, flags: &[&str]) -> Output {
        self.import_with(flags, &[])
    }

    pub fn import_with(&self, flags: &[&str], settings: &[(&str, &str)]) -> Output {
        run(self.folder.path(), &[&["import", "course", "--from", &self.from()], flags].concat(), settings)
    }

    /// Imports and returns the exit status and the report: rows, added, imported before, rejected.
    pub fn imported(&self, flags: &[&str]) -> (Option<i32>, Vec<String>) {
        let output = self.import(flags);
        (output.status.code(), reported(&output))
    }

    pub fn users(&self) -> usize {
        text(&run(self.folder.path(), &["user", "list", "--json"], &[]).stdout).lines().count()
    }
}

/// The lines of the last report without the head, with one space between the columns.
pub fn reported(output: &Output) -> Vec<String> {
    let lines = text(&output.stdout).lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let lines: Vec<_> = lines.collect();
    let head = lines.iter().rposition(|line| line.starts_with("table rows")).unwrap();
    lines[head + 1..].to_vec()
}
