//! The return of the browser from a provider.

use axum::http::HeaderValue;
use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use std::sync::Arc;
use tracing::info;

use super::super::begin_session::{SignedIn, begin_authenticated, end_presented};
use super::super::{ClientInfo, Limited, NewSession};
use super::exchange;
use super::find;
use super::flow;
use super::flow::{FlowCookie, Purpose};
use super::new_user::create_user;
use crate::app::AppState;
use crate::auth::rate_limit::Outcome;
use crate::auth::revocation::reason::Reason;
use crate::auth::token::refusal::Refusal;
use crate::auth::token::{AnySession, Authentication, AuthenticationTime, Method, ProviderSignIn, Session};
use crate::error::Error;
use crate::events::{Account, Actor, Details, Event, EventKind, FailedAttempt};
use crate::models::provider_logout::Logouts;
use crate::models::session::ProviderSession;
use crate::models::{event, identity, provider_logout, session, user};
use crate::oidc::{IdTokenFacts, Provider, ProviderUser};
use crate::platform::database::Transaction;
use crate::transport::Transport;
use crate::types::UserId;
use crate::types::provider_name::ProviderName;
use crate::types::secret_code::SecretCode;

/// The parameters that the provider sent through the browser.
#[derive(Debug, Default)]
pub struct ProviderResponse {
    pub code: Option<String>,
    pub state: Option<String>,
    pub issuer: Option<String>,
    pub error: Option<String>,
}

/// Where the browser goes next, and its cookies.
pub struct Destination {
    pub url: String,
    pub cookies: Vec<HeaderValue>,
}

/// Completes a sign-in: begins a session in a cookie, returns a code for a session, or adds an identity to an account.
///
/// # Errors
/// [`Error::FlowInvalid`], [`Error::ProviderDenied`], [`Error::ProviderUnavailable`], [`Error::ProviderFailed`],
/// [`Error::IdentityNotLinked`], [`Error::IdentityTaken`], the errors of the sign-up policy, and
/// [`Error::TooManyAttempts`].
pub async fn user_returns(
    app: &AppState,
    client: &ClientInfo,
    name: &ProviderName,
    response: ProviderResponse,
) -> Result<Destination, Error> {
    let provider = find(app, name)?;
    let returned = accept_and_complete(app, client, provider, response).await;
    if let Err(error) = &returned
        && error.status().is_client_error()
    {
        let failed = client.failed(EventKind::SignInFailed, error, Account::Unknown, app.clock.now());
        app.failed_attempts.add(FailedAttempt { provider: Some(name.clone()), ..failed });
    }
    returned
}

async fn accept_and_complete(
    app: &AppState,
    client: &ClientInfo,
    provider: &Provider,
    response: ProviderResponse,
) -> Result<Destination, Error> {
    let (flow, code) = accept(app, client, provider, response).await?;
    let attempt = app.limits.code(client.network, app.clock.monotonic())?;
    Limited::settle(attempt, complete(app, client, provider, &flow, code).await).result
}

/// Checks that the response belongs to a sign-in of this browser. Returns this sign-in and the code. Rejected responses are
/// not limited, because a state cannot be guessed, and any page can make a browser send a wrong one.
async fn accept(
    app: &AppState,
    client: &ClientInfo,
    provider: &Provider,
    response: ProviderResponse,
) -> Result<(Box<flow::Started>, String), Error> {
    let Some(FlowCookie::Started(flow)) = FlowCookie::of(app, client) else { return Err(Error::FlowInvalid) };
    let belongs =
        flow.provider == provider.name().as_str() && response.state.is_some_and(|state| flow.has_state(&state));
    if !belongs {
        return Err(Error::FlowInvalid);
    }
    flow.use_up(app).await?;
    if !provider.accepts_issuer(response.issuer.as_deref()).await? {
        return Err(Error::FlowInvalid);
    }
    match (response.code, response.error) {
        (Some(code), None) => Ok((flow, code)),
        (_, Some(error)) => Err(denied(provider, &error)),
        (None, None) => Err(Error::FlowInvalid),
    }
}

