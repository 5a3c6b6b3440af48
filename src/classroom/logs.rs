//! The Workout Log server of both editions, over the workout logs of the service.

use axum::Json as Reply;
use axum::extract::State;

use super::body::{CourseChanges, CourseEntry};
use super::views::{Log, Message};
use super::{REMOVED, newest};
use crate::app::App;
use crate::auth::token::Session;
use crate::error::Error;
use crate::extract::{Id, Json};
use crate::models::page::Listing;
use crate::models::version::Expected;
use crate::models::workout_log;

pub(super) async fn list(State(app): State<App>, session: Session) -> Result<Reply<Vec<Log>>, Error> {
    let (logs, _) = workout_log::page(&app.db, session.user_id, &newest(Listing::WorkoutLogs)).await?;
    Ok(Reply(logs.iter().rev().map(Log::from).collect()))
}

pub(super) async fn create(
    State(app): State<App>,
    session: Session,
    Json(CourseEntry(entry)): Json<CourseEntry>,
) -> Result<Reply<Log>, Error> {
    let transaction = app.begin_write().await?;
    let log = workout_log::create(&*transaction, session.user_id, &entry, app.clock.now()).await?;
    transaction.commit().await?;
    Ok(Reply(Log::from(&log)))
}

pub(super) async fn show(State(app): State<App>, session: Session, Id(id): Id) -> Result<Reply<Log>, Error> {
    let log = workout_log::find(&app.db, session.user_id, id).await?;
    Ok(Reply(Log::from(&log)))
}

pub(super) async fn update(
    State(app): State<App>,
    session: Session,
    Id(id): Id,
    Json(CourseChanges(changes)): Json<CourseChanges>,
) -> Result<Reply<Log>, Error> {
    let transaction = app.begin_write().await?;
    let log = workout_log::lock(&transaction, (session.user_id, id), &Expected::Any).await?;
    let log = log.change(&*transaction, &changes, app.clock.now()).await?;
    transaction.commit().await?;
    Ok(Reply(Log::from(&log)))
}

/// JSON, for some clients read it as such; a body that came along is not read.
pub(super) async fn delete(State(app): State<App>, session: Session, Id(id): Id) -> Result<Reply<Message>, Error> {
    let transaction = app.begin_write().await?;
    let log = workout_log::lock(&transaction, (session.user_id, id), &Expected::Any).await?;
    log.delete(&*transaction).await?;
    transaction.commit().await?;
    Ok(Reply(Message { message: REMOVED }))
}
