//! Session variables: what a session remembers between requests, a user's or an anonymous visitor's.
//!
//! Whoever presents no token gets an anonymous session with the first variable they write, and not before.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::header::{ETAG, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use metrics::counter;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::limits::{Attempt, Outcome};
use crate::auth::token::AnySession;
use crate::error::{Error, FieldError};
use crate::extract::{AnyJson, Fields, FromBody, IfMatch, IfNoneMatch, Json, Visitor, Word, etag};
use crate::models::bag::{Bag, VariableName};
use crate::random;
use crate::variables::Place;
use crate::views::{Variable, VariableList};

/// The variables of my session
///
/// Those of nobody are none: asking begins no session.
#[utoipa::path(get, path = "/api/sessions/current/variables", tag = "session variables",
    responses(
        (status = 200, body = VariableList, headers(("ETag" = String, description = "The version of the whole"))),
        (status = 304, description = "They are still of the version that `If-None-Match` names."),
    ),
)]
pub async fn list_variables(State(app): State<App>, visitor: Visitor, known: IfNoneMatch) -> Result<Response, Error> {
    let bag = bag(&app, &visitor).await?;
    let tag = [(ETAG, etag(bag.version()))];
    if known.has(bag.version()) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, Reply(VariableList::from(&bag))).into_response())
}

/// A variable
#[utoipa::path(get, path = "/api/sessions/current/variables/{name}", tag = "session variables",
    params(("name" = String, Path)),
    responses(
        (status = 200, body = Variable, headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "It is still of the version that `If-None-Match` names."),
        (status = 404, description = "`not_found`"),
    ),
)]
pub async fn show_variable(
    State(app): State<App>,
    visitor: Visitor,
    Word(name): Word,
    known: IfNoneMatch,
) -> Result<Response, Error> {
    let name = VariableName::parse(&name).map_err(|_| Error::NotFound)?;
    let bag = bag(&app, &visitor).await?;
    let variable = bag.get(&name).ok_or(Error::NotFound)?;
    let tag = [(ETAG, etag(variable.version))];
    if known.has(variable.version) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, Reply(Variable::of(&name, variable))).into_response())
}

/// Set a variable
///
/// The body is its value: any JSON of at most 4 KiB. Without a session it begins one.
#[utoipa::path(put, path = "/api/sessions/current/variables/{name}", tag = "session variables",
    params(("name" = String, Path), ("carrier" = Option<String>, Query, description = "How the token of a session that begins here is to travel: `cookie`, unless it says `bearer`")),
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
    State(app): State<App>,
    visitor: Visitor,
    Word(name): Word,
    IfMatch(expected): IfMatch,
    known: IfNoneMatch,
    AnyJson(value): AnyJson,
) -> Result<impl IntoResponse, Error> {
    let name = named(&name)?;
    let Changed { outcome: (is_new, variable), headers } = change(&app, visitor, |bag| {
        // `If-None-Match: *`: only if there is none.
        if bag.get(&name).is_some_and(|variable| known.has(variable.version)) {
            return Err(Error::PreconditionFailed);
        }
        let is_new = bag.set(&name, value.clone(), &expected)?;
        Ok((is_new, written(bag, &name)?))
    })
    .await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, headers, [(ETAG, etag(variable.version))], Reply(variable)))
}

/// By how much.
#[derive(ToSchema)]
pub struct Increment {
    /// A whole number, 1 unless given; below 0 it decrements.
    #[schema(default = 1, nullable = false, required = false)]
    by: i64,
}

impl FromBody for Increment {
    fn from_body(mut fields: Fields, _: &App) -> Result<Self, Error> {
        let by = fields.whole("by", 1);
        fields.finish(by.map(|by| Self { by }))
    }
}

/// Increment a variable
///
/// In one step, however many do so at once. One that is not there counts as 0.
#[utoipa::path(post, path = "/api/sessions/current/variables/{name}/increment", tag = "session variables",
    params(("name" = String, Path), ("carrier" = Option<String>, Query, description = "As for setting one")),
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
    State(app): State<App>,
    visitor: Visitor,
    Word(name): Word,
    IfMatch(expected): IfMatch,
    Json(Increment { by }): Json<Increment>,
) -> Result<impl IntoResponse, Error> {
    let name = named(&name)?;
    let Changed { outcome: variable, headers } = change(&app, visitor, |bag| {
        bag.increment(&name, by, &expected)?;
        written(bag, &name)
    })
    .await?;
    Ok((headers, [(ETAG, etag(variable.version))], Reply(variable)))
}

