//! The start of a sign-in at a provider.

use axum::http::HeaderValue;

use super::super::password::lock_verified;
use super::super::{ClientInfo, Limited};
use super::find;
use super::flow;
use super::flow::{FlowCookie, Prepared, Purpose, StartFlow};
use crate::app::AppState;
use crate::auth::password::policy::Password;
use crate::auth::token::Session;
use crate::error::Error;
use crate::models::identity;
use crate::types::provider_name::ProviderName;
use crate::types::secret_code::SecretCode;

/// An address for the browser, and the cookie that it needs there.
pub struct Redirect {
    pub url: String,
    pub cookie: HeaderValue,
}

/// Starts a sign-in. Returns the address of the provider.
///
/// # Errors
/// [`Error::NotFound`] for an unknown provider, [`Error::FlowInvalid`] if this browser did not prepare the start, and
/// [`Error::ProviderUnavailable`].
pub async fn start(
    app: &AppState,
    client: &ClientInfo,
    name: &ProviderName,
    start: StartFlow,
) -> Result<Redirect, Error> {
    let provider = find(app, name)?;
    let purpose = match &start.ticket {
        None => Purpose::SignIn { invitation: None },
        Some(ticket) => prepared_purpose(app, client, name, ticket)?,
    };
    let started = flow::Started::new(name.as_str(), purpose, &start, app.clock.now());
    let url = provider.authorization_url(&started.secrets(), start.fresh).await?;
    let cookie = FlowCookie::Started(Box::new(started)).header(app, client)?;
    Ok(Redirect { url: url.into(), cookie })
}

/// Returns what this browser prepared. A link with the ticket of another browser would add an identity of one person to the
/// account of another one.
fn prepared_purpose(app: &AppState, client: &ClientInfo, name: &ProviderName, ticket: &str) -> Result<Purpose, Error> {
    match FlowCookie::of(app, client) {
        Some(FlowCookie::Prepared(prepared)) if prepared.ticket == ticket && prepared.provider == name.as_str() => {
            Ok(prepared.purpose)
        }
        _ => Err(Error::FlowInvalid),
    }
}

/// Prepares a sign-in with an invitation, which a link must not contain.
///
/// # Errors
/// [`Error::NotFound`] for an unknown provider.
pub fn prepare_sign_up(
    app: &AppState,
    client: &ClientInfo,
    name: &ProviderName,
    invitation: &SecretCode,
) -> Result<Redirect, Error> {
    prepare(app, client, name, Purpose::SignIn { invitation: Some(invitation.expose().to_owned()) })
}

/// Prepares a sign-in that adds an identity to the account of the session.
///
/// # Errors
/// [`Error::NotFound`], [`Error::WrongPassword`], [`Error::IdentityTaken`] if the account has an identity at this provider,
/// and [`Error::TooManyAttempts`].
pub async fn prepare_link(
    app: &AppState,
    session: &Session,
    client: &ClientInfo,
    name: &ProviderName,
    current_password: Option<&Password>,
) -> Result<Limited<Redirect>, Error> {
    find(app, name)?;
    let attempt = app.limits.password_change(session.user_id, app.clock.monotonic())?;
    let prepared = async {
        let (transaction, user) = lock_verified(app, session, client, current_password).await?;
        if identity::find_of_user(&transaction, user.id, name).await?.is_some() {
            return Err(Error::IdentityTaken);
        }
        let purpose = Purpose::Link { user_id: user.id, session: session.id.to_string() };
        prepare(app, client, name, purpose)
    };
    Ok(Limited::settle(attempt, prepared.await))
}

fn prepare(app: &AppState, client: &ClientInfo, name: &ProviderName, purpose: Purpose) -> Result<Redirect, Error> {
    find(app, name)?;
    let prepared = Prepared::new(name.as_str(), purpose, app.clock.now());
    let url = format!("/api/oidc/{name}/start?ticket={}", prepared.ticket);
    Ok(Redirect { url, cookie: FlowCookie::Prepared(prepared).header(app, client)? })
}
