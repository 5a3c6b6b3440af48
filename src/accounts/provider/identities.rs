//! The identities of the session's user.

use chrono::{DateTime, Utc};

use super::super::password::{is_recent, verified_user};
use super::super::{ClientInfo, Limited};
use crate::app::AppState;
use crate::auth::password::policy::Password;
use crate::auth::token::Session;
use crate::error::Error;
use crate::events::{Details, EventKind};
use crate::models::{event, identity, session, user};
use crate::types::provider_name::ProviderName;

/// An identity, with the title of its provider.
pub struct Identity {
    pub provider: String,
    /// The name of the provider if the operator has removed it from the settings.
    pub title: String,
    pub linked_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
}

/// Returns the identities of the user, oldest first.
///
/// # Errors
/// Only those of the database.
pub async fn list_identities(app: &AppState, session: &Session) -> Result<Vec<Identity>, Error> {
    let rows = identity::list(&app.db, session.user_id).await?;
    Ok(rows.into_iter().map(|row| with_title(app, row)).collect())
}

/// Returns whether the user can sign in with the identity. The operator may have removed or changed its provider.
fn can_sign_in(app: &AppState, identity: &identity::Model) -> bool {
    app.providers.iter().any(|provider| provider.config.issuer == identity.issuer)
}

fn with_title(app: &AppState, row: identity::Model) -> Identity {
    let provider = row.provider.parse().ok().and_then(|name: ProviderName| app.providers.find(&name));
    Identity {
        title: provider.map_or_else(|| row.provider.clone(), |provider| provider.config.title.clone()),
        provider: row.provider,
        linked_at: row.created_at.0,
        last_used_at: row.last_used_at.0,
    }
}

/// Removes an identity of the user, and ends the other sessions that began with it. A recent sign-in replaces the current
/// password.
///
/// # Errors
/// [`Error::NotFound`], [`Error::WrongPassword`], [`Error::SignInTooOld`], [`Error::LastWayIn`], and
/// [`Error::TooManyAttempts`].
pub async fn remove_identity(
    app: &AppState,
    session: &Session,
    client: &ClientInfo,
    provider: &ProviderName,
    current_password: Option<&Password>,
) -> Result<Limited<()>, Error> {
    let attempt = app.limits.password_change(session.user_id, app.clock.monotonic())?;
    let removed = async {
        let confirmed_by_sign_in = current_password.is_none() && is_recent(app, session);
        let verified = if confirmed_by_sign_in {
            user::find(&app.db, session.user_id).await?
        } else {
            verified_user(app, session, client, current_password).await?
        };
        remove(app, session, client, &verified, provider).await
    };
    Ok(Limited::settle(attempt, removed.await))
}

async fn remove(
    app: &AppState,
    session: &Session,
    client: &ClientInfo,
    verified: &user::Model,
    provider: &ProviderName,
) -> Result<(), Error> {
    let transaction = app.db.begin_write().await?;
    let user = user::lock_unchanged(&transaction, verified).await?.ok_or(Error::WrongPassword)?;
    let (removed, others): (Vec<_>, Vec<_>) =
        identity::list(&transaction, user.id).await?.into_iter().partition(|each| each.provider == provider.as_str());
    let identity = removed.into_iter().next();
    let is_only_way = !user.has_password() && !others.iter().any(|other| can_sign_in(app, other));
    let identity = identity.ok_or(Error::NotFound)?;
    if is_only_way {
        return Err(Error::LastWayIn);
    }
    identity.delete(&transaction).await?;
    // Somebody else may have added the identity and signed in with it.
    let now = app.clock.now();
    let ending = session::end_of_identity(&transaction, session, provider, now).await?;
    let details = Details { provider: Some(provider.to_string()), ..Details::ended(ending.sessions.len()) };
    let removed = client.event(EventKind::IdentityRemoved, user.id, now).in_session(session.id).with(details);
    event::create(&transaction, &removed).await?;
    transaction.commit().await?;
    app.ended(&ending).await;
    removed.log();
    Ok(())
}
