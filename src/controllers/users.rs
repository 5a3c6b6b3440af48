//! Sign-up.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;

use crate::accounts;
use crate::accounts::{ClientInfo, SignUp};
use crate::app::AppState;
use crate::error::Error;
use crate::extract::Json;
use crate::views::{Credentials, SignUpInfo};

/// Show the sign-up policy
///
/// Tells a client whether to show a sign-up form, and which fields it needs.
#[utoipa::path(get, path = "/api/sign-up", tag = "users", responses((status = 200, body = SignUpInfo)))]
pub async fn show_sign_up_policy(State(app): State<AppState>) -> Reply<SignUpInfo> {
    Reply(SignUpInfo {
        policy: app.config.sign_up.sign_up,
        password_min_length: app.config.passwords.password_min_length,
        sends_email: app.sends_mail(),
        providers: app.providers.iter().map(Into::into).collect(),
    })
}

/// Sign up
///
/// Creates a user and the first session.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = SignUp, responses(
    (status = 201, body = Credentials, headers(("Location" = String, description = "`/api/users/me`"))),
    (status = 403, description = "`sign_up_closed`, `invitation_required`, `invitation_invalid`, `invitation_used_up`, \
                                  `invitation_expired` or `mail_disabled`"),
    (status = 409, description = "`username_taken`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`busy`"),
))]
pub async fn sign_up(
    State(app): State<AppState>,
    client: ClientInfo,
    Json(request): Json<SignUp>,
) -> Result<impl IntoResponse, Error> {
    let new = accounts::sign_up(&app, &client, request).await?;
    Ok(new.map(|new| (StatusCode::CREATED, [(LOCATION, "/api/users/me")], Credentials::of(new, "created"))))
}
