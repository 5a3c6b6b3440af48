//! Health probes.

use std::time::Duration;

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::ALLOW;
use axum::response::IntoResponse;
use tokio::time::timeout;

use crate::app::AppState;
use crate::auth::revocation::MAX_AGE;
use crate::auth::token::session_id::SessionId;
use crate::error::Error;
use crate::models::session_variables;
use crate::platform::database::WriteStatus;
use crate::platform::random;
use crate::views::Health;

/// Liveness probe
///
/// Does not check the database, because a restart would not repair it.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, body = Health)))]
pub async fn live() -> Reply<Health> {
    Reply(Health::OK)
}

/// Readiness probe
#[utoipa::path(get, path = "/health/ready", tag = "health", responses(
    (status = 200, body = Health),
    (status = 503, description = "`unavailable`: the database does not respond or rejects writes. `not_ready`: the revocations are too old, or the service is about to stop."),
))]
pub async fn ready(State(app): State<AppState>) -> Result<Reply<Health>, Error> {
    if app.draining.has_started() {
        return Err(Error::Stopping);
    }
    check_database(&app).await?;
    let age = app.revocations.age(app.clock.monotonic());
    if age.is_none_or(|age| age > MAX_AGE) {
        return Err(Error::NotReady);
    }
    Ok(Reply(Health::OK))
}

/// Responds to `OPTIONS /`, the check that HAProxy sends by default. HAProxy accepts any 2xx status.
pub async fn options() -> impl IntoResponse {
    (StatusCode::NO_CONTENT, [(ALLOW, "GET, HEAD, OPTIONS")])
}

/// How long a probe waits for each response of the database.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// Checks that the database responds and accepts writes. A recent successful write is sufficient. Otherwise, the probe
/// inserts and deletes a row. While writes fail, probes do so at most once a second.
async fn check_database(app: &AppState) -> Result<(), Error> {
    app.db.check_file()?;
    let ping = timeout(MAX_WAIT, app.db.ping()).await.map_err(|_| unavailable("the database does not respond"))?;
    ping.map_err(|error| Error::Unavailable(error.into()))?;
    match app.db.health().status() {
        WriteStatus::Succeeding => Ok(()),
        WriteStatus::Failing => Err(unavailable("the last write failed")),
        WriteStatus::Unknown => check_by_writing(app).await,
    }
}

async fn check_by_writing(app: &AppState) -> Result<(), Error> {
    app.db.health().checking();
    // The write runs in its own task, so that it completes even if the probe's request is cancelled.
    let written = tokio::spawn(write(app.clone()));
    match timeout(MAX_WAIT, written).await {
        Ok(written) => written.map_err(Error::fault)?.map_err(|error| Error::Unavailable(error.into())),
        Err(_) => Err(unavailable("a write takes too long")),
    }
}

/// Inserts a row and deletes it. While writes fail, the transaction is committed, because a full disk shows only at the
/// commit. Otherwise the transaction is rolled back, so nothing is written to the disk.
async fn write(app: AppState) -> Result<(), Error> {
    let transaction = app.db.begin_write().await?;
    let session = SessionId::random(&mut random::secure());
    session_variables::create(&transaction, session, "{}".to_owned(), app.clock.now()).await?;
    session_variables::delete(&transaction, std::iter::once(session.to_string())).await?;
    if app.db.health().is_failing() {
        transaction.commit().await?;
    } else {
        transaction.roll_back().await?;
    }
    Ok(())
}

fn unavailable(cause: &'static str) -> Error {
    Error::Unavailable(cause.into())
}
