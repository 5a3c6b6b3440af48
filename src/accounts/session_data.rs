//! Session data of users and of anonymous clients.
//!
//! When a client without a session writes its first variable, an anonymous session begins.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use metrics::counter;

use crate::app::AppState;
use crate::auth::rate_limit::client_network::ClientNetwork;
use crate::auth::rate_limit::{Attempt, Outcome};
use crate::auth::token::AnySession;
use crate::error::Error;
use crate::platform::random;
use crate::session_data::data::SessionData;
use crate::session_data::{SessionContext, Updated};
use crate::transport::{Cookies, FetchSite, Transport};
use crate::types::version::Expected;

/// The client of a request for session data.
pub struct DataClient {
    pub session: Option<AnySession>,
    /// The request's cookie with encrypted session data.
    pub sealed_data: Option<String>,
    /// How the token of a new session is sent.
    pub transport: Transport,
    pub site: FetchSite,
    /// Reads and writes the cookies, in the variant (with or without `Secure`) for this client.
    pub cookies: Cookies,
    /// The key of the client for rate limits.
    pub network: ClientNetwork,
}

/// The outcome of a change, and headers for the response. They contain the token of a new session and the cookie with
/// the session data, if there are any.
pub struct Changed<T> {
    pub outcome: T,
    pub headers: HeaderMap,
}

/// Returns the data of the client's session, or empty data if the client has no session.
pub async fn read(app: &AppState, client: &DataClient) -> Result<SessionData, Error> {
    let Some(session) = &client.session else { return Ok(SessionData::default()) };
    app.session_data.read(SessionContext::of(session, client.sealed_data.as_deref())).await
}

/// Changes the data of the client's session. A client without a session gets an anonymous one.
///
/// # Errors
/// The errors of `make` and of [`crate::session_data::SessionDataStore::update`]. In an anonymous session also
/// [`Error::TooManyAttempts`]. If a new session is needed, also [`Error::CrossSite`] and [`Error::NotReady`].
pub async fn change<T>(
    app: &AppState,
    client: DataClient,
    make: impl Fn(&mut SessionData) -> Result<T, Error>,
) -> Result<Changed<T>, Error> {
    let mut headers = HeaderMap::new();
    let (session, attempt) = match &client.session {
        Some(session) => (session.clone(), None),
        None => {
            let (session, attempt) = begin_anonymous_session(app, &client, &mut headers)?;
            (session, Some(attempt))
        }
    };
    let written = write(app, &client, &session, attempt.is_some(), make).await;
    if let Some(attempt) = attempt {
        // The new session counts only if the client receives it.
        attempt.finish(if written.is_ok() { Outcome::Succeeded } else { Outcome::NotJudged });
        counter!("daypass_anonymous_sessions_created_total").increment(u64::from(written.is_ok()));
    }
    let (outcome, cookie) = written?;
    headers.extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    Ok(Changed { outcome, headers })
}

/// Deletes the data of the client's session. Returns the cookie to set, if any.
///
/// # Errors
/// [`Error::PreconditionFailed`].
pub async fn clear(app: &AppState, client: &DataClient, expected: &Expected) -> Result<Option<HeaderValue>, Error> {
    let Some(session) = &client.session else {
        expected.check(SessionData::default().version())?;
        return Ok(None);
    };
    let context = SessionContext::of(session, client.sealed_data.as_deref());
    let sealed = app.session_data.clear(context, expected).await?;
    data_cookie(app, client, session, sealed)
}

/// Writes a change. If the server stores the data of an anonymous session, the added bytes count against a rate limit.
async fn write<T>(
    app: &AppState,
    client: &DataClient,
    session: &AnySession,
    is_new: bool,
    make: impl Fn(&mut SessionData) -> Result<T, Error>,
) -> Result<(T, Option<HeaderValue>), Error> {
    let limited = session.user.is_none() && app.session_data.is_on_server();
    let change = |data: &mut SessionData| {
        let before = if is_new { 0 } else { data.stored_bytes() };
        let outcome = make(data)?;
        let growth = if limited { data.stored_bytes().saturating_sub(before) } else { 0 };
        let bytes = app.limits.anonymous_data(client.network, growth, app.clock.monotonic())?;
        Ok((outcome, bytes))
    };
    let context = SessionContext::of(session, client.sealed_data.as_deref());
    let Updated { outcome: (outcome, bytes), cookie } = app.session_data.update(context, change).await?;
    bytes.written();
    Ok((outcome, data_cookie(app, client, session, cookie)?))
}

fn data_cookie(
    app: &AppState,
    client: &DataClient,
    session: &AnySession,
    sealed: Option<String>,
) -> Result<Option<HeaderValue>, Error> {
    sealed.map(|sealed| client.cookies.session_data(&sealed, session.ends_at, app.clock.now())).transpose()
}

/// Issues the token of a new anonymous session. The table `sessions` has no rows for anonymous sessions.
fn begin_anonymous_session<'a>(
    app: &'a AppState,
    client: &DataClient,
    headers: &mut HeaderMap,
) -> Result<(AnySession, Attempt<'a>), Error> {
    client.transport.check(client.site)?;
    let generation = app.revocations.generation().ok_or(Error::NotReady)?;
    let attempt = app.limits.anonymous(client.network, app.clock.monotonic())?;
    let now = app.clock.now();
    let issued = app.tokens.issue(None, generation, now, &mut random::secure())?;
    client.transport.send_token(&issued, &client.cookies, now, headers)?;
    Ok((issued.session, attempt))
}
