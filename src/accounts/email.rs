//! The e-mail address of a user: changes, verification and removal.

use chrono::{DateTime, Utc};
use tracing::info;
use utoipa::ToSchema;

use super::password::verified_user;
use super::{ClientInfo, Limited};
use crate::app::AppState;
use crate::auth::password::policy::Password;
use crate::auth::rate_limit::Outcome;
use crate::auth::revocation::Ending;
use crate::auth::revocation::reason::Reason;
use crate::auth::token::Session;
use crate::error::Error;
use crate::models::one_time_code::Purpose;
use crate::models::outbox::{AccountName, Mail};
use crate::models::{one_time_code, outbox, session, user};
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
    #[schema(value_type = String, format = Password, example = "orbit lantern cactus velvet")]
    pub current_password: Password,
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
        let verified = verified_user(app, session, client, &current_password).await?;
        let transaction = app.db.begin_write().await?;
        let user = user::lock_unchanged(&transaction, &verified).await?.ok_or(Error::WrongPassword)?;
        request_verification(&transaction, user, email, app.clock.now()).await?;
        Ok(transaction.commit().await?)
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
    current_password: &Password,
) -> Result<Limited<()>, Error> {
    let attempt = app.limits.password_change(session.user_id, app.clock.monotonic())?;
    let removed = async {
        let verified = verified_user(app, session, client, current_password).await?;
        let now = app.clock.now();
        let transaction = app.db.begin_write().await?;
        let user = user::lock_unchanged(&transaction, &verified).await?.ok_or(Error::WrongPassword)?;
        let previous = user.email();
        let user = user.set_email(&transaction, None, now).await?;
        notify_previous(app, &transaction, &user, previous, now).await?;
        Ok(transaction.commit().await?)
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
    Ok(Limited::settle(attempt, use_code(app, code).await))
}

async fn use_code(app: &AppState, text: &str) -> Result<Email, Error> {
    let now = app.clock.now();
    let mut hashes = app.tokens.code_hashes(&ShortCode::presented(text))?;
    hashes.push(SecretCode::presented(text).hash());
    let purposes = [Purpose::VerifyEmail, Purpose::RestoreEmail];
    let code = one_time_code::find(&app.db, &hashes, &purposes, now).await?.ok_or(Error::CodeInvalid)?;
    let email = code.email().ok_or(Error::CodeInvalid)?;
    let transaction = app.db.begin_write().await?;
    let user = user::lock_if_exists(&transaction, code.user_id).await?.ok_or(Error::CodeInvalid)?;
    if !code.use_up(&transaction).await? {
        return Err(Error::CodeInvalid);
    }
    let ending = if code.is_for(Purpose::RestoreEmail) {
        // Another person may have changed the address later. Messages about these changes must not undo the restoration.
        code.delete_newer(&transaction).await?;
        outbox::delete_newer(&transaction, user.id, code.mail_id).await?;
        restore(app, &transaction, user, &email).await?
    } else {
        if user.pending_email().as_ref() != Some(&email) {
            return Err(Error::CodeInvalid);
        }
        let previous = user.email();
        let user = user.set_email(&transaction, Some(&email), now).await?;
        notify_previous(app, &transaction, &user, previous, now).await?;
        Ending::default()
    };
    transaction.commit().await?;
    app.ended(&ending).await;
    info!(user.id = code.user_id.0, ended = ending.sessions.len(), "verified an e-mail address");
    Ok(email)
}

/// Restores the previous address of a user whose account may be in the hands of another person. Ends all sessions, and
/// sends a message with which the user can set another password.
async fn restore(app: &AppState, db: &Transaction, user: user::Model, email: &Email) -> Result<Ending, Error> {
    let user = user.set_email(db, Some(email), app.clock.now()).await?;
    let ending = session::end_all(db, user.id, None, Reason::EmailRestored, app.ended_at()).await?;
    let reset = Mail::PasswordReset(AccountName::Email(email.clone()));
    outbox::create(db, Some(user.id), &reset, app.clock.now()).await?;
    Ok(ending)
}
