//! The account of the session's user: profile, events, password, deletion.

use axum::Json as Reply;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use futures_util::TryStreamExt as _;
use tracing::warn;
use utoipa::ToSchema;

use crate::accounts;
use crate::accounts::{ClientInfo, Export, PasswordChange, VariableSource};
use crate::app::AppState;
use crate::auth::password::policy::Password;
use crate::auth::token::Session;
use crate::error::Error;
use crate::extract::{EventsQuery, Fields, FromBody, Json, Query};
use crate::models::{event, user};
use crate::types::schema;
use crate::types::username::Username;
use crate::views;
use crate::views::{Credentials, EventPage, User};

/// Show my account
#[utoipa::path(get, path = "/api/users/me", tag = "users", responses((status = 200, body = User)))]
pub async fn show_me(State(app): State<AppState>, session: Session) -> Result<Reply<User>, Error> {
    let user = user::find(&app.db, session.user_id).await?;
    Ok(Reply(User::from(&user)))
}

/// Export my data
///
/// Returns everything that is stored about me as one JSON document, without passwords, codes and hashes. The document is
/// written while it is read from the database. If it does not end with `}`, an error occurred.
#[utoipa::path(get, path = "/api/users/me/export", tag = "users",
    responses((status = 200, description = "The document.", content_type = "application/json")),
)]
pub async fn export_me(
    State(app): State<AppState>,
    session: Session,
    client: ClientInfo,
) -> Result<impl IntoResponse, Error> {
    let user = user::find(&app.db, session.user_id).await?;
    let (db, now) = (app.db.clone(), app.clock.now());
    let variables = VariableSource::Service { app, current: Some(session.id), cookie: client.sealed_data };
    let document = views::export(Export { db, user, now, variables }.parts(), now);
    let headers =
        [(CONTENT_TYPE, "application/json"), (CONTENT_DISPOSITION, "attachment; filename=\"daypass-export.json\"")];
    Ok((headers, Body::from_stream(document.inspect_err(log_failure))))
}

/// Logs why a document is not complete, because its status was sent before.
fn log_failure(error: &Error) {
    warn!(cause = error.cause(), "an export was not completed");
}

/// List my events
///
/// Returns what happened to my account, newest first: sign-ins, failed sign-ins and changes. Failed sign-ins appear after
/// about a second. The operator determines how long events are kept.
#[utoipa::path(get, path = "/api/users/me/events", tag = "users", params(EventsQuery), responses(
    (status = 200, body = EventPage),
    (status = 400, description = "`bad_cursor`"),
    (status = 422, description = "`invalid_fields`"),
))]
pub async fn list_events(
    State(app): State<AppState>,
    session: Session,
    Query(EventsQuery { limit, after }): Query<EventsQuery>,
) -> Result<Reply<EventPage>, Error> {
    let page = event::page(&app.db, session.user_id, limit, after.as_ref()).await?;
    Ok(Reply(page.try_into()?))
}

/// A new username.
#[derive(ToSchema)]
pub struct Rename {
    #[schema(schema_with = schema::username)]
    username: Username,
}

impl FromBody for Rename {
    fn from_body(mut fields: Fields, _: &AppState) -> Result<Self, Error> {
        let username = fields.required("username", Username::parse);
        fields.finish(username.map(|username| Self { username }))
    }
}

/// Change my username
#[utoipa::path(patch, path = "/api/users/me", tag = "users", request_body = Rename, responses(
    (status = 200, body = User),
    (status = 409, description = "`username_taken`"),
    (status = 429, description = "`too_many_attempts`"),
))]
pub async fn rename_me(
    State(app): State<AppState>,
    session: Session,
    client: ClientInfo,
    Json(Rename { username }): Json<Rename>,
) -> Result<impl IntoResponse, Error> {
    let renamed = accounts::rename(&app, &session, &client, &username).await?;
    Ok(renamed.map(|user| Reply(User::from(&user))))
}

impl FromBody for PasswordChange {
    fn from_body(mut fields: Fields, app: &AppState) -> Result<Self, Error> {
        let current_password = fields.optional("currentPassword", Password::presented);
        let new = fields.required("newPassword", |text| app.choose_password(text));
        let parsed = new.zip(fields.flag("keepVariables"));
        fields.finish(parsed.map(|(new_password, keep_variables)| Self {
            current_password,
            new_password,
            keep_variables,
        }))
    }
}

/// Change my password
///
/// Ends all my sessions and begins a new one. Its token is sent the same way as the current one.
#[utoipa::path(put, path = "/api/users/me/password", tag = "users", request_body = PasswordChange, responses(
    (status = 200, body = Credentials),
    (status = 403, description = "`wrong_password` or `sign_in_too_old`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`busy`"),
))]
pub async fn change_password(
    State(app): State<AppState>,
    session: Session,
    client: ClientInfo,
    Json(change): Json<PasswordChange>,
) -> Result<impl IntoResponse, Error> {
    let new = accounts::change_password(&app, &session, &client, change).await?;
    Ok(new.map(|new| Credentials::of(new, "created")))
}

/// The current password, which confirms the request. A user without a password must have signed in within the last five
/// minutes.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CurrentPassword {
    #[schema(value_type = String, format = Password, required = false, example = "orbit lantern cactus velvet")]
    pub(super) current_password: Option<Password>,
}

impl FromBody for CurrentPassword {
    fn from_body(mut fields: Fields, _: &AppState) -> Result<Self, Error> {
        let current_password = fields.optional("currentPassword", Password::presented);
        fields.finish(Some(Self { current_password }))
    }
}

/// Delete my account
///
/// Deletes the user with all sessions, items and workout logs.
#[utoipa::path(delete, path = "/api/users/me", tag = "users", request_body = CurrentPassword, responses(
    (status = 204, description = "Deleted."),
    (status = 403, description = "`wrong_password` or `sign_in_too_old`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`busy`"),
))]
pub async fn delete_account(
    State(app): State<AppState>,
    session: Session,
    client: ClientInfo,
    Json(CurrentPassword { current_password }): Json<CurrentPassword>,
) -> Result<impl IntoResponse, Error> {
    let deleted = accounts::delete_account(&app, &session, &client, current_password.as_ref()).await?;
    Ok(deleted.map(|()| StatusCode::NO_CONTENT))
}
