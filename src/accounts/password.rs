//! Password changes, and verification of the current password.

use chrono::{SubsecRound as _, TimeDelta};
use utoipa::ToSchema;

use super::begin_session::begin_session;
use super::{ClientInfo, Limited, NewSession, SessionOptions};
use crate::app::AppState;
use crate::auth::password::hasher::Comparison;
use crate::auth::password::policy::Password;
use crate::auth::revocation::reason::Reason;
use crate::auth::token::Session;
use crate::error::Error;
use crate::events::{Account, Details, EventKind};
use crate::models::{event, session, user};
use crate::platform::database::Transaction;
use crate::transport::Transport;
use crate::types::{ValidationError, schema};

/// How old a sign-in can be that replaces the current password.
const RECENT: TimeDelta = TimeDelta::minutes(5);

/// The current password and the new one.
#[derive(ToSchema)]
#[schema(as = ChangePassword)]
#[serde(rename_all = "camelCase")]
pub struct PasswordChange {
    /// Needed if the user has a password. A user without one must have signed in within the last five minutes.
    #[schema(value_type = String, format = Password, required = false, example = "orbit lantern cactus velvet")]
    pub current_password: Option<Password>,
    #[schema(schema_with = schema::changed_password)]
    pub new_password: Password,
    /// Copies the session variables of the current session to the new one.
    #[schema(required = false, nullable = false, default = false)]
    pub keep_variables: bool,
}

/// Changes the password, ends all sessions of the user and begins a new session.
///
/// # Errors
/// [`Error::TooManyAttempts`] if the user made too many attempts.
pub async fn change_password(
    app: &AppState,
    session: &Session,
    client: &ClientInfo,
    change: PasswordChange,
) -> Result<Limited<NewSession>, Error> {
    let attempt = app.limits.password_change(session.user_id, app.clock.monotonic())?;
    Ok(Limited::settle(attempt, replace_password(app, session, client, change).await))
}

async fn replace_password(
    app: &AppState,
    session: &Session,
    client: &ClientInfo,
    change: PasswordChange,
) -> Result<NewSession, Error> {
    let verified = verified_user(app, session, client, change.current_password.as_ref()).await?;
    if change.new_password.is_like(&verified.username) {
        return Err(Error::invalid("/newPassword", ValidationError::PasswordLikeUsername));
    }
    let password_hash = app.passwords.hash(client.known(), change.new_password).await?;
    let options = SessionOptions { transport: client.transport, keep_data: change.keep_variables };
    let data = options.data_to_copy(app, client, Some(session.user_id)).await?;
    let now = app.clock.now();
    let transaction = app.db.begin_write().await?;
    let user = user::lock_unchanged(&transaction, &verified).await?.ok_or(Error::WrongPassword)?;
    let user = user.change_password(&transaction, password_hash, now).await?;
    // With `Reason::PasswordChange`, a late response to an earlier request could clear the new cookie.
    let reason = if client.transport == Transport::Cookie { Reason::Replaced } else { Reason::PasswordChange };
    let mut ending = session::end_user_session(&transaction, session, reason, now).await?;
    ending.extend(session::end_all(&transaction, user.id, None, Reason::PasswordChange, app.ended_at()).await?);
    let new = begin_session(app, &transaction, user, client, options.transport).await?;
    let changed = client.event(EventKind::PasswordChanged, new.user.id, now).in_session(new.id());
    let changed = changed.with(Details::ended(ending.sessions.len()));
    event::create(&transaction, &changed).await?;
    transaction.commit().await?;
    app.ended(&ending).await;
    changed.log();
    Ok(new.with_data(app, client, &data).await)
}

/// Verifies the current password and locks the user. A user without a password must have signed in recently.
///
/// # Errors
/// [`Error::WrongPassword`], also if the password changed after the verification, and [`Error::SignInTooOld`].
pub(super) async fn lock_verified(
    app: &AppState,
    session: &Session,
    client: &ClientInfo,
    password: Option<&Password>,
) -> Result<(Transaction, user::Model), Error> {
    let verified = verified_user(app, session, client, password).await?;
    let transaction = app.db.begin_write().await?;
    let user = user::lock_unchanged(&transaction, &verified).await?.ok_or(Error::WrongPassword)?;
    Ok((transaction, user))
}

/// Returns the user of the session if `password` is the user's current password, or if the user has none and signed in
/// recently.
pub(super) async fn verified_user(
    app: &AppState,
    session: &Session,
    client: &ClientInfo,
    password: Option<&Password>,
) -> Result<user::Model, Error> {
    let user = user::find(&app.db, session.user_id).await?;
    let Some(hash) = user.comparable_hash() else {
        return if is_recent(app, session) { Ok(user) } else { Err(Error::SignInTooOld) };
    };
    let password = password.ok_or_else(|| Error::invalid("/currentPassword", ValidationError::Required))?;
    match app.passwords.verify(client.known(), password, Some(hash)).await? {
        Comparison::Match { .. } => Ok(user),
        Comparison::Mismatch => {
            let (kind, account) = (EventKind::PasswordCheckFailed, Account::User(user.id));
            app.failed_attempts.add(client.failed(kind, &Error::WrongPassword, account, app.clock.now()));
            Err(Error::WrongPassword)
        }
    }
}

/// Returns whether the user signed in a short time ago.
pub(super) fn is_recent(app: &AppState, session: &Session) -> bool {
    // The token has whole seconds.
    let now = app.clock.now().trunc_subsecs(0);
    session.authenticated_at.is_some_and(|at| now - at <= RECENT)
}
