//! The other lessons' demos: counters, greetings, what is protected, by cookie.
//!
//! They change state by `GET`, as the lessons do; `validate_leniently` lets no other page do so. A session is ours,
//! whatever the lesson calls its cookie, and what it keeps are session variables.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json as Reply;
use axum::extract::{Extension, FromRequest, OptionalFromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::to_raw_value;

use super::views::{Account, Message};
use crate::app::App;
use crate::auth::password::Password;
use crate::auth::token::{AnySession, Session};
use crate::controllers::session_variables::{Changed, bag, change};
use crate::controllers::sessions;
use crate::controllers::sign_in::{SignIn, begin_session_within_limits};
use crate::controllers::users::{SignUp, create_user_within_limits};
use crate::error::Error;
use crate::extract::{Caller, Id, Json, Visitor};
use crate::models::bag::VariableName;
use crate::models::user;
use crate::models::version::Expected;
use crate::views::{Limited, User};

/// The counter that all visitors share.
#[derive(Clone, Default)]
pub(super) struct Shared(Arc<AtomicU64>);

/// A new counter for each request: it never gets beyond its first value.
pub(super) async fn counter_in_route() -> String {
    let mut value = 0;
    value += 1;
    value.to_string()
}

/// One counter for everybody, for as long as the process lives.
pub(super) async fn counter_on_server(Extension(Shared(counter)): Extension<Shared>) -> String {
    (counter.fetch_add(1, Ordering::Relaxed) + 1).to_string()
}

/// A counter for each session.
pub(super) async fn counter_in_session(State(app): State<App>, visitor: Visitor) -> Result<(HeaderMap, String), Error> {
    count(&app, visitor, "counter").await
}

pub(super) async fn increment(State(app): State<App>, visitor: Visitor) -> Result<(HeaderMap, String), Error> {
    count(&app, visitor, "count").await
}

async fn count(app: &App, visitor: Visitor, name: &str) -> Result<(HeaderMap, String), Error> {
    let name = named(name)?;
    let Changed { outcome, headers } = change(app, visitor, |bag| bag.increment(&name, 1, &Expected::Any)).await?;
    Ok((headers, outcome.to_string()))
}

pub(super) async fn clear(State(app): State<App>, session: Option<AnySession>) -> Response {
    end(&app, session, "Session cleared", "Error clearing session").await
}

pub(super) async fn good_bye(State(app): State<App>, session: Option<AnySession>) -> Response {
    end(&app, session, "good bye", "error logging out").await
}

/// Ends the session, if there is one; the guard takes its cookie back.
async fn end(app: &App, session: Option<AnySession>, done: &'static str, failed: &'static str) -> Response {
    let Some(session) = session else { return done.into_response() };
    match sessions::end_presented(app, &session).await {
        Ok(()) => done.into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a lesson's session could not be ended");
            (StatusCode::INTERNAL_SERVER_ERROR, failed).into_response()
        }
    }
}

pub(super) async fn remember_frodo(
    State(app): State<App>,
    visitor: Visitor,
) -> Result<(HeaderMap, &'static str), Error> {
    let name = named("name")?;
    let frodo = to_raw_value("Frodo").map_err(Error::fault)?;
    let changed = change(&app, visitor, |bag| bag.set(&name, frodo.clone(), &Expected::Any)).await?;
    Ok((changed.headers, "got it"))
}

pub(super) async fn greet(State(app): State<App>, visitor: Visitor) -> Result<String, Error> {
    let bag = bag(&app, &visitor).await?;
    let known = bag.get(&named("name")?).and_then(|variable| serde_json::from_str::<String>(variable.value.get()).ok());
    // What JavaScript writes of a property that is not there.
    let name = known.as_deref().unwrap_or("undefined");
    Ok(format!("hello {name}"))
}

fn named(name: &str) -> Result<VariableName, Error> {
    VariableName::parse(name).map_err(Error::fault)
}

