//! The e-mail address of a user: changes, verification and removal.

use chrono::{DateTime, Utc};
use utoipa::ToSchema;

use super::password::lock_verified;
use super::{ClientInfo, Limited};
use crate::app::AppState;
use crate::auth::password::policy::Password;
use crate::auth::rate_limit::Outcome;
use crate::auth::revocation::reason::Reason;
use crate::auth::token::Session;
use crate::error::Error;
use crate::events::{Details, EventKind};
use crate::models::one_time_code::Purpose;
use crate::models::outbox::{AccountName, Mail};
use crate::models::{event, identity, one_time_code, outbox, session, user};
use crate::platform::database::Transaction;
use crate::types::email::Email;
use crate::types::schema;
use crate::types::secret_code::{SecretCode, ShortCode};

/// A new address, and the current password.
#[derive(ToSchema)]
#[schema(as = ChangeEmail)]
#[serde(rename_all = "camelCase")]
pub struct EmailChange {
    #[schema(schema_with = schema::email)]
    pub email: Email,
    /// Needed if the user has a password. A user without one must have signed in within the last five minutes.
    #[schema(value_type = String, format = Password, required = false, example = "orbit lantern cactus velvet")]
    pub current_password: Option<Password>,
}

/// Stores an address that the user must verify, and sends a code to it. The response does not reveal whether another
/// user has the address.
///
/// # Errors
/// [`Error::MailDisabled`], and [`Error::TooManyAttempts`] if the user checked the password too often or the address got
/// too many messages.
pub async fn change_email(
    app: &AppState,
    session: &Session,
    client: &ClientInfo,
    change: EmailChange,
) -> Result<Limited<()>, Error> {
    require_mail(app)?;
    let attempt = app.limits.password_change(session.user_id, app.clock.monotonic())?;
    let EmailChange { email, current_password } = change;
    let recipient = email.as_str().to_owned();
    let changed = limit_messages(app, &recipient, async {
        let (transaction, user) = lock_verified(app, session, client, current_password.as_ref()).await?;
        let now = app.clock.now();
        let user = request_verification(&transaction, user, email, now).await?;
        let requested = client.event(EventKind::EmailChangeRequested, user.id, now).in_session(session.id);
        event::create(&transaction, &requested).await?;
        transaction.commit().await?;
        requested.log();
        Ok(())
    });
    Ok(Limited::settle(attempt, changed.await))
}

/// Stores the address as pending and inserts the message with the code.
pub(super) async fn request_verification(
    db: &Transaction,
    user: user::Model,
    to: Email,
    now: DateTime<Utc>,
) -> Result<user::Model, Error> {
    let user = user.set_pending_email(db, &to, now).await?;
    outbox::create(db, Some(user.id), &Mail::VerifyEmail { to }, now).await?;
    Ok(user)
}

/// Runs `work`, which inserts a message to an address, or for an account that the client named. The message counts if
/// `work` succeeds.
///
/// # Errors
/// [`Error::TooManyAttempts`] if the recipient got too many messages, and the errors of `work`.
pub(super) async fn limit_messages<T>(
    app: &AppState,
    recipient: &str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let attempt = app.limits.mail(recipient, app.clock.monotonic())?;
    let result = work.await;
    attempt.finish(if result.is_ok() { Outcome::Succeeded } else { Outcome::NotJudged });
    result
}

/// # Errors
/// [`Error::MailDisabled`].
pub(super) fn require_mail(app: &AppState) -> Result<(), Error> {
    if app.sends_mail() { Ok(()) } else { Err(Error::MailDisabled) }
}

/// Removes the user's addresses. The verified address gets a message, with which the user can restore it.
///
/// # Errors
/// [`Error::TooManyAttempts`].
pub async fn remove_email(
    app: &AppState,
    session: &Session,
    client: &ClientInfo,
    current_password: Option<&Password>,
) -> Result<Limited<()>, Error> {
    let attempt = app.limits.password_change(session.user_id, app.clock.monotonic())?;
    let removed = async {
        let (transaction, user) = lock_verified(app, session, client, current_password).await?;
        let now = app.clock.now();
        let previous = user.email();
        let user = user.set_email(&transaction, None, now).await?;
        notify_previous(app, &transaction, &user, previous, now).await?;
        let removed = client.event(EventKind::EmailRemoved, user.id, now).in_session(session.id);
        event::create(&transaction, &removed).await?;
        transaction.commit().await?;
        removed.log();
        Ok(())
    };
    Ok(Limited::settle(attempt, removed.await))
}

