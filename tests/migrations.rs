//! Migrations: applied, reverted and applied again on each database; the pragmas of SQLite connections.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/database.rs"]
#[expect(unreachable_pub, reason = "a module of tests is reached from its own binary alone")]
mod support;

use std::io::Write as _;

use chrono::{DateTime, Utc};
use daypass::models::user_creation::NewUser;
use daypass::models::{user, user_creation};
use daypass::platform::clock::Clock;
use daypass::platform::database::Pool;
use daypass::types::limits::{
    MAX_EMAIL_BYTES, MAX_ITEM_NAME_CHARS, MAX_KEY_GROWTH, MAX_NOTE_CHARS, MAX_ROLE_CHARS, MAX_ROLES,
    MAX_USER_AGENT_CHARS, MAX_USERNAME_CHARS, MAX_USERNAME_KEY_CHARS, MAX_USERNAME_SKELETON_CHARS,
    MAX_WORKOUT_TEXT_CHARS,
};
use daypass::types::role::Roles;
use daypass::types::username::Username;
use migration::{Migrator, MigratorTrait as _, TABLES};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use support::TestDatabase;

async fn exists(db: &Pool, table: &str) -> bool {
    db.execute_unprepared(&format!("SELECT COUNT(*) FROM {table}")).await.is_ok()
}

async fn tables_there(db: &Pool) -> usize {
    let mut there = 0;
    for table in TABLES {
        there += usize::from(exists(db, table).await);
    }
    there
}

#[tokio::test]
async fn migrations_can_be_applied_reverted_and_applied_again() {
    let database = TestDatabase::empty().await;
    let db = database.connect().await;
    daypass::platform::database::migrate(&db).await.unwrap();
    assert_eq!(tables_there(&db).await, TABLES.len());
    let (migrations, mut there) = (Migrator::migrations().len(), TABLES.len());
    for _ in 0..migrations {
        Migrator::down(&*db, Some(1)).await.unwrap();
        let left = tables_there(&db).await;
        assert!(left == there || left == there - 1, "a migration creates at most one table");
        there = left;
    }
    assert_eq!(there, 0);
    daypass::platform::database::migrate(&db).await.unwrap();
    assert_eq!(tables_there(&db).await, TABLES.len());
}

#[tokio::test]
async fn existing_users_get_skeletons_of_their_usernames() {
    let database = TestDatabase::empty().await;
    let db = database.connect().await;
    Migrator::up(&*db, Some(4)).await.unwrap();
    let before = "INSERT INTO users (username, username_key, password_hash, created_at, updated_at) \
                  VALUES ('Ada', 'ada', 'x', 0, 0), ('Bob', 'bob', 'x', 0, 0)";
    db.execute_unprepared(before).await.unwrap();
    daypass::platform::database::migrate(&db).await.unwrap();
    let bob = user::find_by_username(&db, "bob").await.unwrap().unwrap();
    assert_eq!(bob.username_skeleton, "bob");
    let lookalike = Username::parse("B\u{43e}b").unwrap();
    let now = Clock::System.now();
    let refused = user_creation::create(&db, &new_user(lookalike, now), now).await.unwrap_err();
    assert_eq!(refused.code(), "username_taken");
    let created = user_creation::create(&db, &new_user(Username::parse("Grace").unwrap(), now), now).await.unwrap();
    let all = Migrator::migrations().len() as u32;
    Migrator::down(&*db, Some(all - 4)).await.unwrap();
    Migrator::up(&*db, None).await.unwrap();
    assert_eq!(user::find_by_username(&db, "grace").await.unwrap(), Some(created));
}

#[tokio::test]
async fn stored_keys_of_usernames_get_the_form_of_the_parser() {
    let database = TestDatabase::empty().await;
    let db = database.connect().await;
    Migrator::up(&*db, Some(13)).await.unwrap();
    let names = [
        ("O\u{2019}Brien", "o\u{2019}brien"),
        ("\u{201c}Ada\u{201d}", "\u{201c}ada\u{201d}"),
        ("Anna\u{2011}Lena", "anna\u{2010}lena"),
        ("Işık \u{2212} ışık", "işık \u{2212} ışık"),
        ("İbrahim", "i\u{307}brahim"),
        ("Bob", "bob"),
    ];
    for (name, key) in names {
        let skeleton = Username::parse(name).unwrap().skeleton().replace('\'', "''");
        let insert =
            "INSERT INTO users (username, username_key, username_skeleton, password_hash, created_at, updated_at)";
        db.execute_unprepared(&format!("{insert} VALUES ('{name}', '{key}', '{skeleton}', 'x', 0, 0)")).await.unwrap();
    }
    daypass::platform::database::migrate(&db).await.unwrap();
    for (name, _) in names {
        let user = user::find_by_username(&db, name).await.unwrap();
        let user = user.unwrap_or_else(|| panic!("{name} cannot sign in"));
        assert_eq!((user.username.as_str(), user.username_key), (name, Username::parse(name).unwrap().key()));
    }
}