async fn complete(
    app: &AppState,
    client: &ClientInfo,
    provider: &Provider,
    flow: &flow::Started,
    code: String,
) -> Result<Destination, Error> {
    let user = provider.user(code, &flow.secrets(), flow.fresh).await?;
    match flow.purpose.clone() {
        Purpose::SignIn { invitation } => sign_in(app, client, provider, flow, &user, invitation).await,
        Purpose::Link { user_id, session } => link(app, client, provider, flow, &user, user_id, &session).await,
    }
}

/// Logs the error code of the provider, because it can show a mistake in the settings.
fn denied(provider: &Provider, code: &str) -> Error {
    let is_code = code.len() <= 40 && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    info!(provider = %provider.name(), code = if is_code { code } else { "unknown" }, "a provider sent an error");
    Error::ProviderDenied
}

async fn sign_in(
    app: &AppState,
    client: &ClientInfo,
    provider: &Provider,
    flow: &flow::Started,
    at_provider: &ProviderUser,
    invitation: Option<String>,
) -> Result<Destination, Error> {
    let user_id = match identity::find(&app.db, &at_provider.key).await? {
        Some(identity) => identity.user_id,
        None => sign_up(app, client, provider, at_provider, invitation).await?,
    };
    let user = user::find_if_exists(&app.db, user_id).await?;
    if !user.as_ref().is_some_and(user::Model::may_sign_in) {
        return Err(Error::IdentityNotLinked);
    }
    let sign_in = SignInAtProvider::new(user_id, provider.name(), at_provider);
    if flow.by_cookie {
        let new = sign_in.begin(app, client, Transport::Cookie).await?;
        let cookies = new.cookies.into_iter().chain([client.cookies.cleared_flow()]).collect();
        Ok(Destination { url: flow.return_to.clone(), cookies })
    } else {
        let (code, cookie) = exchange::code(app, client, &sign_in)?;
        Ok(Destination { url: format!("{}#code={code}", flow.return_to), cookies: vec![cookie] })
    }
}

async fn sign_up(
    app: &AppState,
    client: &ClientInfo,
    provider: &Provider,
    at_provider: &ProviderUser,
    invitation: Option<String>,
) -> Result<UserId, Error> {
    let invitation = invitation.as_deref().map(SecretCode::presented);
    match create_user(app, client, provider, at_provider, invitation.as_ref()).await {
        // The same person signed in twice at the same time.
        Err(Error::IdentityTaken) => {
            let identity = identity::find(&app.db, &at_provider.key).await?;
            Ok(identity.ok_or(Error::IdentityTaken)?.user_id)
        }
        created => created,
    }
}

/// A completed sign-in of a user, from which a session can begin.
pub(super) struct SignInAtProvider {
    pub(super) user_id: UserId,
    pub(super) provider: ProviderName,
    pub(super) key_hash: String,
    pub(super) facts: IdTokenFacts,
}

impl SignInAtProvider {
    fn new(user_id: UserId, provider: &ProviderName, user: &ProviderUser) -> Self {
        Self { user_id, provider: provider.clone(), key_hash: user.key.hash(), facts: user.facts.clone() }
    }

    /// Begins a session of the user.
    pub(super) async fn begin(
        self,
        app: &AppState,
        client: &ClientInfo,
        transport: Transport,
    ) -> Result<NewSession, Error> {
        let attempt = app.limits.new_session(self.user_id, app.clock.monotonic())?;
        let logouts = self.logout_keys();
        let begun = self.begin_locked(app, client, transport).await;
        attempt.finish(if begun.is_ok() { Outcome::Succeeded } else { Outcome::NotJudged });
        let new = begun?;
        // Only after the commit, this sees each logout that did not see the new session.
        if provider_logout::is_recorded(&app.db, &logouts).await? {
            end_new_session(app, &new).await?;
            return Err(Error::Refused(Refusal::Revoked(Reason::ProviderSignOut)));
        }
        Ok(new)
    }

    /// Returns the logouts that would end the session.
    fn logout_keys(&self) -> Logouts {
        Logouts::new(&self.provider, &self.key_hash, self.facts.session.as_deref(), self.facts.issued_at)
    }