/// Inserts the message to the previous address, if the user no longer has it.
async fn notify_previous(
    app: &AppState,
    db: &Transaction,
    user: &user::Model,
    previous: Option<Email>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    match previous.filter(|previous| app.sends_mail() && Some(previous) != user.email().as_ref()) {
        Some(to) => outbox::create(db, Some(user.id), &Mail::EmailChanged { to }, now).await,
        None => Ok(()),
    }
}

/// Uses a code of a message: verifies the new address, or restores the previous one. Returns the verified address.
///
/// # Errors
/// [`Error::CodeInvalid`], [`Error::EmailTaken`], and [`Error::TooManyAttempts`] if the client's address sent too many
/// invalid codes.
pub async fn verify_email(app: &AppState, client: &ClientInfo, code: &str) -> Result<Limited<Email>, Error> {
    let attempt = app.limits.code(client.network, app.clock.monotonic())?;
    Ok(Limited::settle(attempt, use_code(app, client, code).await))
}

async fn use_code(app: &AppState, client: &ClientInfo, text: &str) -> Result<Email, Error> {
    let mut hashes = app.tokens.code_hashes(&ShortCode::presented(text))?;
    hashes.push(SecretCode::presented(text).hash());
    let purposes = [Purpose::VerifyEmail, Purpose::RestoreEmail];
    let code = one_time_code::find(&app.db, &hashes, &purposes, app.clock.now()).await?.ok_or(Error::CodeInvalid)?;
    if code.is_for(Purpose::RestoreEmail) { restore(app, client, code).await } else { verify(app, client, code).await }
}

async fn verify(app: &AppState, client: &ClientInfo, code: one_time_code::Model) -> Result<Email, Error> {
    let now = app.clock.now();
    let transaction = app.db.begin_write().await?;
    let user = lock_and_use_up(&transaction, &code).await?;
    let email = user.pending_email().filter(|pending| code.email().as_ref() == Some(pending));
    let email = email.ok_or(Error::CodeInvalid)?;
    let previous = user.email();
    let user = user.set_email(&transaction, Some(&email), now).await?;
    notify_previous(app, &transaction, &user, previous, now).await?;
    let verified = client.event(EventKind::EmailVerified, user.id, now);
    event::create(&transaction, &verified).await?;
    transaction.commit().await?;
    verified.log();
    Ok(email)
}

/// Restores the previous address of a user whose account may be in the hands of another person. This person may have a
/// session, the password and an identity, so all sessions end, and the password and the identities are removed. The user
/// gets a message with which they can set a password.
async fn restore(app: &AppState, client: &ClientInfo, code: one_time_code::Model) -> Result<Email, Error> {
    let (email, mail_id) = code.email().zip(code.mail_id).ok_or(Error::CodeInvalid)?;
    let now = app.clock.now();
    let transaction = app.db.begin_write().await?;
    let user = lock_and_use_up(&transaction, &code).await?;
    // The other person may have changed the address again. Messages about this must not undo the restoration.
    one_time_code::delete_newer(&transaction, user.id, mail_id).await?;
    outbox::delete_newer(&transaction, user.id, mail_id).await?;
    let user = user.set_email(&transaction, Some(&email), now).await?;
    let user = user.remove_password(&transaction, now).await?;
    // The other person may have added an identity, with which they could sign in again.
    identity::delete_all(&transaction, user.id).await?;
    let ending = session::end_all(&transaction, user.id, None, Reason::EmailRestored, app.ended_at()).await?;
    let reset = Mail::PasswordReset(AccountName::Email(email.clone()));
    outbox::create(&transaction, Some(user.id), &reset, now).await?;
    let restored = client.event(EventKind::EmailRestored, user.id, now).with(Details::ended(ending.sessions.len()));
    event::create(&transaction, &restored).await?;
    transaction.commit().await?;
    app.ended(&ending).await;
    restored.log();
    Ok(email)
}

/// Locks the user and uses up the code. A disabled user cannot use codes.
pub(super) async fn lock_and_use_up(db: &Transaction, code: &one_time_code::Model) -> Result<user::Model, Error> {
    let user = user::lock_if_exists(db, code.user_id).await?.filter(user::Model::may_sign_in);
    let user = user.ok_or(Error::CodeInvalid)?;
    if code.use_up(db).await? { Ok(user) } else { Err(Error::CodeInvalid) }
}
