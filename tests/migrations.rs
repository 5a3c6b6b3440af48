//! The tables: up, down and up again on each database, and what every connection to SQLite is told.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/database.rs"]
#[expect(unreachable_pub, reason = "a module of tests is reached from its own binary alone")]
mod support;

use std::io::Write as _;

use daypass::auth::username::Username;
use daypass::clock::Clock;
use daypass::models::user;
use migration::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};
use support::TestDatabase;

const TABLES: [&str; 8] =
    ["users", "sessions", "items", "revocations", "workout_logs", "tests", "seeds", "session_variables"];

async fn tables_there(db: &DatabaseConnection) -> usize {
    let mut there = 0;
    for table in TABLES {
        there += usize::from(db.execute_unprepared(&format!("SELECT COUNT(*) FROM {table}")).await.is_ok());
    }
    there
}

#[tokio::test]
async fn migrations_go_up_down_and_up_again() {
    let database = TestDatabase::empty().await;
    let db = database.connect().await;
    daypass::database::migrate(&db).await.unwrap();
    assert_eq!(tables_there(&db).await, TABLES.len());
    let (migrations, mut there) = (Migrator::migrations().len(), TABLES.len());
    for _ in 0..migrations {
        Migrator::down(&db, Some(1)).await.unwrap();
        let left = tables_there(&db).await;
        assert!(left == there || left == there - 1, "a migration makes one table at most");
        there = left;
    }
    assert_eq!(there, 0);
    daypass::database::migrate(&db).await.unwrap();
    assert_eq!(tables_there(&db).await, TABLES.len());
}

#[tokio::test]
async fn users_from_before_lookalikes_were_kept_out_have_their_keys_as_skeletons() {
    let database = TestDatabase::empty().await;
    let db = database.connect().await;
    Migrator::up(&db, Some(4)).await.unwrap();
    let before = "INSERT INTO users (username, username_key, password_hash, created_at, updated_at) \
                  VALUES ('Ada', 'ada', 'x', 0, 0), ('Bob', 'bob', 'x', 0, 0)";
    db.execute_unprepared(before).await.unwrap();
    daypass::database::migrate(&db).await.unwrap();
    let bob = user::find_by_username(&db, "bob").await.unwrap().unwrap();
    assert_eq!(bob.username_skeleton, "bob");
    let lookalike = Username::parse("B\u{43e}b").unwrap();
    let now = Clock::System.now();
    let refused = user::create(&db, &lookalike, "x".to_owned(), now).await.unwrap_err();
    assert_eq!(refused.code(), "username_taken");
    let passing = user::create(&db, &Username::parse("Grace").unwrap(), "x".to_owned(), now).await.unwrap();
    let all = Migrator::migrations().len() as u32;
    Migrator::down(&db, Some(all - 4)).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    assert_eq!(user::find_by_username(&db, "grace").await.unwrap(), Some(passing));
}

/// The course's rows, in their order: text, and first name where there is the column.
async fn test_rows(db: &DatabaseConnection, columns: &str) -> Vec<(String, Option<String>)> {
    let query = format!("SELECT {columns} FROM tests ORDER BY id");
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), query)).await.unwrap();
    rows.iter()
        .map(|row| (row.try_get("", "testdata").unwrap(), row.try_get("", "first_name").unwrap_or_default()))
        .collect()
}

#[tokio::test]
async fn rows_of_the_course_outlive_their_first_name_in_both_directions() {
    let database = TestDatabase::empty().await;
    let db = database.connect().await;
    Migrator::up(&db, Some(8)).await.unwrap();
    let insert = "INSERT INTO tests (testdata, created_at, updated_at) VALUES ('one', 1, 2), ('two', 3, 4)";
    db.execute_unprepared(insert).await.unwrap();
    assert!(db.execute_unprepared("SELECT first_name FROM tests").await.is_err());

    Migrator::up(&db, Some(1)).await.unwrap();
    let unnamed = [("one".to_owned(), None), ("two".to_owned(), None)];
    assert_eq!(test_rows(&db, "testdata, first_name").await, unnamed);
    db.execute_unprepared("UPDATE tests SET first_name = 'Ada' WHERE testdata = 'two'").await.unwrap();
    assert_eq!(test_rows(&db, "testdata, first_name").await[1].1.as_deref(), Some("Ada"));

    Migrator::down(&db, Some(1)).await.unwrap();
    assert_eq!(test_rows(&db, "testdata").await, unnamed, "the column goes, the rows stay");
    Migrator::up(&db, Some(1)).await.unwrap();
    assert_eq!(test_rows(&db, "testdata, first_name").await, unnamed);
}

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    let database = TestDatabase::create().await;
    let db = database.connect().await;
    daypass::database::migrate(&db).await.unwrap();
    assert!(Migrator::get_pending_migrations(&db).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_start_together_take_turns() {
    let database = TestDatabase::empty().await;
    let mut replicas = Vec::new();
    for _ in 0..5 {
        let db = database.connect().await;
        replicas.push(tokio::spawn(async move { daypass::database::migrate(&db).await }));
    }
    for replica in replicas {
        replica.await.unwrap().unwrap();
    }
    assert_eq!(tables_there(&database.connect().await).await, TABLES.len());
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn every_pooled_connection_to_sqlite_has_its_pragmas() {
    let database = TestDatabase::create().await;
    if !database.url().is_sqlite() {
        let _ = writeln!(std::io::stderr(), "not run, for the database is not SQLite: the pragmas of its connections");
        return;
    }
    let db = database.connect().await;
    let pool = db.get_sqlite_connection_pool();
    let mut held = Vec::new();
    for _ in 0..pool.options().get_max_connections() {
        let mut connection = pool.acquire().await.unwrap();
        for (pragma, expected) in
            [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1"), ("busy_timeout", "4000")]
        {
            let query = sea_orm::sqlx::AssertSqlSafe(format!("SELECT CAST({pragma} AS TEXT) FROM pragma_{pragma}"));
            let query = if pragma == "busy_timeout" {
                sea_orm::sqlx::AssertSqlSafe("SELECT CAST(timeout AS TEXT) FROM pragma_busy_timeout".to_owned())
            } else {
                query
            };
            let value: String = sea_orm::sqlx::query_scalar(query).fetch_one(&mut *connection).await.unwrap();
            assert_eq!(value, expected, "{pragma}");
        }
        held.push(connection);
    }
    assert!(held.len() > 1, "a file has a pool of several connections");
}
