//! Upgrades of databases that earlier releases created. `tests/releases/record` records them.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DbBackend};
use serde_json::Value;

use crate::support::{TestApp, TestDatabase};

/// Returns the folder of each recorded release.
fn releases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/releases");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let releases: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    assert!(!releases.is_empty());
    releases
}

/// Starts this version on the recorded database. Returns the tokens of the release, too.
async fn upgraded(release: &Path) -> (TestApp, Value) {
    let database = TestDatabase::empty().await;
    // The tables of a dump are not in the order of their foreign keys, and this setting belongs to a connection.
    let db =
        Database::connect(ConnectOptions::new(database.url().expose()).max_connections(1).to_owned()).await.unwrap();
    let kind = match db.get_database_backend() {
        DbBackend::Sqlite => "sqlite",
        DbBackend::Postgres => "postgres",
        _ => "mysql",
    };
    let unchecked = [("sqlite", "PRAGMA foreign_keys = OFF"), ("mysql", "SET FOREIGN_KEY_CHECKS = 0")];
    for (_, statement) in unchecked.iter().filter(|(name, _)| *name == kind) {
        db.execute_unprepared(statement).await.unwrap();
    }
    let dump = std::fs::read_to_string(release.join(format!("{kind}.sql"))).unwrap();
    for statement in dump.split(";\n").filter(|statement| !statement.trim().is_empty()) {
        db.execute_unprepared(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    db.close().await.unwrap();
    daypass::platform::database::migrate(&database.connect().await).await.unwrap();
    let tokens: Value = serde_json::from_str(&std::fs::read_to_string(release.join("tokens.json")).unwrap()).unwrap();
    let recorded: DateTime<Utc> = tokens["recordedAt"].as_str().unwrap().parse().unwrap();
    let app = TestApp::start_on(database, recorded + TimeDelta::hours(1)).await;
    (app, tokens[kind].clone())
}

#[tokio::test]
async fn database_of_each_release_is_upgraded_without_losing_rows_or_sessions() {
    for release in releases() {
        let (app, tokens) = upgraded(&release).await;
        let client = |name: &str| app.anon.with_token(tokens[name].as_str().unwrap());
        let active = client("active");
        assert_eq!(active.get("/api/verify").await.status(), 204, "{}", release.display());
        let ended = client("ended").get("/api/verify").await;
        assert_eq!((ended.status(), ended.json()["code"].as_str()), (401, Some("revoked")));

        let items = active.get("/api/items").await.json();
        let names: Vec<_> = items["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect();
        assert_eq!(names.len(), 3, "{items}");
        let logs = active.get("/api/workout-logs").await.json();
        assert_eq!(logs["items"][0]["result"], "25 min", "{logs}");
        let colour = active.get("/api/sessions/current/variables/colour").await.json();
        assert_eq!(colour["value"], "blue");

        let alice = app.sign_in("alice").await;
        let created = alice.post("/api/items", serde_json::json!({"name": "new"})).await;
        assert_eq!(created.status(), 201, "{}", created.text());
        assert_eq!(active.get("/api/items").await.json()["items"].as_array().unwrap().len(), 4);
        let credentials = serde_json::json!({"username": "bob", "password": crate::support::PASSWORD});
        assert_eq!(app.anon.post("/api/sessions", credentials).await.status(), 401, "bob is disabled");
    }
}
