//! Workout logs of the session's user. The response for a workout log of another user is `404`.

use std::borrow::Cow;

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::versioned::Versioned;
use crate::accounts::rows;
use crate::app::AppState;
use crate::auth::token::Session;
use crate::error::Error;
use crate::extract::{Fields, FromBody, Id, IfMatch, IfNoneMatch, Json, ListQuery, Query};
use crate::models::workout_log::{Changes, Entry};
use crate::models::{owned, workout_log};
use crate::types::workout_text::{Description, Detail};
use crate::types::{WorkoutLogId, schema};
use crate::views::{WorkoutLog, WorkoutLogPage};

impl ToSchema for Entry {
    fn name() -> Cow<'static, str> {
        "WorkoutLogBody".into()
    }
}

impl PartialSchema for Entry {
    fn schema() -> RefOr<Schema> {
        let description = "A new workout log. The texts are returned exactly as they were sent.";
        texts(description, schema::workout_description()).required("description").into()
    }
}

impl FromBody for Entry {
    fn from_body(mut fields: Fields, _: &AppState) -> Result<Self, Error> {
        let description = fields.required("description", Description::parse);
        let definition = fields.optional("definition", Detail::parse).unwrap_or_default();
        let result = fields.optional("result", Detail::parse).unwrap_or_default();
        fields.finish(description.map(|description| Self { description, definition, result }))
    }
}

impl ToSchema for Changes {
    fn name() -> Cow<'static, str> {
        "WorkoutLogChanges".into()
    }
}

impl PartialSchema for Changes {
    fn schema() -> RefOr<Schema> {
        let description = "Changes of a workout log. A text that is missing or null does not change.";
        texts(description, schema::or_null(schema::workout_description())).into()
    }
}

/// Returns the schema of a request body with the texts of a workout log.
fn texts(description: &str, description_schema: Object) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(description))
        .property("description", description_schema)
        .property("definition", schema::or_null(schema::workout_definition()))
        .property("result", schema::or_null(schema::workout_result()))
}

impl FromBody for Changes {
    fn from_body(mut fields: Fields, _: &AppState) -> Result<Self, Error> {
        let description = fields.optional("description", Description::parse);
        let definition = fields.optional("definition", Detail::parse);
        let result = fields.optional("result", Detail::parse);
        fields.finish(Some(Self { description, definition, result }))
    }
}

/// List my workout logs
#[utoipa::path(get, path = "/api/workout-logs", tag = "workout logs", params(ListQuery<workout_log::Entity>), responses(
    (status = 200, body = WorkoutLogPage),
    (status = 400, description = "`bad_cursor`"),
    (status = 422, description = "`invalid_fields`"),
))]
pub async fn list_workout_logs(
    State(app): State<AppState>,
    session: Session,
    Query(query): Query<ListQuery<workout_log::Entity>>,
) -> Result<Reply<WorkoutLogPage>, Error> {
    let page = owned::page::<workout_log::Entity>(&app.db, session.user_id, &query.request).await?;
    Ok(Reply(WorkoutLogPage::from(page)))
}

/// Create a workout log
#[utoipa::path(post, path = "/api/workout-logs", tag = "workout logs", request_body = Entry, responses(
    (status = 201, body = WorkoutLog, headers(
        ("Location" = String, description = "The path of the workout log"),
        ("ETag" = String, description = "Its version"),
    )),
    (status = 409, description = "`quota_exceeded`"),
))]
pub async fn create_workout_log(
    State(app): State<AppState>,
    session: Session,
    Json(entry): Json<Entry>,
) -> Result<impl IntoResponse, Error> {
    let log = rows::create::<workout_log::Entity>(&app, &session, entry).await?;
    let location = [(LOCATION, format!("/api/workout-logs/{}", log.id))];
    Ok((StatusCode::CREATED, location, versioned(log)))
}

/// Read a workout log
#[utoipa::path(get, path = "/api/workout-logs/{id}", tag = "workout logs",
    params(("id" = i64, Path), ("If-None-Match" = Option<String>, Header, description = "The version that you have")),
    responses(
        (status = 200, body = WorkoutLog, headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not modified."),
        (status = 404, description = "`not_found`"),
    ),
)]
pub async fn show_workout_log(
    State(app): State<AppState>,
    session: Session,
    Id(id): Id<WorkoutLogId>,
    if_none_match: IfNoneMatch,
) -> Result<Response, Error> {
    let log = owned::find::<workout_log::Entity>(&app.db, session.user_id, id).await?;
    Ok(versioned(log).unless_known(&if_none_match))
}

/// Change a workout log
///
/// Texts that are not sent do not change. With `If-Match`, the change is made only if the version matches. Without it,
/// the last write wins.
#[utoipa::path(put, path = "/api/workout-logs/{id}", tag = "workout logs", request_body = Changes,
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "The version that you read")),
    responses(
        (status = 200, body = WorkoutLog, headers(("ETag" = String, description = "Its new version"))),
        (status = 404, description = "`not_found`"),
        (status = 412, description = "`precondition_failed`"),
    ),
)]
pub async fn update_workout_log(
    State(app): State<AppState>,
    session: Session,
    Id(id): Id<WorkoutLogId>,
    IfMatch(expected): IfMatch,
    Json(changes): Json<Changes>,
) -> Result<impl IntoResponse, Error> {
    let log = rows::change::<workout_log::Entity>(&app, &session, id, &expected, &changes).await?;
    Ok(versioned(log))
}

/// Delete a workout log
#[utoipa::path(delete, path = "/api/workout-logs/{id}", tag = "workout logs",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "The version that you read")),
    responses(
        (status = 204, description = "Deleted."),
        (status = 404, description = "`not_found`"),
        (status = 412, description = "`precondition_failed`"),
    ),
)]
pub async fn delete_workout_log(
    State(app): State<AppState>,
    session: Session,
    Id(id): Id<WorkoutLogId>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Error> {
    rows::delete::<workout_log::Entity>(&app, &session, id, &expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn versioned(log: workout_log::Model) -> Versioned<WorkoutLog> {
    Versioned { version: log.version, view: WorkoutLog::from(log) }
}
