//! Signing up and in by the course's paths; limits and rules are those of `/api/users` and `/api/sessions`.

use axum::Json as Reply;
use axum::extract::State;

use super::body::{CourseSignIn, CourseSignUp};
use super::views::Account;
use crate::app::App;
use crate::auth::token::Session;
use crate::controllers::{sign_in as sessions, users};
use crate::error::Error;
use crate::extract::{Caller, Json};
use crate::models::user;
use crate::views::{Limited, User};

pub(super) async fn sign_up(
    State(app): State<App>,
    caller: Caller,
    Json(CourseSignUp(wanted)): Json<CourseSignUp>,
) -> Result<Limited<Account>, Error> {
    Ok(users::create_user_within_limits(&app, &caller, wanted).await?.map(Account))
}

pub(super) async fn sign_in(
    State(app): State<App>,
    caller: Caller,
    Json(CourseSignIn(attempt)): Json<CourseSignIn>,
) -> Result<Limited<Account>, Error> {
    Ok(sessions::begin_session_within_limits(&app, &caller, attempt).await?.map(Account))
}

/// Whom one may see: oneself. The list of everybody's names is nobody's business.
pub(super) async fn list_users(State(app): State<App>, session: Session) -> Result<Reply<[User; 1]>, Error> {
    let user = user::of_session(&app.db, &session).await?;
    Ok(Reply([User::from(&user)]))
}
