//! Workout logs: what a user did. Another user's log is not found, for every verb.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{ETAG, LOCATION};
use axum::response::{IntoResponse, Response};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::token::Session;
use crate::error::Error;
use crate::extract::{Fields, FromBody, FromQuery, Id, IfMatch, IfNoneMatch, Json, Query, etag, page_request};
use crate::models::page::{Listing, PageRequest};
use crate::models::workout_log::{self, Changes, Entry};
use crate::models::workout_text::{Description, Detail};
use crate::views::{WorkoutLog, WorkoutLogPage};

/// What to list. The fields only document the query string; [`Asked`] is what they become.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by the OpenAPI document alone")]
pub struct ListWorkoutLogs {
    /// At most this many workout logs.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
    /// Only logs whose description holds this text, without regard to case.
    q: Option<String>,
    /// The order: by age or by description, each also backwards.
    #[param(inline)]
    sort: Option<SortWord>,
}

/// The words for an order.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by the OpenAPI document alone")]
enum SortWord {
    #[schema(rename = "createdAt")]
    Oldest,
    #[schema(rename = "-createdAt")]
    Newest,
    #[schema(rename = "description")]
    Description,
    #[schema(rename = "-description")]
    DescriptionReversed,
}

/// The page that is asked for.
pub struct Asked(PageRequest);

impl FromQuery for Asked {
    fn from_query(fields: Fields) -> Result<Self, Error> {
        page_request(fields, Listing::WorkoutLogs, |text| Ok(Description::parse(text)?.key())).map(Self)
    }
}

/// A new workout log. Its texts are given back exactly as they came. The fields only document the body;
/// [`Entry`] is what they become.
#[derive(ToSchema)]
#[schema(as = WorkoutLogBody)]
#[expect(dead_code, reason = "read by the OpenAPI document alone")]
pub struct NewLog {
    /// What was done.
    #[schema(min_length = 1, max_length = 255, example = "row 2 km")]
    description: String,
    /// How it was measured; empty unless it is sent.
    #[schema(max_length = 255, example = "Time")]
    definition: Option<String>,
    /// What came of it; empty unless it is sent.
    #[schema(max_length = 255, example = "7:42")]
    result: Option<String>,
}

impl FromBody for Entry {
    fn from_body(mut fields: Fields, _: &App) -> Result<Self, Error> {
        let description = fields.required("description", Description::parse);
        let definition = fields.optional("definition", Detail::parse).unwrap_or_default();
        let result = fields.optional("result", Detail::parse).unwrap_or_default();
        fields.finish(description.map(|description| Self { description, definition, result }))
    }
}

/// What is to become of a workout log; what is not sent, or null, stays as it is. The fields only document the
/// body; [`Changes`] is what they become.
#[derive(ToSchema)]
#[schema(as = WorkoutLogChanges)]
#[expect(dead_code, reason = "read by the OpenAPI document alone")]
pub struct ChangedLog {
    /// What was done.
    #[schema(min_length = 1, max_length = 255, example = "row 2 km")]
    description: Option<String>,
    /// How it was measured.
    #[schema(max_length = 255, example = "Time")]
    definition: Option<String>,
    /// What came of it.
    #[schema(max_length = 255, example = "7:31")]
    result: Option<String>,
}

impl FromBody for Changes {
    fn from_body(mut fields: Fields, _: &App) -> Result<Self, Error> {
        let description = fields.optional("description", Description::parse);
        let definition = fields.optional("definition", Detail::parse);
        let result = fields.optional("result", Detail::parse);
        fields.finish(Some(Self { description, definition, result }))
    }
}

/// List my workout logs
#[utoipa::path(get, path = "/api/workout-logs", tag = "workout logs", params(ListWorkoutLogs), responses(
    (status = 200, body = WorkoutLogPage),
    (status = 400, description = "`bad_cursor`"),
    (status = 422, description = "`invalid_fields`"),
))]
pub async fn list_workout_logs(
    State(app): State<App>,
    session: Session,
    Query(Asked(request)): Query<Asked>,
) -> Result<Reply<WorkoutLogPage>, Error> {
    let page = workout_log::page(&app.db, session.user_id, &request).await?;
    Ok(Reply(WorkoutLogPage::from(page)))
}

/// Create a workout log
#[utoipa::path(post, path = "/api/workout-logs", tag = "workout logs", request_body = NewLog, responses(
    (status = 201, body = WorkoutLog, headers(
        ("Location" = String, description = "Where the workout log is"),
        ("ETag" = String, description = "Its version"),
    )),
))]
pub async fn create_workout_log(
    State(app): State<App>,
    session: Session,
    Json(entry): Json<Entry>,
) -> Result<impl IntoResponse, Error> {
    let transaction = app.begin_write().await?;
    let log = workout_log::create(&*transaction, session.user_id, &entry, app.clock.now()).await?;
    transaction.commit().await?;
    let headers = [(LOCATION, format!("/api/workout-logs/{}", log.id)), (ETAG, etag(log.version))];
    Ok((StatusCode::CREATED, headers, Reply(WorkoutLog::from(&log))))
}

/// Read a workout log
#[utoipa::path(get, path = "/api/workout-logs/{id}", tag = "workout logs",
    params(("id" = i64, Path), ("If-None-Match" = Option<String>, Header, description = "A version you have")),
    responses(
        (status = 200, body = WorkoutLog, headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "You have this version."),
        (status = 404, description = "`not_found`"),
    ),
)]
pub async fn show_workout_log(
    State(app): State<App>,
    session: Session,
    Id(id): Id,
    if_none_match: IfNoneMatch,
) -> Result<Response, Error> {
    let log = workout_log::find(&app.db, session.user_id, id).await?;
    let headers = [(ETAG, etag(log.version))];
    if if_none_match.has(log.version) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, Reply(WorkoutLog::from(&log))).into_response())
}

/// Change a workout log
///
/// What is not sent stays as it is. With `If-Match` only if the log is still at that version; without, the last
/// writer wins.
#[utoipa::path(put, path = "/api/workout-logs/{id}", tag = "workout logs", request_body = ChangedLog,
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "The version you change")),
    responses(
        (status = 200, body = WorkoutLog, headers(("ETag" = String, description = "Its new version"))),
        (status = 404, description = "`not_found`"),
        (status = 412, description = "`precondition_failed`"),
    ),
)]
pub async fn update_workout_log(
    State(app): State<App>,
    session: Session,
    Id(id): Id,
    IfMatch(expected): IfMatch,
    Json(changes): Json<Changes>,
) -> Result<impl IntoResponse, Error> {
    let transaction = app.begin_write().await?;
    let log = workout_log::lock(&transaction, (session.user_id, id), &expected).await?;
    let log = log.change(&*transaction, &changes, app.clock.now()).await?;
    transaction.commit().await?;
    Ok(([(ETAG, etag(log.version))], Reply(WorkoutLog::from(&log))))
}

/// Delete a workout log
#[utoipa::path(delete, path = "/api/workout-logs/{id}", tag = "workout logs",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "The version you delete")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "`not_found`"),
        (status = 412, description = "`precondition_failed`"),
    ),
)]
pub async fn delete_workout_log(
    State(app): State<App>,
    session: Session,
    Id(id): Id,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Error> {
    let transaction = app.begin_write().await?;
    let log = workout_log::lock(&transaction, (session.user_id, id), &expected).await?;
    log.delete(&*transaction).await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
