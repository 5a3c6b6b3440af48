//! A server with an empty handler.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    daypass_bench_peers::serve(Router::new().route("/api/verify", get(async || StatusCode::NO_CONTENT))).await
}
