//! Users: signing up, and what a user may see and change of their own.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use tracing::info;
use utoipa::ToSchema;

use super::beginning::{Terms, begin, end_presented};
use crate::app::App;
use crate::auth::Rule;
use crate::auth::password::Password;
use crate::auth::token::Session;
use crate::auth::username::Username;
use crate::carrier::Carrier;
use crate::error::Error;
use crate::extract::{Caller, Fields, FromBody, Json};
use crate::models::user;
use crate::views::{Credentials, Limited, User};

/// Who signs up, and with what.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignUp {
    /// 1 to 64 visible characters; unique without regard to case, and to how it looks.
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "ada")]
    username: Username,
    /// At least 8 characters unless the service asks for more, at most 1024 bytes.
    #[schema(value_type = String, format = Password, min_length = 8, example = "correct horse battery staple")]
    password: Password,
    /// How the token is to travel: `bearer`, in the body of the answer, or `cookie`.
    #[schema(value_type = String, required = false, nullable = false, default = "bearer", example = "bearer")]
    carrier: Carrier,
    /// Whether the variables of the session that the request presents move along. That session ends.
    #[schema(required = false, nullable = false, default = false)]
    keep_variables: bool,
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
        let terms = Terms::take(&mut fields);
        let taken = username.zip(password).zip(terms);
        fields.finish(taken.map(|((username, password), Terms { carrier, keep_variables })| Self {
            username,
            password,
            carrier,
            keep_variables,
        }))
    }
}

impl SignUp {
    /// The same by cookie.
    pub(crate) fn by_cookie(self) -> Self {
        Self { carrier: Carrier::Cookie, ..self }
    }

    fn terms(&self) -> Terms {
        Terms { carrier: self.carrier, keep_variables: self.keep_variables }
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
    wanted.carrier.check(caller.site)?;
    let attempt = app.limits.sign_up(caller.from, app.clock.now())?;
    Ok(Limited::of(attempt, create_user(app, caller, wanted).await))
}

async fn create_user(app: &App, caller: &Caller, wanted: SignUp) -> Result<Credentials, Error> {
    let terms = wanted.terms();
    let SignUp { username, password, .. } = wanted;
    let password_hash = app.passwords.hash(caller.from, password).await?;
    let kept = terms.kept(app, caller, None).await?;
    let now = app.clock.now();
    let transaction = app.begin_write().await?;
    let user = user::create(&*transaction, &username, password_hash, now).await?;
    let ended = end_presented(app, &*transaction, caller).await?;
    let begun = begin(app, &*transaction, &user, caller, ("created", terms.carrier)).await?;
    transaction.commit().await?;
    app.ended(&ended).await;
    info!(user.id, session.id = begun.credentials.session.id, "signed up");
    Ok(begun.with_variables(app, &kept).await)
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
