//! The identities of the session's user: accounts at providers with which the user can sign in.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::IntoResponse;

use super::account::CurrentPassword;
use crate::accounts::provider::Redirect;
use crate::accounts::{ClientInfo, provider};
use crate::app::AppState;
use crate::auth::token::Session;
use crate::error::Error;
use crate::extract::{Id, Json};
use crate::types::provider_name::ProviderName;
use crate::views::{IdentityList, StartUrl};

/// List my identities
#[utoipa::path(get, path = "/api/users/me/identities", tag = "providers",
    responses((status = 200, body = IdentityList)),
)]
pub async fn list_identities(State(app): State<AppState>, session: Session) -> Result<Reply<IdentityList>, Error> {
    let identities = provider::list_identities(&app, &session).await?;
    Ok(Reply(IdentityList { items: identities.into_iter().map(Into::into).collect() }))
}

/// Add an identity
///
/// Returns the address at which this browser goes to the provider.
#[utoipa::path(post, path = "/api/users/me/identities/{provider}", tag = "providers",
    params(("provider" = String, Path)), request_body = CurrentPassword, responses(
    (status = 201, body = StartUrl),
    (status = 403, description = "`wrong_password` or `sign_in_too_old`"),
    (status = 404, description = "`not_found`"),
    (status = 409, description = "`identity_taken`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`busy`"),
))]
pub async fn add_identity(
    State(app): State<AppState>,
    session: Session,
    Id(name): Id<ProviderName>,
    client: ClientInfo,
    Json(CurrentPassword { current_password }): Json<CurrentPassword>,
) -> Result<impl IntoResponse, Error> {
    let prepared = provider::prepare_link(&app, &session, &client, &name, current_password.as_ref()).await?;
    Ok(prepared.map(|Redirect { url, cookie }| {
        (StatusCode::CREATED, [(SET_COOKIE, cookie)], Reply(StartUrl { start_url: url }))
    }))
}

/// Remove an identity
///
/// Ends the other sessions that began with the identity. The current password is not needed within five minutes after a
/// sign-in.
#[utoipa::path(delete, path = "/api/users/me/identities/{provider}", tag = "providers",
    params(("provider" = String, Path)), request_body = CurrentPassword, responses(
    (status = 204, description = "Removed."),
    (status = 403, description = "`wrong_password` or `sign_in_too_old`"),
    (status = 404, description = "`not_found`"),
    (status = 409, description = "`last_way_in`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`busy`"),
))]
pub async fn remove_identity(
    State(app): State<AppState>,
    session: Session,
    Id(name): Id<ProviderName>,
    client: ClientInfo,
    Json(CurrentPassword { current_password }): Json<CurrentPassword>,
) -> Result<impl IntoResponse, Error> {
    let removed = provider::remove_identity(&app, &session, &client, &name, current_password.as_ref()).await?;
    Ok(removed.map(|()| StatusCode::NO_CONTENT))
}