    async fn begin_locked(
        self,
        app: &AppState,
        client: &ClientInfo,
        transport: Transport,
    ) -> Result<NewSession, Error> {
        let now = app.clock.now();
        let transaction = app.db.begin_write().await?;
        let user = self.lock_user(&transaction, now).await?;
        let mut ended = end_presented(app, &transaction, client).await?;
        let max = app.config.tokens.max_sessions;
        ended.extend(session::end_oldest(&transaction, user.id, max, now).await?);
        let details = Details { provider: Some(self.provider.to_string()), ..Details::ended(ended.sessions.len()) };
        let new = begin_authenticated(app, &transaction, user, client, transport, self.signed_in()).await?;
        let signed_in = client.event(EventKind::SignIn, new.user.id, now).in_session(new.id()).with(details);
        event::create(&transaction, &signed_in).await?;
        transaction.commit().await?;
        app.ended(&ended).await;
        signed_in.log();
        Ok(new)
    }

    /// Locks the user and records the use of the identity.
    ///
    /// # Errors
    /// [`Error::IdentityNotLinked`] if the user is disabled, or was deleted or lost the identity in the meantime.
    async fn lock_user(&self, db: &Transaction, now: DateTime<Utc>) -> Result<user::Model, Error> {
        let user = user::lock_if_exists(db, self.user_id).await?.filter(user::Model::may_sign_in);
        let user = user.ok_or(Error::IdentityNotLinked)?;
        let identity = identity::list(db, user.id).await?.into_iter().find(|each| each.key_hash == self.key_hash);
        let identity = identity.ok_or(Error::IdentityNotLinked)?;
        identity.record_use(db, now).await?;
        Ok(user)
    }

    fn signed_in(self) -> SignedIn {
        let time = self.facts.authenticated_at.map_or(AuthenticationTime::Unknown, AuthenticationTime::At);
        let methods = self.facts.methods.iter().map(String::as_str);
        let method = Method::Provider(Arc::new(ProviderSignIn::new(self.provider.clone(), methods)));
        SignedIn {
            authentication: Authentication { time, method },
            provider_session: Some(ProviderSession { provider: self.provider, id: self.facts.session }),
        }
    }
}

async fn end_new_session(app: &AppState, new: &NewSession) -> Result<(), Error> {
    let transaction = app.db.begin_write().await?;
    user::lock_if_exists(&transaction, new.user.id).await?;
    let id = new.row.id.parse().map_err(|_| Error::fault("a session id in the database is invalid"))?;
    let now = app.clock.now();
    let ending = session::end(&transaction, new.user.id, id, Reason::ProviderSignOut, now).await?;
    let details = Details { reason: Some(Reason::ProviderSignOut.code().into()), ..Details::default() };
    let ended = Event::new(EventKind::SessionEnded, Actor::System, now).about(new.user.id).in_session(id).with(details);
    event::create(&transaction, &ended).await?;
    transaction.commit().await?;
    app.ended(&ending).await;
    ended.log();
    Ok(())
}

/// Adds the identity to the account that prepared the sign-in.
async fn link(
    app: &AppState,
    client: &ClientInfo,
    provider: &Provider,
    flow: &flow::Started,
    at_provider: &ProviderUser,
    user_id: UserId,
    session: &str,
) -> Result<Destination, Error> {
    let now = app.clock.now();
    let transaction = app.db.begin_write().await?;
    let user = user::lock_if_exists(&transaction, user_id).await?.filter(user::Model::may_sign_in);
    let user = user.ok_or(Error::FlowInvalid)?;
    let is_active = is_active(&transaction, user.id, session, now).await?;
    // Somebody else may have signed in with this browser in the meantime.
    let presented = client.session.as_ref().and_then(AnySession::of_user);
    let is_same = presented.is_none_or(|Session { id, .. }| id.to_string() == session);
    if !is_active || !is_same {
        return Err(Error::FlowInvalid);
    }
    identity::create(&transaction, user.id, provider.name(), &at_provider.key, now).await?;
    let details = Details { provider: Some(provider.name().to_string()), ..Details::default() };
    let added = client.event(EventKind::IdentityAdded, user.id, now).with(details);
    event::create(&transaction, &added).await?;
    transaction.commit().await?;
    added.log();
    Ok(Destination { url: flow.return_to.clone(), cookies: vec![client.cookies.cleared_flow()] })
}

async fn is_active(
    db: &impl ConnectionTrait,
    user_id: UserId,
    session: &str,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    Ok(session::list(db, user_id, now).await?.iter().any(|row| row.id == session))
}
