//! Session variables: data that a client stores in a user's session or in an anonymous session.
//!
//! A client without a session gets an anonymous one when it writes its first variable.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use utoipa::ToSchema;

use super::versioned::Versioned;
use crate::accounts::session_data::{Changed, DataClient, change, clear, read};
use crate::app::AppState;
use crate::error::Error;
use crate::extract::{AnyJson, Fields, FromBody, IfMatch, IfNoneMatch, Json, PathParam};
use crate::session_data::data::{SessionData, VariableName};
use crate::views::{Variable, VariableList};

/// List the variables of my session
///
/// Without a session the list is empty. No session begins.
#[utoipa::path(get, path = "/api/sessions/current/variables", tag = "session variables",
    responses(
        (status = 200, body = VariableList, headers(("ETag" = String, description = "The version of all variables together"))),
        (status = 304, description = "Not modified since the version in `If-None-Match`."),
    ),
)]
pub async fn list_variables(
    State(app): State<AppState>,
    client: DataClient,
    if_none_match: IfNoneMatch,
) -> Result<Response, Error> {
    let data = read(&app, &client).await?;
    let list = Versioned { version: data.version(), view: VariableList::from(&data) };
    Ok(list.unless_known(&if_none_match))
}

/// Show a variable
#[utoipa::path(get, path = "/api/sessions/current/variables/{name}", tag = "session variables",
    params(("name" = String, Path)),
    responses(
        (status = 200, body = Variable, headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not modified since the version in `If-None-Match`."),
        (status = 404, description = "`not_found`"),
    ),
)]
pub async fn show_variable(
    State(app): State<AppState>,
    client: DataClient,
    PathParam(name): PathParam,
    if_none_match: IfNoneMatch,
) -> Result<Response, Error> {
    let name = VariableName::parse(&name).map_err(|_| Error::NotFound)?;
    let data = read(&app, &client).await?;
    Ok(view(&data, &name)?.unless_known(&if_none_match))
}

/// Set a variable
///
/// The body is the value: any JSON of at most 4 KiB. Without a session, an anonymous session begins.
#[utoipa::path(put, path = "/api/sessions/current/variables/{name}", tag = "session variables",
    params(("name" = String, Path), ("carrier" = Option<String>, Query, description = "How the token of a new session is sent: `cookie` (the default) or `bearer`")),
    request_body = serde_json::Value,
    responses(
        (status = 200, body = Variable, headers(("ETag" = String, description = "Its version"))),
        (status = 201, body = Variable, headers(("ETag" = String, description = "Its version"))),
        (status = 412, description = "`precondition_failed`"),
        (status = 413, description = "`variable_too_large`, `variables_too_large`"),
        (status = 422, description = "`too_many_variables`"),
        (status = 429, description = "`too_many_attempts`"),
    ),
)]
pub async fn set_variable(
    State(app): State<AppState>,
    client: DataClient,
    PathParam(name): PathParam,
    IfMatch(expected): IfMatch,
    if_none_match: IfNoneMatch,
    AnyJson(value): AnyJson,
) -> Result<impl IntoResponse, Error> {
    let name = parse_name(&name)?;
    let Changed { outcome: (is_new, variable), headers } = change(&app, client, |data| {
        // With `If-None-Match: *`, a variable is set only if it does not exist.
        if data.get(&name).is_some_and(|variable| if_none_match.has(variable.version)) {
            return Err(Error::PreconditionFailed);
        }
        let is_new = data.set(&name, value.clone(), &expected)?;
        Ok((is_new, view(data, &name)?))
    })
    .await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, headers, variable))
}

/// The number to add.
#[derive(ToSchema)]
pub struct Increment {
    /// An integer. A negative number decrements.
    #[schema(default = 1, nullable = false, required = false)]
    by: i64,
}

impl FromBody for Increment {
    fn from_body(mut fields: Fields, _: &AppState) -> Result<Self, Error> {
        let by = fields.integer("by", 1);
        fields.finish(by.map(|by| Self { by }))
    }
}

/// Increment a variable
///
/// The change is atomic: parallel increments all count. A variable that does not exist counts as 0.
#[utoipa::path(post, path = "/api/sessions/current/variables/{name}/increment", tag = "session variables",
    params(("name" = String, Path), ("carrier" = Option<String>, Query, description = "How the token of a new session is sent: `cookie` (the default) or `bearer`")),
    request_body = Increment,
    responses(
        (status = 200, body = Variable, headers(("ETag" = String, description = "Its version"))),
        (status = 409, description = "`not_a_number`"),
        (status = 412, description = "`precondition_failed`"),
        (status = 413, description = "`variables_too_large`"),
        (status = 422, description = "`too_many_variables`"),
        (status = 429, description = "`too_many_attempts`"),
    ),
)]
pub async fn increment_variable(
    State(app): State<AppState>,
    client: DataClient,
    PathParam(name): PathParam,
    IfMatch(expected): IfMatch,
    Json(Increment { by }): Json<Increment>,
) -> Result<impl IntoResponse, Error> {
    let name = parse_name(&name)?;
    let Changed { outcome: variable, headers } = change(&app, client, |data| {
        data.increment(&name, by, &expected)?;
        view(data, &name)
    })
    .await?;
    Ok((headers, variable))
}

/// Delete a variable
#[utoipa::path(delete, path = "/api/sessions/current/variables/{name}", tag = "session variables",
    params(("name" = String, Path)),
    responses(
        (status = 204, description = "Deleted."),
        (status = 404, description = "`not_found`"),
        (status = 412, description = "`precondition_failed`"),
    ),
)]
pub async fn delete_variable(
    State(app): State<AppState>,
    client: DataClient,
    PathParam(name): PathParam,
    IfMatch(expected): IfMatch,
) -> Result<impl IntoResponse, Error> {
    let name = VariableName::parse(&name).map_err(|_| Error::NotFound)?;
    if client.session.is_none() {
        return Err(Error::NotFound);
    }
    let changed = change(&app, client, |data| data.remove(&name, &expected)).await?;
    Ok((StatusCode::NO_CONTENT, changed.headers))
}

/// Delete all variables
#[utoipa::path(delete, path = "/api/sessions/current/variables", tag = "session variables",
    responses(
        (status = 204, description = "The session has no variables."),
        (status = 412, description = "`precondition_failed`"),
    ),
)]
pub async fn clear_variables(
    State(app): State<AppState>,
    client: DataClient,
    IfMatch(expected): IfMatch,
) -> Result<impl IntoResponse, Error> {
    let cookie = clear(&app, &client, &expected).await?;
    let headers: HeaderMap = cookie.map(|cookie| (SET_COOKIE, cookie)).into_iter().collect();
    Ok((StatusCode::NO_CONTENT, headers))
}

fn parse_name(text: &str) -> Result<VariableName, Error> {
    VariableName::parse(text).map_err(|error| Error::invalid("name", error))
}

fn view(data: &SessionData, name: &VariableName) -> Result<Versioned<Variable>, Error> {
    let variable = data.get(name).ok_or(Error::NotFound)?;
    Ok(Versioned { version: variable.version, view: Variable::of(name, variable) })
}
