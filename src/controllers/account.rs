//! The account: changing the password, deleting it all. Both want the present password, and both end
//! sessions everywhere.

use axum::extract::State;
use axum::http::StatusCode;
use tracing::info;
use utoipa::ToSchema;

use super::beginning::{Terms, begin};
use crate::app::App;
use crate::auth::Rule;
use crate::auth::password::Password;
use crate::auth::password_hasher::Verdict;
use crate::auth::reason::Reason;
use crate::auth::token::Session;
use crate::carrier::Carrier;
use crate::error::{Error, FieldError};
use crate::extract::{Caller, Fields, FromBody, Json};
use crate::models::session::{self, Which};
use crate::models::user;
use crate::views::{Credentials, Limited};

/// The present password, and the one to take its place.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangePassword {
    /// The present password.
    #[schema(value_type = String, format = Password, example = "correct horse battery staple")]
    current_password: Password,
    /// The new one; the rules are those of sign-up.
    #[schema(value_type = String, format = Password, min_length = 8, example = "another horse, another staple")]
    new_password: Password,
    /// Whether the variables of the present session move along.
    #[schema(required = false, nullable = false, default = false)]
    keep_variables: bool,
}

impl FromBody for ChangePassword {
    fn from_body(mut fields: Fields, app: &App) -> Result<Self, Error> {
        let current = fields.required("currentPassword", Password::presented);
        let new = fields.required("newPassword", |text| app.choose_password(text));
        let taken = current.zip(new).zip(fields.flag("keepVariables"));
        fields.finish(taken.map(|((current_password, new_password), keep_variables)| Self {
            current_password,
            new_password,
            keep_variables,
        }))
    }
}

/// Change my password
///
/// Ends all sessions of the user and begins a new one, whose token comes back the way the present one came.
#[utoipa::path(put, path = "/api/users/me/password", tag = "users", request_body = ChangePassword, responses(
    (status = 200, body = Credentials),
    (status = 403, description = "`wrong_password`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`busy`"),
))]
pub async fn change_password(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    Json(wanted): Json<ChangePassword>,
) -> Result<Limited<Credentials>, Error> {
    let attempt = app.limits.password_change(session.user_id, app.clock.now())?;
    Ok(Limited::of(attempt, replace_password(&app, &session, &caller, wanted).await))
}

async fn replace_password(
    app: &App,
    session: &Session,
    caller: &Caller,
    ChangePassword { current_password, new_password, keep_variables }: ChangePassword,
) -> Result<Credentials, Error> {
    let verified = verified_user(app, session, caller, current_password).await?;
    if new_password.is_like(&verified.username) {
        let pointer = "/newPassword".to_owned();
        return Err(Error::Invalid(vec![FieldError { pointer, rule: Rule::PasswordLikeUsername }]));
    }
    let password_hash = app.passwords.hash(caller.from, new_password).await?;
    let terms = Terms { carrier: caller.carrier, keep_variables };
    let kept = terms.kept(app, caller, Some(session.user_id)).await?;
    let now = app.clock.now();
    let transaction = app.begin_write().await?;
    let user = user::lock_unchanged(&transaction, &verified).await?.ok_or(Error::WrongPassword)?;
    let user = user.change_password(&*transaction, password_hash, now).await?;
    let mut ended =
        session::end(&*transaction, user.id, Which::AllBut(session.id), Reason::PasswordChange, now).await?;
    // A browser gets another cookie in the place of this one, which a late answer must not take away.
    let of_this = if caller.carrier == Carrier::Cookie { Reason::Replaced } else { Reason::PasswordChange };
    ended.extend(session::end(&*transaction, user.id, Which::One(session.id), of_this, now).await?);
    let begun = begin(app, &*transaction, &user, caller, ("created", terms.carrier)).await?;
    transaction.commit().await?;
    app.ended(&ended).await;
    info!(user.id, ended = ended.len(), "changed the password");
    Ok(begun.with_variables(app, &kept).await)
}

/// The present password, as consent.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteAccount {
    /// The present password.
    #[schema(value_type = String, format = Password, example = "correct horse battery staple")]
    current_password: Password,
}

impl FromBody for DeleteAccount {
    fn from_body(mut fields: Fields, _: &App) -> Result<Self, Error> {
        let current = fields.required("currentPassword", Password::presented);
        fields.finish(current.map(|current_password| Self { current_password }))
    }
}

/// Delete my account
///
/// The user, all that is theirs and their sessions are no more.
#[utoipa::path(delete, path = "/api/users/me", tag = "users", request_body = DeleteAccount, responses(
    (status = 204, description = "The account is gone."),
    (status = 403, description = "`wrong_password`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`busy`"),
))]
pub async fn delete_account(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    Json(DeleteAccount { current_password }): Json<DeleteAccount>,
) -> Result<Limited<StatusCode>, Error> {
    let attempt = app.limits.password_change(session.user_id, app.clock.now())?;
    Ok(Limited::of(attempt, delete_user(&app, &session, &caller, current_password).await))
}

async fn delete_user(app: &App, session: &Session, caller: &Caller, password: Password) -> Result<StatusCode, Error> {
    let verified = verified_user(app, session, caller, password).await?;
    let transaction = app.begin_write().await?;
    let user = user::lock_unchanged(&transaction, &verified).await?.ok_or(Error::WrongPassword)?;
    let now = app.clock.now();
    let ended = session::end(&*transaction, user.id, Which::All, Reason::AccountDeletion, now).await?;
    user.delete(&*transaction).await?;
    transaction.commit().await?;
    app.ended(&ended).await;
    info!(user.id = session.user_id, ended = ended.len(), "deleted the account");
    Ok(StatusCode::NO_CONTENT)
}

/// The user of the session, if the password is theirs.
async fn verified_user(
    app: &App,
    session: &Session,
    caller: &Caller,
    password: Password,
) -> Result<user::Model, Error> {
    let user = user::of_session(&app.db, session).await?;
    match app.passwords.verify(caller.from, password, Some(user.password_hash.clone())).await? {
        Verdict::Right { .. } => Ok(user),
        Verdict::Wrong => Err(Error::WrongPassword),
    }
}