/// Signs up by cookie.
pub(super) async fn register(
    State(app): State<App>,
    caller: Caller,
    Json(wanted): Json<SignUp>,
) -> Result<Limited<Account>, Error> {
    Ok(create_user_within_limits(&app, &caller, wanted.by_cookie()).await?.map(Account))
}

/// Signs in by cookie.
pub(super) async fn login(
    State(app): State<App>,
    caller: Caller,
    Json(attempt): Json<SignIn>,
) -> Result<Limited<Account>, Error> {
    Ok(begin_session_within_limits(&app, &caller, attempt.by_cookie()).await?.map(Account))
}

/// Signs in by cookie with the credentials of `Authorization: Basic`, and by token with those of a JSON body.
pub(super) async fn login_with_either(State(app): State<App>, request: Request) -> Response {
    let by_json = request.method() == Method::POST && !request.headers().contains_key(AUTHORIZATION);
    let response = log_in(&app, request).await.into_response();
    // A page that sent JSON asks for itself; the browser need not.
    if by_json || response.status() != StatusCode::UNAUTHORIZED {
        return response;
    }
    ([(WWW_AUTHENTICATE, r#"Basic realm="daypass", charset="UTF-8""#)], response).into_response()
}

async fn log_in(app: &App, request: Request) -> Result<Limited<Account>, Error> {
    let (mut parts, body) = request.into_parts();
    let caller = <Caller as axum::extract::FromRequestParts<App>>::from_request_parts(&mut parts, app).await?;
    let attempt = match Basic::from_request_parts(&mut parts, app).await? {
        Some(Basic(attempt)) => attempt.by_cookie(),
        None if parts.method == Method::POST => {
            let Json(attempt) = Json::<SignIn>::from_request(Request::from_parts(parts, body), app).await?;
            attempt
        }
        None => return Err(Error::BadCredentials),
    };
    Ok(begin_session_within_limits(app, &caller, attempt).await?.map(Account))
}

/// Credentials in the header of RFC 7617.
struct Basic(SignIn);

impl OptionalFromRequestParts<App> for Basic {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Option<Self>, Error> {
        let Some(value) = parts.headers.get(AUTHORIZATION) else { return Ok(None) };
        let basic = value.to_str().ok().and_then(|text| text.split_once(' '));
        let Some((_, encoded)) = basic.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic")) else {
            return Ok(None);
        };
        let text = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let (name, password) = text.as_deref().and_then(|text| text.split_once(':')).ok_or(Error::BadCredentials)?;
        let password = Password::presented(password).map_err(|_| Error::BadCredentials)?;
        Ok(Some(Self(SignIn::of(name.to_owned(), password))))
    }
}

pub(super) async fn sign_up(
    State(app): State<App>,
    caller: Caller,
    Json(wanted): Json<SignUp>,
) -> Result<Limited<Account>, Error> {
    Ok(create_user_within_limits(&app, &caller, wanted).await?.map(Account))
}

/// Oneself; nobody else is anybody's business.
pub(super) async fn show_user(State(app): State<App>, session: Session, Id(id): Id) -> Result<Reply<User>, Error> {
    if id != session.user_id {
        return Err(Error::NotFound);
    }
    let user = user::of_session(&app.db, &session).await?;
    Ok(Reply(User::from(&user)))
}

pub(super) async fn greeting(State(app): State<App>, session: Session) -> Result<String, Error> {
    let user = user::of_session(&app.db, &session).await?;
    Ok(format!("Hello, {}", user.username))
}

pub(super) async fn protected(_: Session) -> Reply<Message> {
    Reply(Message { message: "You are authorized" })
}

pub(super) async fn log_out(State(app): State<App>, session: AnySession) -> Result<Reply<Message>, Error> {
    sessions::end_presented(&app, &session).await?;
    Ok(Reply(Message { message: "You are logged out" }))
}

/// What only those in a session are told is not there.
pub(super) async fn nothing(_: Session) -> Error {
    Error::NotFound
}
