//! Users: signing up, and what a user may see and change of their own.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use tracing::info;
use utoipa::ToSchema;

use super::sessions;
use crate::app::App;
use crate::auth::Rule;
use crate::auth::password::Password;
use crate::auth::token::Session;
use crate::auth::username::Username;
use crate::error::Error;
use crate::extract::{Caller, Fields, FromBody, Json};
use crate::models::user;
use crate::views::{Credentials, Limited, User};

/// Who signs up, and with what.
#[derive(ToSchema)]
pub struct SignUp {
    /// 1 to 64 visible characters; unique without regard to case, and to how it looks.
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "ada")]
    username: Username,
    /// At least 8 characters unless the service asks for more, at most 1024 bytes.
    #[schema(value_type = String, format = Password, min_length = 8, example = "correct horse battery staple")]
    password: Password,
}

impl FromBody for SignUp {
    fn from_body(fields: Fields, app: &App) -> Result<Self, Error> {
        Self::from_members(fields, ["username", "password"], app)
    }
}

impl SignUp {
    /// Takes it from the members of these names.
    pub(crate) fn from_members(mut fields: Fields, [name, secret]: [&str; 2], app: &App) -> Result<Self, Error> {
        let username = fields.required(name, Username::parse);
        let password = fields.required(secret, |text| match app.choose_password(text)? {
            password if username.as_ref().is_some_and(|name| password.is_like(name.as_str())) => {
                Err(Rule::PasswordLikeUsername)
            }
            password => Ok(password),
        });
        fields.finish(username.zip(password).map(|(username, password)| Self { username, password }))
    }
}

/// Sign up
///
/// Creates a user and, at once, their first session.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = SignUp, responses(
    (status = 201, body = Credentials, headers(("Location" = String, description = "`/api/users/me`"))),
    (status = 409, description = "`username_taken`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`busy`"),
))]
pub async fn sign_up(
    State(app): State<App>,
    caller: Caller,
    Json(wanted): Json<SignUp>,
) -> Result<impl IntoResponse, Error> {
    let credentials = create_user_within_limits(&app, &caller, wanted).await?;
    Ok(credentials.map(|credentials| (StatusCode::CREATED, [(LOCATION, "/api/users/me")], credentials)))
}

/// Creates a user and their first session, if this address may ask for another name.
pub(crate) async fn create_user_within_limits(
    app: &App,
    caller: &Caller,
    wanted: SignUp,
) -> Result<Limited<Credentials>, Error> {
    let attempt = app.limits.sign_up(caller.from, app.clock.now())?;
    Ok(Limited::of(attempt, create_user(app, caller, wanted).await))
}

async fn create_user(app: &App, caller: &Caller, SignUp { username, password }: SignUp) -> Result<Credentials, Error> {
    let password_hash = app.passwords.hash(caller.from, password).await?;
    let now = app.clock.now();
    let transaction = app.begin_write().await?;
    let user = user::create(&*transaction, &username, password_hash, now).await?;
    let credentials = sessions::begin(app, &*transaction, &user, caller, "created").await?;
    transaction.commit().await?;
    info!(user.id, session.id = credentials.session.id, "signed up");
    Ok(credentials)
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
    /// 1 to 64 visible characters; unique without regard to case, and to how it looks.
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
    (status = 429, description = "`too_many_attempts`"),
))]
pub async fn rename_me(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    Json(Rename { username }): Json<Rename>,
) -> Result<Limited<Reply<User>>, Error> {
    // It tells which names are taken, as a sign-up does.
    let attempt = app.limits.sign_up(caller.from, app.clock.now())?;
    Ok(Limited::of(attempt, rename(&app, &session, &username).await))
}

async fn rename(app: &App, session: &Session, username: &Username) -> Result<Reply<User>, Error> {
    let user = user::of_session(&app.db, session).await?;
    let transaction = app.begin_write().await?;
    let user = user.rename(&*transaction, username, app.clock.now()).await?;
    transaction.commit().await?;
    Ok(Reply(User::from(&user)))
}
