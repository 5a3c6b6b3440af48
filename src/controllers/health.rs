//! Health, for whoever restarts or routes: alive is one thing, ready another.

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;
use crate::error::Error;

/// Is the process alive
///
/// Says nothing about the database: a restart would not mend that.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 204, description = "Alive.")))]
pub async fn live() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Can it serve
#[utoipa::path(get, path = "/health/ready", tag = "health", responses(
    (status = 204, description = "Ready."),
    (status = 503, description = "`unavailable`: the database does not answer."),
))]
pub async fn ready(State(app): State<App>) -> Result<StatusCode, Error> {
    app.db.ping().await.map_err(Error::Unavailable)?;
    Ok(StatusCode::NO_CONTENT)
}
