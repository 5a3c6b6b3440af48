//! The routes of the course's Workout Log server in both editions. They use the workout logs of this service.

use axum::Json as Reply;
use axum::extract::State;

use super::body::{CourseChanges, CourseEntry};
use super::listing::NEWEST;
use super::views::{Log, Message, REMOVED};
use crate::accounts::rows;
use crate::app::AppState;
use crate::auth::token::Session;
use crate::error::Error;
use crate::extract::{Id, Json};
use crate::models::{owned, workout_log};
use crate::types::WorkoutLogId;
use crate::types::version::Expected;

pub(super) async fn list(State(app): State<AppState>, session: Session) -> Result<Reply<Vec<Log>>, Error> {
    let (logs, _) = owned::page::<workout_log::Entity>(&app.db, session.user_id, &NEWEST).await?;
    Ok(Reply(logs.into_iter().rev().map(Log::from).collect()))
}

pub(super) async fn create(
    State(app): State<AppState>,
    session: Session,
    Json(CourseEntry(entry, plurals)): Json<CourseEntry>,
) -> Result<Reply<Log>, Error> {
    let log = rows::create::<workout_log::Entity>(&app, &session, entry).await?;
    Ok(Reply(Log::from(log).repeating(&plurals)))
}

pub(super) async fn show(
    State(app): State<AppState>,
    session: Session,
    Id(id): Id<WorkoutLogId>,
) -> Result<Reply<Log>, Error> {
    Ok(Reply(owned::find::<workout_log::Entity>(&app.db, session.user_id, id).await?.into()))
}

pub(super) async fn update(
    State(app): State<AppState>,
    session: Session,
    Id(id): Id<WorkoutLogId>,
    Json(CourseChanges(changes, plurals)): Json<CourseChanges>,
) -> Result<Reply<Log>, Error> {
    let log = rows::change::<workout_log::Entity>(&app, &session, id, &Expected::Any, &changes).await?;
    Ok(Reply(Log::from(log).repeating(&plurals)))
}

/// Responds with JSON because some clients parse the response. Ignores a request body.
pub(super) async fn delete(
    State(app): State<AppState>,
    session: Session,
    Id(id): Id<WorkoutLogId>,
) -> Result<Reply<Message>, Error> {
    rows::delete::<workout_log::Entity>(&app, &session, id, &Expected::Any).await?;
    Ok(Reply(Message { message: REMOVED }))
}