/// Delete a variable
#[utoipa::path(delete, path = "/api/sessions/current/variables/{name}", tag = "session variables",
    params(("name" = String, Path)),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "`not_found`"),
        (status = 412, description = "`precondition_failed`"),
    ),
)]
pub async fn delete_variable(
    State(app): State<App>,
    visitor: Visitor,
    Word(name): Word,
    IfMatch(expected): IfMatch,
) -> Result<impl IntoResponse, Error> {
    let name = VariableName::parse(&name).map_err(|_| Error::NotFound)?;
    if visitor.session.is_none() {
        return Err(Error::NotFound);
    }
    let changed = change(&app, visitor, |bag| bag.remove(&name, &expected)).await?;
    Ok((StatusCode::NO_CONTENT, changed.headers))
}

/// Delete all variables
#[utoipa::path(delete, path = "/api/sessions/current/variables", tag = "session variables",
    responses(
        (status = 204, description = "There are none."),
        (status = 412, description = "`precondition_failed`"),
    ),
)]
pub async fn clear_variables(
    State(app): State<App>,
    visitor: Visitor,
    IfMatch(expected): IfMatch,
) -> Result<impl IntoResponse, Error> {
    let mut headers = HeaderMap::new();
    let Some(session) = &visitor.session else {
        expected.check(Bag::default().version())?;
        return Ok((StatusCode::NO_CONTENT, headers));
    };
    let sealed = app.variables.clear(&app, Place::of(session, visitor.sealed.as_deref()), &expected).await?;
    keep(&app, sealed, session, &mut headers)?;
    Ok((StatusCode::NO_CONTENT, headers))
}

fn named(text: &str) -> Result<VariableName, Error> {
    let refused = |rule| Error::Invalid(vec![FieldError { pointer: "name".to_owned(), rule }]);
    VariableName::parse(text).map_err(refused)
}

fn written(bag: &Bag, name: &VariableName) -> Result<Variable, Error> {
    bag.get(name).map(|variable| Variable::of(name, variable)).ok_or(Error::NotFound)
}

/// The variables of the visitor's session; none of who has none.
///
/// # Errors
/// [`Error::Unavailable`] when their store does not answer.
pub(crate) async fn bag(app: &App, visitor: &Visitor) -> Result<Bag, Error> {
    let Some(session) = &visitor.session else { return Ok(Bag::default()) };
    app.variables.read(app, Place::of(session, visitor.sealed.as_deref())).await
}

/// What became of a change, and what the visitor is to be sent with it.
pub(crate) struct Changed<T> {
    pub(crate) outcome: T,
    pub(crate) headers: HeaderMap,
}

/// Changes the variables of the visitor's session; whoever has none gets an anonymous one.
///
/// # Errors
/// What `make` says, those of [`crate::variables::Variables::change`], and for who begins a session
/// [`Error::CrossSite`] and [`Error::TooManyAttempts`].
pub(crate) async fn change<T>(
    app: &App,
    visitor: Visitor,
    make: impl Fn(&mut Bag) -> Result<T, Error>,
) -> Result<Changed<T>, Error> {
    let now = app.clock.now();
    let mut headers = HeaderMap::new();
    let (session, begun) = match visitor.session {
        Some(session) => (session, None),
        None => begin_anonymous(app, &visitor, now, &mut headers).map(|(session, attempt)| (session, Some(attempt)))?,
    };
    let changed = app.variables.change(app, Place::of(&session, visitor.sealed.as_deref()), make).await;
    let changed = changed.and_then(|(outcome, sealed)| {
        keep(app, sealed, &session, &mut headers)?;
        Ok(outcome)
    });
    if let Some(attempt) = begun {
        // Whoever was given no session has begun none.
        let _ = attempt.ended(if changed.is_ok() { Outcome::Succeeded } else { Outcome::NotJudged });
        counter!("daypass_anonymous_sessions_created_total").increment(u64::from(changed.is_ok()));
    }
    Ok(Changed { outcome: changed?, headers })
}

/// Gives the browser what it is to keep of its variables.
fn keep(app: &App, sealed: Option<String>, session: &AnySession, headers: &mut HeaderMap) -> Result<(), Error> {
    if let Some(sealed) = sealed {
        headers.append(SET_COOKIE, app.cookies.keep(&sealed, session.ends_at, app.clock.now())?);
    }
    Ok(())
}

/// Begins the session of somebody who presents no token. Nothing is stored for it but its variables.
fn begin_anonymous<'a>(
    app: &'a App,
    visitor: &Visitor,
    now: DateTime<Utc>,
    headers: &mut HeaderMap,
) -> Result<(AnySession, Attempt<'a>), Error> {
    visitor.carrier.check(visitor.site)?;
    let attempt = app.limits.anonymous(visitor.from, now)?;
    let issued = app.tokens.issue(None, now, &mut random::secure())?;
    visitor.carrier.hand_out(&issued, &app.cookies, now, headers)?;
    Ok((issued.session, attempt))
}
