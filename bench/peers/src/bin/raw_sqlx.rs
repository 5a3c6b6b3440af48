//! A server that lists and creates items with one sqlx query per request. It uses the service's table, but has no
//! sessions and no middleware.
//!
//! Usage: `raw_sqlx FILE OWNER_ID full|normal`. The last argument is SQLite's `synchronous`.

use std::error::Error;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

// The settings of the service, see `src/platform/database/mod.rs` and `src/models/page.rs`.
const CONNECTIONS: u32 = 8;
const BUSY_TIMEOUT: Duration = Duration::from_secs(4);
const PAGE: usize = 20;

#[derive(Clone)]
struct App {
    db: SqlitePool,
    owner_id: i64,
}

/// The columns `id`, `name`, `created_at` and `updated_at`.
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
        Self { id, name, created_at: timestamp(created_at), updated_at: timestamp(updated_at) }
    }
}

fn timestamp(millis: i64) -> String {
    DateTime::from_timestamp_millis(millis).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn internal_error(error: sqlx::Error) -> StatusCode {
    eprintln!("{error}");
    StatusCode::INTERNAL_SERVER_ERROR
}

/// Reads one row more than a page, like the service, which needs it to find out whether there is a next page.
async fn list(State(app): State<App>) -> Result<Json<ItemPage>, StatusCode> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, name, created_at, updated_at FROM items WHERE owner_id = ? \
         ORDER BY created_at ASC, id ASC LIMIT ?",
    )
    .bind(app.owner_id)
    .bind(PAGE as i64 + 1)
    .fetch_all(&app.db)
    .await
    .map_err(internal_error)?;
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
    .map_err(internal_error)?;
    Ok((StatusCode::CREATED, Json(Item::from(row))))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file, owner_id, synchronous] = arguments.as_slice() else {
        return Err("usage: raw_sqlx FILE OWNER_ID full|normal".into());
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
