//! The same items as the service's, from the same table, written by hand on sqlx: no sign-in, no
//! session, no layers, and only the columns that are shown.
//!
//! `raw_sqlx FILE OWNER_ID full|normal`: the database, whose items, and SQLite's `synchronous`.

use std::error::Error;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

/// These are the service's, in its `src/platform/database/mod.rs` and `src/models/page.rs`.
const CONNECTIONS: u32 = 8;
const BUSY_TIMEOUT: Duration = Duration::from_secs(4);
const PAGE: usize = 20;

#[derive(Clone)]
struct App {
    db: SqlitePool,
    owner_id: i64,
}

/// Id, name, created, updated.
type Row = (i64, String, i64, i64);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: i64,
    name: String,
    created_at: String,
    updated_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemPage {
    items: Vec<Item>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Body {
    name: String,
}

impl From<Row> for Item {
    fn from((id, name, created_at, updated_at): Row) -> Self {
        Self { id, name, created_at: moment(created_at), updated_at: moment(updated_at) }
    }
}

fn moment(millis: i64) -> String {
    DateTime::from_timestamp_millis(millis).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn fault(error: sqlx::Error) -> StatusCode {
    eprintln!("{error}");
    StatusCode::INTERNAL_SERVER_ERROR
}

/// One row more than a page, to know whether there is another; its cursor is left out.
async fn list(State(app): State<App>) -> Result<Json<ItemPage>, StatusCode> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, name, created_at, updated_at FROM items WHERE owner_id = ? \
         ORDER BY created_at ASC, id ASC LIMIT ?",
    )
    .bind(app.owner_id)
    .bind(PAGE as i64 + 1)
    .fetch_all(&app.db)
    .await
    .map_err(fault)?;
    Ok(Json(ItemPage { items: rows.into_iter().take(PAGE).map(Item::from).collect(), next_cursor: None }))
}

async fn create(State(app): State<App>, Json(body): Json<Body>) -> Result<(StatusCode, Json<Item>), StatusCode> {
    let now = Utc::now().timestamp_millis();
    let row: Row = sqlx::query_as(
        "INSERT INTO items (owner_id, name, name_key, created_at, updated_at, version) VALUES (?, ?, ?, ?, ?, 1) \
         RETURNING id, name, created_at, updated_at",
    )
    .bind(app.owner_id)
    .bind(&body.name)
    .bind(body.name.to_lowercase())
    .bind(now)
    .bind(now)
    .fetch_one(&app.db)
    .await
    .map_err(fault)?;
    Ok((StatusCode::CREATED, Json(Item::from(row))))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file, owner_id, synchronous] = arguments.as_slice() else {
        return Err("raw_sqlx FILE OWNER_ID full|normal".into());
    };
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(if synchronous == "full" { SqliteSynchronous::Full } else { SqliteSynchronous::Normal })
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT);
    let db = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    let app = App { db, owner_id: owner_id.parse()? };
    daypass_bench_peers::serve(Router::new().route("/api/items", get(list).post(create)).with_state(app)).await?;
    Ok(())
}
