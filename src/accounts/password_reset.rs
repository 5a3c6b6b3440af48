//! Password resets: the request for a message, and the new password with the code of the message.

use utoipa::ToSchema;

use super::begin_session::{begin_session, end_presented};
use super::email::{limit_messages, lock_and_use_up, require_mail};
use super::{ClientInfo, Limited, NewSession};
use crate::app::AppState;
use crate::auth::password::policy::Password;
use crate::auth::revocation::reason::Reason;
use crate::error::Error;
use crate::events::{Actor, Details, Event, EventKind};
use crate::models::one_time_code::Purpose;
use crate::models::outbox::{AccountName, Mail};
use crate::models::{event, one_time_code, outbox, session, user};
use crate::transport::Transport;
use crate::types::secret_code::SecretCode;
use crate::types::{ValidationError, schema};

/// Requests a message with a code. Does not look for the account: the job that sends messages does. So the work and the
/// response are the same whether or not the account exists.
///
/// # Errors
/// [`Error::MailDisabled`], and [`Error::TooManyAttempts`] if the client's address or the account has too many requests.
pub async fn request_password_reset(
    app: &AppState,
    client: &ClientInfo,
    account: AccountName,
) -> Result<Limited<()>, Error> {
    require_mail(app)?;
    let attempt = app.limits.password_reset(client.network, app.clock.monotonic())?;
    let recipient = match &account {
        AccountName::Username(name) => name.clone(),
        AccountName::Email(email) => email.as_str().to_owned(),
    };
    let requested = limit_messages(app, &recipient, async {
        let transaction = app.db.begin_write().await?;
        let now = app.clock.now();
        outbox::create(&transaction, None, &Mail::PasswordReset(account), now).await?;
        let requested = Event::new(EventKind::PasswordResetRequested, Actor::User, now).requested_from(client.origin());
        event::create(&transaction, &requested).await?;
        transaction.commit().await?;
        requested.log();
        Ok(())
    });
    Ok(Limited::settle(attempt, requested.await))
}

/// The code of a message and the new password.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordReset {
    /// The code of the message or of `daypass user reset-link`.
    #[schema(value_type = String, example = "uGx3x2JqAbSdDtrsSSu_6w")]
    pub code: SecretCode,
    #[schema(schema_with = schema::changed_password)]
    pub new_password: Password,
    /// Where the session token is returned: `bearer` (in the response body) or `cookie`.
    #[schema(value_type = String, required = false, nullable = false, default = "bearer", example = "bearer")]
    #[serde(rename = "carrier")]
    pub transport: Transport,
}

/// Sets a new password, ends all sessions of the user and begins a new session.
///
/// # Errors
/// [`Error::CodeInvalid`], [`Error::CrossSite`], and [`Error::TooManyAttempts`] if the client's address sent too many
/// invalid codes.
pub async fn reset_password(
    app: &AppState,
    client: &ClientInfo,
    reset: PasswordReset,
) -> Result<Limited<NewSession>, Error> {
    reset.transport.check(client.site)?;
    let attempt = app.limits.code(client.network, app.clock.monotonic())?;
    Ok(Limited::settle(attempt, set_password(app, client, reset).await))
}

async fn set_password(app: &AppState, client: &ClientInfo, reset: PasswordReset) -> Result<NewSession, Error> {
    let PasswordReset { code, new_password, transport } = reset;
    let (hashes, purposes) = ([code.hash()], [Purpose::ResetPassword]);
    let code = one_time_code::find(&app.db, &hashes, &purposes, app.clock.now()).await?.ok_or(Error::CodeInvalid)?;
    let user = user::find_if_exists(&app.db, code.user_id).await?.ok_or(Error::CodeInvalid)?;
    if new_password.is_like(&user.username) {
        return Err(Error::invalid("/newPassword", ValidationError::PasswordLikeUsername));
    }
    let password_hash = app.passwords.hash(client.network, new_password).await?;
    let now = app.clock.now();
    let transaction = app.db.begin_write().await?;
    let user = lock_and_use_up(&transaction, &code).await?;
    let user = user.change_password(&transaction, password_hash, now).await?;
    let mut ending = end_presented(app, &transaction, client).await?;
    ending.extend(session::end_all(&transaction, user.id, None, Reason::PasswordReset, app.ended_at()).await?);
    let new = begin_session(app, &transaction, user, client, transport).await?;
    let reset = client.event(EventKind::PasswordReset, new.user.id, now).in_session(new.id());
    let reset = reset.with(Details::ended(ending.sessions.len()));
    event::create(&transaction, &reset).await?;
    transaction.commit().await?;
    app.ended(&ending).await;
    reset.log();
    Ok(new)
}
