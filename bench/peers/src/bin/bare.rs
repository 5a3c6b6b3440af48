//! The floor of any answer: a handler that does nothing, on a route of its own.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    daypass_bench_peers::serve(Router::new().route("/api/verify", get(async || StatusCode::NO_CONTENT))).await
}
