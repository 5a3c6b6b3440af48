//! Health, for whoever restarts or routes: alive is one thing, ready another.

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;
use crate::auth::revocations::BUDGET;
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
    (status = 503, description = "`unavailable`: the database does not answer. `not_ready`: revocations cannot be followed."),
))]
pub async fn ready(State(app): State<App>) -> Result<StatusCode, Error> {
    app.db.ping().await.map_err(|error| Error::Unavailable(error.into()))?;
    let age = app.revocations.age(app.clock.now());
    if age.is_none_or(|age| age > BUDGET) {
        return Err(Error::NotReady);
    }
    Ok(StatusCode::NO_CONTENT)
}
