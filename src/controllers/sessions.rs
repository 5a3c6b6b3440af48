//! Sessions: signing in begins one.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use sea_orm::ConnectionTrait;
use tracing::info;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::password::{Password, Verdict};
use crate::auth::refusal::Refusal;
use crate::auth::token::Session;
use crate::error::Error;
use crate::extract::{Fields, FromBody, Json, UserAgent};
use crate::models::{session, user};
use crate::random;
use crate::views::{self, Credentials, CurrentSession, User};

/// Who signs in, and with what. No rule but the size: a rule would tell of the stored password.
#[derive(ToSchema)]
pub struct SignIn {
    /// The name, in any case.
    #[schema(example = "ada")]
    username: String,
    /// The password.
    #[schema(value_type = String, format = Password, example = "correct horse battery staple")]
    password: Password,
}

impl FromBody for SignIn {
    fn from_body(mut fields: Fields, _: &App) -> Result<Self, Error> {
        let username = fields.required("username", |text| Ok(text.to_owned()));
        let password = fields.required("password", Password::presented);
        fields.finish(username.zip(password).map(|(username, password)| Self { username, password }))
    }
}

/// Sign in
///
/// Begins a session. An unknown name and a wrong password are refused alike, after the same work.
#[utoipa::path(post, path = "/api/sessions", tag = "sessions", request_body = SignIn, responses(
    (status = 201, body = Credentials, headers(("Location" = String, description = "`/api/sessions/current`"))),
    (status = 401, description = "`bad_credentials`"),
    (status = 503, description = "`busy`"),
))]
pub async fn sign_in(
    State(app): State<App>,
    UserAgent(user_agent): UserAgent,
    Json(SignIn { username, password }): Json<SignIn>,
) -> Result<impl IntoResponse, Error> {
    let user = user::find_by_username(&app.db, &username).await?;
    let stored = user.as_ref().map(|user| user.password_hash.clone());
    let verdict = app.passwords.verify(password, stored).await?;
    let user = user.filter(|_| verdict == Verdict::Right).ok_or(Error::BadCredentials)?;
    let message = "successfully authenticated";
    let credentials = begin(&app, &app.db, &user, user_agent, message).await?;
    info!(user.id, session.id = credentials.session.id, "signed in");
    Ok((StatusCode::CREATED, [(LOCATION, "/api/sessions/current")], Reply(credentials)))
}

/// This session
///
/// Whose token it is, and since when.
#[utoipa::path(get, path = "/api/sessions/current", tag = "sessions", responses((status = 200, body = CurrentSession)))]
pub async fn show_current(State(app): State<App>, session: Session) -> Result<Reply<CurrentSession>, Error> {
    let user = user::of_session(&app.db, &session).await?;
    let row = session::find(&app.db, &session).await?.ok_or(Error::Refused(Refusal::Revoked))?;
    Ok(Reply(CurrentSession { user: User::from(&user), session: views::Session::of(&row, true) }))
}

/// Begins a session of `user`: issues its token and records it.
pub(super) async fn begin(
    app: &App,
    db: &impl ConnectionTrait,
    user: &user::Model,
    user_agent: Option<String>,
    message: &'static str,
) -> Result<Credentials, Error> {
    let now = app.clock.now();
    let issued = app.tokens.issue(user.id, now, &mut random::secure())?;
    let row = session::create(db, &issued.session, user_agent.as_deref(), now).await?;
    Ok(Credentials {
        user: User::from(user),
        session: views::Session::of(&row, true),
        message,
        session_token: issued.token,
        token_type: "Bearer",
        expires_in: app.tokens.lifetime_seconds(),
    })
}
