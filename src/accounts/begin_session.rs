//! New sessions: the steps that sign-up, sign-in and a password change share.
//!
//! A new session always gets a new id, so an attacker cannot choose the id in advance (session fixation). If the
//! request presented another session, that session ends (ASVS 7.2.4). The client can ask the server to copy that
//! session's data.

use axum::http::HeaderValue;
use chrono::{DateTime, SubsecRound as _, Utc};
use metrics::counter;
use sea_orm::ConnectionTrait;
use secrecy::{ExposeSecret, SecretString};
use tracing::warn;

use super::ClientInfo;
use crate::app::AppState;
use crate::auth::revocation::Ending;
use crate::auth::revocation::reason::Reason;
use crate::auth::token::device::DeviceAccount;
use crate::auth::token::session_id::SessionId;
use crate::auth::token::{AnySession, Authentication, Issued};
use crate::error::Error;
use crate::models::session::ProviderSession;
use crate::models::{database_state, session, user};
use crate::platform::random;
use crate::session_data::SessionContext;
use crate::session_data::data::SessionData;
use crate::transport::Transport;
use crate::types::UserId;
use crate::types::generation::Generation;

/// The options of a new session.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionOptions {
    pub transport: Transport,
    /// Whether to copy the data of the session that the request presents.
    pub keep_data: bool,
}

impl SessionOptions {
    /// Returns the data to copy: the data of the presented session if that session is anonymous or belongs to the same
    /// user. Call this function as late as possible, because data that the client writes later is not copied.
    pub(super) async fn data_to_copy(
        self,
        app: &AppState,
        client: &ClientInfo,
        user: Option<UserId>,
    ) -> Result<SessionData, Error> {
        match &client.session {
            Some(session) if self.keep_data && session.user.as_ref().is_none_or(|owner| Some(owner.id) == user) => {
                app.session_data.read(SessionContext::of(session, client.sealed_data.as_deref())).await
            }
            _ => Ok(SessionData::default()),
        }
    }
}

/// A new session, with the tokens and cookies that the client must store.
pub struct NewSession {
    pub user: user::Model,
    pub row: session::Model,
    /// The session token. `None` if the token is sent in a cookie.
    pub token: Option<SecretString>,
    /// Seconds until the token expires.
    pub expires_in: i64,
    pub device_token: SecretString,
    pub cookies: Vec<HeaderValue>,
    session: AnySession,
}

/// Issues a session token for a user who has just authenticated with a password or a code, and inserts the session.
pub(super) async fn begin_session(
    app: &AppState,
    db: &impl ConnectionTrait,
    user: user::Model,
    client: &ClientInfo,
    transport: Transport,
) -> Result<NewSession, Error> {
    begin_authenticated(app, db, user, client, transport, SignedIn::default()).await
}

/// How a user signed in.
#[derive(Default)]
pub(super) struct SignedIn {
    pub(super) authentication: Authentication,
    /// The session at the provider, if the user signed in at one.
    pub(super) provider_session: Option<ProviderSession>,
}

/// Like [`begin_session`], for a user who signed in another way.
pub(super) async fn begin_authenticated(
    app: &AppState,
    db: &impl ConnectionTrait,
    user: user::Model,
    client: &ClientInfo,
    transport: Transport,
    SignedIn { authentication, provider_session }: SignedIn,
) -> Result<NewSession, Error> {
    let now = app.clock.now();
    // Read the generation in the transaction, because the one in memory can be out of date.
    let first = Generation::random(&mut random::secure());
    let generation = database_state::generation(db, first).await?;
    let issued = app.tokens.issue(Some(user.subject(authentication)), generation, now, &mut random::secure())?;
    let (provider, user_agent) = (provider_session.as_ref(), client.user_agent.as_deref());
    let row = session::create(db, user.id, &issued, provider, user_agent, now).await?;
    let device_token = device_token(app, client, &user, now)?;
    app.limits.add_known_network(client.network, &user.username);
    counter!("daypass_sessions_created_total").increment(1);
    let cookies = cookies(client, &issued, transport, now)?;
    let Issued { token, session, .. } = issued;
    Ok(NewSession {
        user,
        row,
        token: (transport == Transport::Bearer).then_some(token),
        expires_in: (session.expires_at - now.trunc_subsecs(0)).num_seconds(),
        device_token,
        cookies,
        session,
    })
}

/// Issues a device token. If the client presents a device token that is valid for this user and password, the new token
/// has the same device id.
fn device_token(
    app: &AppState,
    client: &ClientInfo,
    user: &user::Model,
    now: DateTime<Utc>,
) -> Result<SecretString, Error> {
    let account = DeviceAccount { username: &user.username, password_hash: &user.password_hash };
    let token = client.device_token.as_deref();
    let presented = token.and_then(|token| app.tokens.verify_device(token, account.username, now));
    let device = presented.and_then(|presented| app.tokens.confirm_device(&presented, account.password_hash));
    app.tokens.issue_device(device, account, now, &mut random::secure()).map_err(Error::from)
}

/// Returns the `Set-Cookie` header for the new session. If the new session uses a bearer token but the replaced session
/// used a cookie, the header clears that cookie.
fn cookies(
    client: &ClientInfo,
    issued: &Issued,
    transport: Transport,
    now: DateTime<Utc>,
) -> Result<Vec<HeaderValue>, Error> {
    let cookie = match transport {
        Transport::Cookie => Some(client.cookies.session(issued.token.expose_secret(), issued.store_until, now)?),
        Transport::Bearer if client.transport == Transport::Cookie => Some(client.cookies.cleared_session()),
        Transport::Bearer => None,
    };
    Ok(cookie.into_iter().collect())
}

/// Ends the session that the request presents. `db` is the transaction that creates the new session.
pub(super) async fn end_presented(
    app: &AppState,
    db: &impl ConnectionTrait,
    client: &ClientInfo,
) -> Result<Ending, Error> {
    match &client.session {
        Some(session) => session::end_presented(db, session, Reason::Replaced, app.clock.now()).await,
        None => Ok(Ending::default()),
    }
}

impl NewSession {
    pub(super) fn id(&self) -> SessionId {
        self.session.id
    }

    /// Copies `data` into the new session. Call this function after the commit. Best effort: if copying fails, the
    /// session stays valid.
    pub(super) async fn with_data(mut self, app: &AppState, client: &ClientInfo, data: &SessionData) -> Self {
        if data.is_empty() {
            return self;
        }
        let copy = |new: &mut SessionData| {
            new.clone_from(data);
            Ok(())
        };
        let context = SessionContext::of(&self.session, None);
        let copied = app.session_data.update(context, copy).await.and_then(|updated| {
            let now = app.clock.now();
            updated.cookie.map(|value| client.cookies.session_data(&value, self.session.ends_at, now)).transpose()
        });
        match copied {
            Ok(cookie) => self.cookies.extend(cookie),
            Err(error) => warn!(cause = error.cause(), "cannot copy session data to the new session"),
        }
        self
    }
}
