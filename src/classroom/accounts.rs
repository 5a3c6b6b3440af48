//! Sign-up and sign-in under the paths of the course, with the limits and rules of `/api/users` and `/api/sessions`.

use axum::Json as Reply;
use axum::extract::State;

use super::body::{CourseSignIn, CourseSignUp};
use super::views::{Account, CourseUser};
use crate::accounts;
use crate::accounts::{ClientInfo, Limited};
use crate::app::AppState;
use crate::auth::token::Session;
use crate::error::Error;
use crate::extract::Json;
use crate::models::user;
use crate::views::User;

pub(super) async fn sign_up(
    State(app): State<AppState>,
    client: ClientInfo,
    Json(CourseSignUp(request)): Json<CourseSignUp>,
) -> Result<Limited<Account>, Error> {
    Ok(accounts::sign_up(&app, &client, request).await?.map(Account::signed_up))
}

pub(super) async fn sign_in(
    State(app): State<AppState>,
    client: ClientInfo,
    Json(CourseSignIn(request)): Json<CourseSignIn>,
) -> Result<Limited<Account>, Error> {
    Ok(accounts::sign_in(&app, &client, request).await?.map(Account::signed_in))
}

/// Lists only the caller, because the usernames of other users are private.
pub(super) async fn list_users(State(app): State<AppState>, session: Session) -> Result<Reply<[CourseUser; 1]>, Error> {
    let user = user::find(&app.db, session.user_id).await?;
    Ok(Reply([User::from(&user).into()]))
}
