//! Sign-out at a provider: its message that a user signed out there, and the address where a user signs out there.

use std::time::Duration;

use tokio::time::timeout;
use tracing::warn;

use super::super::{ClientInfo, Limited, sign_out};
use super::find;
use crate::app::AppState;
use crate::auth::token::{AnySession, Session};
use crate::error::Error;
use crate::events::{Actor, Details, Event, EventKind};
use crate::models::session::ProviderSession;
use crate::models::{event, identity, provider_logout, session, user};
use crate::oidc::{LogoutToken, Provider, Step};
use crate::types::UserId;
use crate::types::identity_key::IdentityKey;
use crate::types::provider_name::ProviderName;

/// How long a sign-out waits for the configuration of the provider.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// Ends the sessions that a logout token of a provider names (Back-Channel Logout §2.7).
///
/// # Errors
/// [`Error::NotFound`], [`Error::LogoutTokenInvalid`], [`Error::ProviderUnavailable`], and [`Error::TooManyAttempts`] if the
/// client's address sent too many invalid tokens.
pub async fn sign_out_at_provider(
    app: &AppState,
    client: &ClientInfo,
    name: &ProviderName,
    token: &str,
) -> Result<(), Error> {
    let provider = find(app, name)?;
    let attempt = app.limits.code(client.network, app.clock.monotonic())?;
    let ended = Limited::settle(attempt, end_sessions(app, provider, token).await).result;
    if let Err(Error::LogoutTokenInvalid(cause)) = &ended {
        warn!(provider = %name, %cause, "rejected a logout token");
    }
    ended
}

async fn end_sessions(app: &AppState, provider: &Provider, token: &str) -> Result<(), Error> {
    let token = provider.logout(token).await.map_err(|error| match error.step {
        Step::IdToken => Error::LogoutTokenInvalid(error),
        _ => error.into(),
    })?;
    let token_key = provider_logout::token_key(provider.name(), &token.id);
    if provider_logout::is_used(&app.db, &token_key).await? {
        // The provider may send it again, if it did not get the response.
        return Ok(());
    }
    // Recorded before the sessions are read, so that a sign-in in progress sees it.
    record_logout(app, provider, &token).await?;
    let at = ProviderSession { provider: provider.name().clone(), id: token.session.clone() };
    for user_id in users(app, provider, &token, &at).await? {
        end_sessions_of(app, user_id, &at).await?;
    }
    // Recorded last, so that the provider can repeat the token if something failed.
    let transaction = app.db.begin_write().await?;
    provider_logout::record(&transaction, token_key, Some(token.expires_at), app.clock.now()).await?;
    Ok(transaction.commit().await?)
}

async fn record_logout(app: &AppState, provider: &Provider, token: &LogoutToken) -> Result<(), Error> {
    let identity = || identity_of(provider, token).map(|key| provider_logout::identity_key(&key.hash()));
    let session = token.session.as_ref().map(|session| provider_logout::session_key(provider.name(), session));
    let Some(key) = session.or_else(identity) else { return Ok(()) };
    let transaction = app.db.begin_write().await?;
    provider_logout::record(&transaction, key, None, app.clock.now()).await?;
    Ok(transaction.commit().await?)
}

fn identity_of(provider: &Provider, token: &LogoutToken) -> Option<IdentityKey> {
    let subject = token.subject.clone()?;
    Some(IdentityKey { issuer: provider.config.issuer.clone(), subject })
}

/// Returns the users whose sessions can have ended.
async fn users(
    app: &AppState,
    provider: &Provider,
    token: &LogoutToken,
    at: &ProviderSession,
) -> Result<Vec<UserId>, Error> {
    let identity = match identity_of(provider, token) {
        Some(key) => identity::find(&app.db, &key).await?,
        None => None,
    };
    match identity {
        Some(identity) => Ok(vec![identity.user_id]),
        // Without a subject, or if the user has removed the identity, the provider's session identifies the users.
        None => session::users_of_provider(&app.db, at).await,
    }
}

async fn end_sessions_of(app: &AppState, user_id: UserId, at: &ProviderSession) -> Result<(), Error> {
    let transaction = app.db.begin_write().await?;
    if user::lock_if_exists(&transaction, user_id).await?.is_none() {
        return Ok(());
    }
    let now = app.clock.now();
    let ending = session::end_of_provider(&transaction, user_id, at, now).await?;
    let details = Details { provider: Some(at.provider.to_string()), ..Details::ended(ending.sessions.len()) };
    // Without the origin of the request, because the provider sent it.
    let signed_out = Event::new(EventKind::ProviderSignOut, Actor::System, now).about(user_id).with(details);
    event::create(&transaction, &signed_out).await?;
    transaction.commit().await?;
    app.ended(&ending).await;
    signed_out.log();
    Ok(())
}

/// Ends the session, and returns the address where the user signs out of the provider at which it began. Returns `None` if
/// there is no such provider, or it has no such address or does not respond.
///
/// # Errors
/// The same as [`sign_out`].
pub async fn sign_out_with_provider(
    app: &AppState,
    session: &Session,
    any: &AnySession,
    client: &ClientInfo,
) -> Result<Option<String>, Error> {
    let row = session::find(&app.db, session).await?;
    // The session ends first, so this does not depend on the provider.
    sign_out(app, any, client).await?;
    let name = row.and_then(|row| row.provider).and_then(|name| name.parse().ok());
    let Some(provider) = name.and_then(|name| app.providers.find(&name)) else { return Ok(None) };
    let return_to = app.config.public_url().to_string();
    match timeout(MAX_WAIT, provider.sign_out_url(&return_to)).await {
        Ok(Ok(url)) => Ok(url.map(String::from)),
        Ok(Err(error)) => {
            warn!(provider = %provider.name(), cause = %error, "cannot read where users sign out of a provider");
            Ok(None)
        }
        Err(_) => Ok(None),
    }
}
