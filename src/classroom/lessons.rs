//! Demos of the course's lessons on sessions and cookies: counters, greetings and protected routes, with session cookies.
//!
//! As in the lessons, `GET` requests change state, so `Policy::Lenient` rejects cross-site requests. The demos use the
//! service's session cookie instead of the lessons' cookies, and session variables instead of session properties.

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
use crate::accounts;
use crate::accounts::session_data::{Changed, DataClient, change, read};
use crate::accounts::{ClientInfo, Limited, SignIn, SignUp};
use crate::app::AppState;
use crate::auth::password::policy::Password;
use crate::auth::token::{AnySession, Session};
use crate::error::Error;
use crate::extract::{Id, Json, SignedOut};
use crate::models::user;
use crate::session_data::data::VariableName;
use crate::transport::Transport;
use crate::types::UserId;
use crate::types::version::Expected;
use crate::views::User;

/// A counter shared by all clients.
#[derive(Clone, Default)]
pub(super) struct SharedCounter(Arc<AtomicU64>);

/// Creates a counter for each request, so the response is always 1.
pub(super) async fn counter_in_route() -> String {
    let mut value = 0;
    value += 1;
    value.to_string()
}

/// Counts the requests to this route since the process started.
pub(super) async fn counter_on_server(Extension(SharedCounter(counter)): Extension<SharedCounter>) -> String {
    (counter.fetch_add(1, Ordering::Relaxed) + 1).to_string()
}

/// Counts the requests to this route in a session.
pub(super) async fn counter_in_session(
    State(app): State<AppState>,
    client: DataClient,
) -> Result<(HeaderMap, String), Error> {
    count(&app, client, "counter").await
}

pub(super) async fn increment(State(app): State<AppState>, client: DataClient) -> Result<(HeaderMap, String), Error> {
    count(&app, client, "count").await
}

async fn count(app: &AppState, client: DataClient, name: &str) -> Result<(HeaderMap, String), Error> {
    let name = named(name)?;
    let Changed { outcome, headers } = change(app, client, |data| data.increment(&name, 1, &Expected::Any)).await?;
    Ok((headers, outcome.to_string()))
}

pub(super) async fn clear(State(app): State<AppState>, session: Option<AnySession>, client: ClientInfo) -> Response {
    end(&app, session, &client, "Session cleared", "Error clearing session").await
}

pub(super) async fn good_bye(State(app): State<AppState>, session: Option<AnySession>, client: ClientInfo) -> Response {
    end(&app, session, &client, "good bye", "error logging out").await
}

/// Ends the session, if there is one. The middleware clears the cookie.
async fn end(
    app: &AppState,
    session: Option<AnySession>,
    client: &ClientInfo,
    done: &'static str,
    failed: &'static str,
) -> Response {
    let Some(session) = session else { return done.into_response() };
    match accounts::sign_out(app, &session, client).await {
        Ok(()) => (Extension(SignedOut), done).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot end the session of a lesson");
            (StatusCode::INTERNAL_SERVER_ERROR, failed).into_response()
        }
    }
}

pub(super) async fn store_name(
    State(app): State<AppState>,
    client: DataClient,
) -> Result<(HeaderMap, &'static str), Error> {
    let name = named("name")?;
    let frodo = to_raw_value("Frodo").map_err(Error::fault)?;
    let changed = change(&app, client, |data| data.set(&name, frodo.clone(), &Expected::Any)).await?;
    Ok((changed.headers, "got it"))
}

pub(super) async fn greet(State(app): State<AppState>, client: DataClient) -> Result<String, Error> {
    let data = read(&app, &client).await?;
    let known =
        data.get(&named("name")?).and_then(|variable| serde_json::from_str::<String>(variable.value.get()).ok());
    // JavaScript prints a missing property as `undefined`.
    let name = known.as_deref().unwrap_or("undefined");
    Ok(format!("hello {name}"))
}

fn named(name: &str) -> Result<VariableName, Error> {
    VariableName::parse(name).map_err(Error::fault)
}

/// Signs up with a session cookie.
pub(super) async fn register(
    State(app): State<AppState>,
    client: ClientInfo,
    Json(request): Json<SignUp>,
) -> Result<Limited<Account>, Error> {
    let request = SignUp { transport: Transport::Cookie, ..request };
    Ok(accounts::sign_up(&app, &client, request).await?.map(Account::signed_up))
}

