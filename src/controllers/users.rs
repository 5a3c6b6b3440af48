//! Sign-up.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;

use crate::accounts;
use crate::accounts::{ClientInfo, SignUp};
use crate::app::AppState;
use crate::error::Error;
use crate::extract::Json;
use crate::views::Credentials;

/// Sign up
///
/// Creates a user and the first session.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = SignUp, responses(
    (status = 201, body = Credentials, headers(("Location" = String, description = "`/api/users/me`"))),
    (status = 403, description = "`sign_up_closed`"),
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
