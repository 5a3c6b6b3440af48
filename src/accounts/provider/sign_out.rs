//! Sign-out at a provider: its message that a user signed out there, and the address where a user signs out there.

use tracing::{info, warn};

use super::super::ClientInfo;
use super::find;
use crate::app::AppState;
use crate::auth::rate_limit::Outcome;
use crate::auth::token::Session;
use crate::error::Error;
use crate::models::session::ProviderSession;
use crate::models::{identity, session, used_code, user};
use crate::oidc::{LogoutToken, Provider, Step};
use crate::types::UserId;
use crate::types::digest::sha256;
use crate::types::identity_key::IdentityKey;
use crate::types::provider_name::ProviderName;

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
    let ended = end_sessions(app, provider, token).await;
    attempt.finish(if ended.is_ok() { Outcome::Succeeded } else { Outcome::Failed });
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
    let id = sha256(&["logout ", provider.name().as_str(), " ", &token.id]);
    if !used_code::use_up(&app.db, id, token.expires_at).await? {
        // The provider may send it again, if it did not get the response.
        return Ok(());
    }
    let at = ProviderSession { provider: provider.name().clone(), id: token.session.clone() };
    for user_id in users(app, provider, &token, &at).await? {
        end_sessions_of(app, user_id, &at).await?;
    }
    Ok(())
}

/// Returns the users whose sessions can have ended.
async fn users(
    app: &AppState,
    provider: &Provider,
    token: &LogoutToken,
    at: &ProviderSession,
) -> Result<Vec<UserId>, Error> {
    let issuer = || provider.config.issuer.clone();
    let key = token.subject.clone().map(|subject| IdentityKey { issuer: issuer(), subject });
    let identity = match key {
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
    let ending = session::end_of_provider(&transaction, user_id, at, app.clock.now()).await?;
    transaction.commit().await?;
    app.ended(&ending).await;
    info!(user.id = user_id.0, provider = %at.provider, ended = ending.sessions.len(), "signed out at a provider");
    Ok(())
}

/// Returns the address where the user signs out of the provider at which the session began. `None` if there is no such
/// provider, or it has no such address or does not respond. Signing out of this service must not depend on it.
pub async fn provider_sign_out_url(app: &AppState, session: &Session) -> Result<Option<String>, Error> {
    let row = session::find(&app.db, session).await?;
    let name = row.and_then(|row| row.provider).and_then(|name| name.parse().ok());
    let Some(provider) = name.and_then(|name| app.providers.find(&name)) else { return Ok(None) };
    match provider.sign_out_url(&app.config.public_url().to_string()).await {
        Ok(url) => Ok(url.map(String::from)),
        Err(error) => {
            warn!(provider = %provider.name(), cause = %error, "cannot read where users sign out of a provider");
            Ok(None)
        }
    }
}