/// The test rows by id: the text, and the first name if the column exists.
async fn test_rows(db: &Pool, columns: &str) -> Vec<(String, Option<String>)> {
    let query = format!("SELECT {columns} FROM tests ORDER BY id");
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), query)).await.unwrap();
    rows.iter()
        .map(|row| (row.try_get("", "testdata").unwrap(), row.try_get("", "first_name").unwrap_or_default()))
        .collect()
}

#[tokio::test]
async fn test_rows_survive_adding_and_dropping_the_first_name() {
    let database = TestDatabase::empty().await;
    let db = database.connect().await;
    Migrator::up(&*db, Some(8)).await.unwrap();
    let insert = "INSERT INTO tests (testdata, created_at, updated_at) VALUES ('one', 1, 2), ('two', 3, 4)";
    db.execute_unprepared(insert).await.unwrap();
    assert!(db.execute_unprepared("SELECT first_name FROM tests").await.is_err());

    Migrator::up(&*db, Some(1)).await.unwrap();
    let unnamed = [("one".to_owned(), None), ("two".to_owned(), None)];
    assert_eq!(test_rows(&db, "testdata, first_name").await, unnamed);
    db.execute_unprepared("UPDATE tests SET first_name = 'Ada' WHERE testdata = 'two'").await.unwrap();
    assert_eq!(test_rows(&db, "testdata, first_name").await[1].1.as_deref(), Some("Ada"));

    Migrator::down(&*db, Some(1)).await.unwrap();
    assert_eq!(test_rows(&db, "testdata").await, unnamed, "the column goes, the rows stay");
    Migrator::up(&*db, Some(1)).await.unwrap();
    assert_eq!(test_rows(&db, "testdata, first_name").await, unnamed);
}

/// Returns the declared maximum length of a text column.
async fn column_length(db: &Pool, table: &str, column: &str) -> usize {
    let backend = db.get_database_backend();
    let query = match backend {
        DbBackend::Sqlite => {
            format!("SELECT CAST(type AS TEXT) AS length FROM pragma_table_info('{table}') WHERE name = '{column}'")
        }
        _ => format!(
            "SELECT CAST(character_maximum_length AS CHAR(10)) AS length FROM information_schema.columns \
             WHERE table_name = '{table}' AND column_name = '{column}' AND table_schema IN (DATABASE_NAME)"
        )
        .replace("DATABASE_NAME", if backend == DbBackend::MySql { "DATABASE()" } else { "current_schema()" }),
    };
    let row = db.query_one_raw(Statement::from_string(backend, query)).await.unwrap().unwrap();
    let length: String = row.try_get("", "length").unwrap();
    length.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

#[tokio::test]
async fn text_columns_have_the_limits_of_the_parsers() {
    let database = TestDatabase::create().await;
    let db = database.connect().await;
    for (table, column, limit) in [
        ("users", "username", MAX_USERNAME_CHARS),
        ("users", "username_key", MAX_USERNAME_KEY_CHARS),
        ("users", "username_skeleton", MAX_USERNAME_SKELETON_CHARS),
        ("users", "email", MAX_EMAIL_BYTES),
        ("users", "pending_email", MAX_EMAIL_BYTES),
        ("one_time_codes", "email", MAX_EMAIL_BYTES),
        ("sessions", "user_agent", MAX_USER_AGENT_CHARS),
        ("events", "user_agent", MAX_USER_AGENT_CHARS),
        ("items", "name", MAX_ITEM_NAME_CHARS),
        ("items", "name_key", MAX_ITEM_NAME_CHARS * MAX_KEY_GROWTH),
        ("workout_logs", "description", MAX_WORKOUT_TEXT_CHARS),
        ("workout_logs", "description_key", MAX_WORKOUT_TEXT_CHARS * MAX_KEY_GROWTH),
        ("workout_logs", "definition", MAX_WORKOUT_TEXT_CHARS),
        ("workout_logs", "result", MAX_WORKOUT_TEXT_CHARS),
        ("users", "roles", MAX_ROLES * (MAX_ROLE_CHARS + 1) - 1),
        ("invitations", "roles", MAX_ROLES * (MAX_ROLE_CHARS + 1) - 1),
        ("invitations", "note", MAX_NOTE_CHARS),
    ] {
        assert_eq!(column_length(&db, table, column).await, limit, "{table}.{column}");
    }
}

fn new_user(username: Username, now: DateTime<Utc>) -> NewUser {
    NewUser { username, password_hash: "x".to_owned(), created_at: now, roles: Roles::default() }
}

async fn recorded(db: &Pool, table: &str) -> Vec<String> {
    let query = format!("SELECT version FROM {table} ORDER BY version");
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), query)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "version").unwrap()).collect()
}