/// Signs in with a session cookie.
pub(super) async fn login(
    State(app): State<AppState>,
    client: ClientInfo,
    Json(request): Json<SignIn>,
) -> Result<Limited<Account>, Error> {
    let request = SignIn { transport: Transport::Cookie, ..request };
    Ok(accounts::sign_in(&app, &client, request).await?.map(Account::signed_in))
}

/// Signs in with credentials from `Authorization: Basic` or from a JSON body. With `Basic` the response sets a cookie.
/// With JSON the response contains a token by default.
pub(super) async fn login_with_either(State(app): State<AppState>, request: Request) -> Response {
    let by_json = request.method() == Method::POST && !request.headers().contains_key(AUTHORIZATION);
    let response = log_in(&app, request).await.into_response();
    // A page that sends JSON asks for the credentials itself, so the browser must not ask for them.
    if by_json || response.status() != StatusCode::UNAUTHORIZED {
        return response;
    }
    ([(WWW_AUTHENTICATE, r#"Basic realm="daypass", charset="UTF-8""#)], response).into_response()
}

async fn log_in(app: &AppState, request: Request) -> Result<Limited<Account>, Error> {
    let (mut parts, body) = request.into_parts();
    let client = <ClientInfo as axum::extract::FromRequestParts<AppState>>::from_request_parts(&mut parts, app).await?;
    let request = match Basic::from_request_parts(&mut parts, app).await? {
        Some(Basic(request)) => request,
        None if parts.method == Method::POST => {
            let Json(request) = Json::<SignIn>::from_request(Request::from_parts(parts, body), app).await?;
            request
        }
        None => return Err(Error::BadCredentials),
    };
    Ok(accounts::sign_in(app, &client, request).await?.map(Account::signed_in))
}

/// Credentials of HTTP Basic authentication (RFC 7617).
struct Basic(SignIn);

impl OptionalFromRequestParts<AppState> for Basic {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Option<Self>, Error> {
        let Some(value) = parts.headers.get(AUTHORIZATION) else { return Ok(None) };
        let basic = value.to_str().ok().and_then(|text| text.split_once(' '));
        let Some((_, encoded)) = basic.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic")) else {
            return Ok(None);
        };
        let text = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let (name, password) = text.as_deref().and_then(|text| text.split_once(':')).ok_or(Error::BadCredentials)?;
        let password = Password::presented(password).map_err(|_| Error::BadCredentials)?;
        let username = name.to_owned();
        Ok(Some(Self(SignIn { username, password, transport: Transport::Cookie, keep_variables: false })))
    }
}

pub(super) async fn sign_up(
    State(app): State<AppState>,
    client: ClientInfo,
    Json(request): Json<SignUp>,
) -> Result<Limited<Account>, Error> {
    Ok(accounts::sign_up(&app, &client, request).await?.map(Account::signed_up))
}

/// Shows only the caller, because the data of other users is private.
pub(super) async fn show_user(
    State(app): State<AppState>,
    session: Session,
    Id(id): Id<UserId>,
) -> Result<Reply<User>, Error> {
    if id != session.user_id {
        return Err(Error::NotFound);
    }
    let user = user::find(&app.db, session.user_id).await?;
    Ok(Reply(User::from(&user)))
}

pub(super) async fn greeting(State(app): State<AppState>, session: Session) -> Result<String, Error> {
    let user = user::find(&app.db, session.user_id).await?;
    Ok(format!("Hello, {}", user.username))
}

pub(super) async fn protected(_: Session) -> Reply<Message> {
    Reply(Message { message: "You are authorized" })
}

pub(super) async fn log_out(
    State(app): State<AppState>,
    session: AnySession,
    client: ClientInfo,
) -> Result<(Extension<SignedOut>, Reply<Message>), Error> {
    accounts::sign_out(&app, &session, &client).await?;
    Ok((Extension(SignedOut), Reply(Message { message: "You are logged out" })))
}

/// Responds with `401` without a session, and otherwise with `404`.
pub(super) async fn not_found(_: Session) -> Error {
    Error::NotFound
}
