//! Password resets for users who forgot their password.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use utoipa::ToSchema;

use crate::accounts;
use crate::accounts::{ClientInfo, PasswordReset};
use crate::app::AppState;
use crate::error::Error;
use crate::extract::{Fields, FromBody, Json};
use crate::models::outbox::AccountName;
use crate::types::ValidationError;
use crate::types::email::Email;
use crate::types::schema;
use crate::types::username::Username;
use crate::views::{Credentials, ResetRequested};

/// The account whose password was forgotten: either its username or its verified e-mail address.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum ForgottenPassword {
    Username {
        #[schema(schema_with = schema::username)]
        username: Username,
    },
    Email {
        #[schema(schema_with = schema::email)]
        email: Email,
    },
}

impl FromBody for ForgottenPassword {
    fn from_body(mut fields: Fields, _: &AppState) -> Result<Self, Error> {
        let username = fields.optional("username", Username::parse);
        let email = fields.optional("email", Email::parse);
        match fields.finish(Some((username, email)))? {
            (Some(username), None) => Ok(Self::Username { username }),
            (None, Some(email)) => Ok(Self::Email { email }),
            _ => Err(Error::invalid("", ValidationError::UsernameOrEmail)),
        }
    }
}

impl From<ForgottenPassword> for AccountName {
    fn from(forgotten: ForgottenPassword) -> Self {
        match forgotten {
            ForgottenPassword::Username { username } => Self::Username(username.as_str().to_owned()),
            ForgottenPassword::Email { email } => Self::Email(email),
        }
    }
}

/// Request a password reset
///
/// Sends a message with a code, if the account exists and has a verified e-mail address. The response is always the
/// same.
#[utoipa::path(post, path = "/api/password-resets", tag = "users", request_body = ForgottenPassword, responses(
    (status = 202, body = ResetRequested),
    (status = 403, description = "`mail_disabled`"),
    (status = 429, description = "`too_many_attempts`"),
))]
pub async fn request_password_reset(
    State(app): State<AppState>,
    client: ClientInfo,
    Json(forgotten): Json<ForgottenPassword>,
) -> Result<impl IntoResponse, Error> {
    let requested = accounts::request_password_reset(&app, &client, forgotten.into()).await?;
    Ok(requested.map(|()| (StatusCode::ACCEPTED, Reply(ResetRequested::default()))))
}

/// Reset a password
///
/// Sets a new password with the code of a message, ends all sessions of the user and begins a new one. A code can be
/// used once. An invalid password does not use it up.
#[utoipa::path(put, path = "/api/password-resets", tag = "users", request_body = PasswordReset, responses(
    (status = 200, body = Credentials),
    (status = 403, description = "`code_invalid`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`busy`"),
))]
pub async fn reset_password(
    State(app): State<AppState>,
    client: ClientInfo,
    Json(reset): Json<PasswordReset>,
) -> Result<impl IntoResponse, Error> {
    let new = accounts::reset_password(&app, &client, reset).await?;
    Ok(new.map(|new| Credentials::of(new, "successfully authenticated")))
}