fn names() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

/// A database of an earlier release, which used the default name of the table, with a user.
async fn database_of_an_earlier_release(db: &Pool) {
    daypass::platform::database::migrate(db).await.unwrap();
    let ada = Username::parse("Ada").unwrap();
    let now = Clock::System.now();
    user_creation::create(db, &new_user(ada, now), now).await.unwrap();
    db.execute_unprepared("ALTER TABLE daypass_migrations RENAME TO seaql_migrations").await.unwrap();
}

#[tokio::test]
async fn records_of_an_earlier_release_are_moved_to_their_own_table() {
    let database = TestDatabase::empty().await;
    let db = database.connect().await;
    database_of_an_earlier_release(&db).await;
    daypass::platform::database::migrate(&db).await.unwrap();
    assert_eq!(recorded(&db, "daypass_migrations").await, names());
    assert!(!exists(&db, "seaql_migrations").await, "nothing else used the table");
    assert!(user::find_by_username(&db, "ada").await.unwrap().is_some());
}

#[tokio::test]
async fn records_of_another_application_stay() {
    let database = TestDatabase::empty().await;
    let db = database.connect().await;
    database_of_an_earlier_release(&db).await;
    let other = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20220101_000001_create_table', 1)";
    db.execute_unprepared(other).await.unwrap();
    // The process stopped after it had moved some of the records.
    db.execute_unprepared("CREATE TABLE daypass_migrations AS SELECT * FROM seaql_migrations").await.unwrap();
    db.execute_unprepared("DELETE FROM daypass_migrations WHERE version NOT LIKE '%users'").await.unwrap();
    for _ in 0..2 {
        daypass::platform::database::migrate(&db).await.unwrap();
        assert_eq!(recorded(&db, "daypass_migrations").await, names());
        assert_eq!(recorded(&db, "seaql_migrations").await, ["m20220101_000001_create_table"]);
    }
    assert!(user::find_by_username(&db, "ada").await.unwrap().is_some());
}

#[tokio::test]
async fn status_of_an_earlier_release_has_no_pending_migrations() {
    let database = TestDatabase::empty().await;
    let db = database.connect().await;
    database_of_an_earlier_release(&db).await;
    assert!(Migrator::get_pending_migrations(&*db).await.unwrap().is_empty());
}

#[tokio::test]
async fn tables_of_another_application_are_not_touched() {
    let database = TestDatabase::empty().await;
    let db = database.connect().await;
    db.execute_unprepared("CREATE TABLE users (id BIGINT PRIMARY KEY)").await.unwrap();
    db.execute_unprepared("CREATE TABLE seaql_migrations (version VARCHAR(255) PRIMARY KEY, applied_at BIGINT)")
        .await
        .unwrap();
    db.execute_unprepared("INSERT INTO seaql_migrations VALUES ('m20220101_000001_create_table', 1)").await.unwrap();
    let migrated = daypass::platform::database::migrate(&db).await.unwrap_err().to_string();
    assert!(migrated.contains("users; give Daypass a database of its own"), "{migrated}");
    let dropped = migration::drop_tables(&*db).await.unwrap_err().to_string();
    assert!(dropped.contains("another application"), "{dropped}");
    assert!(exists(&db, "users").await && !exists(&db, "sessions").await);

    db.execute_unprepared("ALTER TABLE users RENAME TO customers").await.unwrap();
    daypass::platform::database::migrate(&db).await.unwrap();
    assert_eq!(tables_there(&db).await, TABLES.len());
    migration::drop_tables(&*db).await.unwrap();
    assert_eq!(tables_there(&db).await, 0);
    assert!(exists(&db, "customers").await);
    assert_eq!(recorded(&db, "seaql_migrations").await, ["m20220101_000001_create_table"]);
}

#[tokio::test]
async fn second_migration_changes_nothing() {
    let database = TestDatabase::create().await;
    let db = database.connect().await;
    daypass::platform::database::migrate(&db).await.unwrap();
    assert!(Migrator::get_pending_migrations(&db).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_migrations_run_one_at_a_time() {
    let database = TestDatabase::empty().await;
    let mut replicas = Vec::new();
    for _ in 0..5 {
        let db = database.connect().await;
        replicas.push(tokio::spawn(async move { daypass::platform::database::migrate(&db).await }));
    }
    for replica in replicas {
        replica.await.unwrap().unwrap();
    }
    assert_eq!(tables_there(&database.connect().await).await, TABLES.len());
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn every_pooled_sqlite_connection_has_its_pragmas() {
    let database = TestDatabase::create().await;
    if !database.url().is_sqlite() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: the database is not SQLite, the pragmas of its connections were not tested"
        );
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
