//! Users: signing up, and what a user may see and change of their own.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use tracing::info;
use utoipa::ToSchema;

use super::sessions;
use crate::app::App;
use crate::auth::password::Password;
use crate::auth::token::Session;
use crate::auth::username::Username;
use crate::error::Error;
use crate::extract::{Fields, FromBody, Json, UserAgent};
use crate::models::user;
use crate::views::{Credentials, User};

/// Who signs up, and with what.
#[derive(ToSchema)]
pub struct SignUp {
    /// 1 to 64 visible characters; unique without regard to case.
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "ada")]
    username: Username,
    /// At least 8 characters unless the service asks for more, at most 1024 bytes.
    #[schema(value_type = String, format = Password, min_length = 8, example = "correct horse battery staple")]
    password: Password,
}

impl FromBody for SignUp {
    fn from_body(mut fields: Fields, app: &App) -> Result<Self, Error> {
        let minimum = app.config.passwords.password_min_length;
        let username = fields.required("username", Username::parse);
        let password = fields.required("password", |text| Password::chosen(text, minimum));
        fields.finish(username.zip(password).map(|(username, password)| Self { username, password }))
    }
}

/// Sign up
///
/// Creates a user and, at once, their first session.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = SignUp, responses(
    (status = 201, body = Credentials, headers(("Location" = String, description = "`/api/users/me`"))),
    (status = 409, description = "`username_taken`"),
    (status = 503, description = "`busy`"),
))]
pub async fn sign_up(
    State(app): State<App>,
    UserAgent(user_agent): UserAgent,
    Json(SignUp { username, password }): Json<SignUp>,
) -> Result<impl IntoResponse, Error> {
    let password_hash = app.passwords.hash(password).await?;
    let now = app.clock.now();
    let transaction = app.begin_write().await?;
    let user = user::create(&*transaction, &username, password_hash, now).await?;
    let credentials = sessions::begin(&app, &*transaction, &user, user_agent, "created").await?;
    transaction.commit().await?;
    info!(user.id, session.id = credentials.session.id, "signed up");
    Ok((axum::http::StatusCode::CREATED, [(LOCATION, "/api/users/me")], Reply(credentials)))
}

/// Who am I
#[utoipa::path(get, path = "/api/users/me", tag = "users", responses((status = 200, body = User)))]
pub async fn show_me(State(app): State<App>, session: Session) -> Result<Reply<User>, Error> {
    let user = user::of_session(&app.db, &session).await?;
    Ok(Reply(User::from(&user)))
}

/// A new name for a user.
#[derive(ToSchema)]
pub struct Rename {
    /// 1 to 64 visible characters; unique without regard to case.
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "ada lovelace")]
    username: Username,
}

impl FromBody for Rename {
    fn from_body(mut fields: Fields, _: &App) -> Result<Self, Error> {
        let username = fields.required("username", Username::parse);
        fields.finish(username.map(|username| Self { username }))
    }
}

/// Change my name
#[utoipa::path(patch, path = "/api/users/me", tag = "users", request_body = Rename, responses(
    (status = 200, body = User),
    (status = 409, description = "`username_taken`"),
))]
pub async fn rename_me(
    State(app): State<App>,
    session: Session,
    Json(Rename { username }): Json<Rename>,
) -> Result<Reply<User>, Error> {
    let user = user::of_session(&app.db, &session).await?;
    let transaction = app.begin_write().await?;
    let user = user.rename(&*transaction, &username, app.clock.now()).await?;
    transaction.commit().await?;
    Ok(Reply(User::from(&user)))
}
