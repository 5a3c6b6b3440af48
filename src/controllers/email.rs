//! The e-mail address of the session's user, and codes that verify an address.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use utoipa::ToSchema;

use super::account::CurrentPassword;
use crate::accounts;
use crate::accounts::{ClientInfo, EmailChange};
use crate::app::AppState;
use crate::auth::password::policy::Password;
use crate::auth::token::Session;
use crate::error::Error;
use crate::extract::{Fields, FromBody, Json};
use crate::types::email::Email;
use crate::views::VerifiedEmail;

impl FromBody for EmailChange {
    fn from_body(mut fields: Fields, _: &AppState) -> Result<Self, Error> {
        let email = fields.required("email", Email::parse);
        let current_password = fields.optional("currentPassword", Password::presented);
        fields.finish(email.map(|email| Self { email, current_password }))
    }
}

/// Change my e-mail address
///
/// Sends a code to the new address. The address is used when the code is sent to `POST /api/email-verifications`. Until
/// then, the previous address is used.
#[utoipa::path(put, path = "/api/users/me/email", tag = "users", request_body = EmailChange, responses(
    (status = 202, description = "A message will be sent."),
    (status = 403, description = "`wrong_password`, `sign_in_too_old` or `mail_disabled`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`busy`"),
))]
pub async fn change_email(
    State(app): State<AppState>,
    session: Session,
    client: ClientInfo,
    Json(change): Json<EmailChange>,
) -> Result<impl IntoResponse, Error> {
    let changed = accounts::change_email(&app, &session, &client, change).await?;
    Ok(changed.map(|()| StatusCode::ACCEPTED))
}

/// Remove my e-mail address
///
/// The address gets a message with a code that restores it within 7 days.
#[utoipa::path(delete, path = "/api/users/me/email", tag = "users", request_body = CurrentPassword, responses(
    (status = 204, description = "Removed."),
    (status = 403, description = "`wrong_password` or `sign_in_too_old`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`busy`"),
))]
pub async fn remove_email(
    State(app): State<AppState>,
    session: Session,
    client: ClientInfo,
    Json(CurrentPassword { current_password }): Json<CurrentPassword>,
) -> Result<impl IntoResponse, Error> {
    let removed = accounts::remove_email(&app, &session, &client, current_password.as_ref()).await?;
    Ok(removed.map(|()| StatusCode::NO_CONTENT))
}

/// The code of a message.
#[derive(ToSchema)]
pub struct EmailCode {
    /// Case, spaces and hyphens do not matter in a code of eight characters.
    #[schema(example = "3XGH9M2Q")]
    code: String,
}

impl FromBody for EmailCode {
    fn from_body(mut fields: Fields, _: &AppState) -> Result<Self, Error> {
        let code = fields.required("code", |text| Ok(text.to_owned()));
        fields.finish(code.map(|code| Self { code }))
    }
}

/// Verify an e-mail address
///
/// Uses the code of a message: it verifies a new address, or restores the previous one. Restoring an address ends all
/// sessions of the user, makes the password invalid, and sends a message with which the user can set a new password.
#[utoipa::path(post, path = "/api/email-verifications", tag = "users", request_body = EmailCode, responses(
    (status = 200, body = VerifiedEmail),
    (status = 403, description = "`code_invalid`"),
    (status = 409, description = "`email_taken`"),
    (status = 429, description = "`too_many_attempts`"),
))]
pub async fn verify_email(
    State(app): State<AppState>,
    client: ClientInfo,
    Json(EmailCode { code }): Json<EmailCode>,
) -> Result<impl IntoResponse, Error> {
    let verified = accounts::verify_email(&app, &client, &code).await?;
    Ok(verified.map(|email| Reply(VerifiedEmail::from(&email))))
}
