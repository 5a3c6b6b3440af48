//! Sessions: signing in begins one, signing out ends one, some, or all.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use metrics::counter;
use sea_orm::ConnectionTrait;
use tracing::info;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Rule;
use crate::auth::password::{Password, Verdict};
use crate::auth::reason::Reason;
use crate::auth::refusal::Refusal;
use crate::auth::token::Session;
use crate::error::Error;
use crate::extract::{Fields, FromBody, FromQuery, Json, Query, UserAgent, Word};
use crate::models::session::{self, Which};
use crate::models::user;
use crate::random;
use crate::views::{self, Credentials, CurrentSession, EndedSessions, SessionList, User};

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
    let verified = user.filter(|user| verdict == Verdict::Right && user.may_sign_in()).ok_or(Error::BadCredentials)?;
    let transaction = app.begin_write().await?;
    // The password may have been changed while it was hashed: then it opens nothing any more.
    let user = user::lock_unchanged(&transaction, &verified).await?.ok_or(Error::BadCredentials)?;
    let most = app.config.tokens.max_sessions;
    let ended = session::make_room(&*transaction, user.id, most, app.clock.now()).await?;
    let credentials = begin(&app, &*transaction, &user, user_agent, "successfully authenticated").await?;
    transaction.commit().await?;
    app.ended(&ended);
    info!(user.id, session.id = credentials.session.id, "signed in");
    Ok((StatusCode::CREATED, [(LOCATION, "/api/sessions/current")], Reply(credentials)))
}

/// This session
///
/// Whose token it is, and since when.
#[utoipa::path(get, path = "/api/sessions/current", tag = "sessions", responses((status = 200, body = CurrentSession)))]
pub async fn show_current(State(app): State<App>, session: Session) -> Result<Reply<CurrentSession>, Error> {
    let user = user::of_session(&app.db, &session).await?;
    let row = session::find(&app.db, &session).await?.ok_or(Error::Refused(Refusal::Revoked(Reason::SignOut)))?;
    Ok(Reply(CurrentSession { user: User::from(&user), session: views::Session::of(&row, true) }))
}

/// My sessions
///
/// Those that live, newest first.
#[utoipa::path(get, path = "/api/sessions", tag = "sessions", responses((status = 200, body = SessionList)))]
pub async fn list_sessions(State(app): State<App>, session: Session) -> Result<Reply<SessionList>, Error> {
    let rows = session::list(&app.db, session.user_id, app.clock.now()).await?;
    let current = session.id.to_string();
    Ok(Reply(SessionList { items: rows.iter().map(|row| views::Session::of(row, row.id == current)).collect() }))
}

/// Sign out
///
/// Ends this session: its token is refused here at once, and on every other replica within a second.
#[utoipa::path(delete, path = "/api/sessions/current", tag = "sessions",
    responses((status = 204, description = "The session has ended.")),
)]
pub async fn sign_out(State(app): State<App>, session: Session) -> Result<StatusCode, Error> {
    end(&app, &session, Which::One(session.id), Reason::SignOut).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one of my sessions
#[utoipa::path(delete, path = "/api/sessions/{id}", tag = "sessions", params(("id" = String, Path)), responses(
    (status = 204, description = "The session has ended."),
    (status = 404, description = "`not_found`"),
))]
pub async fn end_session(State(app): State<App>, session: Session, Word(id): Word) -> Result<StatusCode, Error> {
    let id = id.parse().map_err(|_| Error::NotFound)?;
    match end(&app, &session, Which::One(id), Reason::SignOut).await? {
        0 => Err(Error::NotFound),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

/// Which sessions to spare. The field only documents the query string.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by the OpenAPI document alone")]
pub struct EndSessions {
    /// `current` spares the session of the request.
    #[param(pattern = "^current$")]
    except: Option<String>,
}

/// Whether the session of the request is spared.
pub struct Except(bool);

impl FromQuery for Except {
    fn from_query(mut fields: Fields) -> Result<Self, Error> {
        let spared = fields.optional("except", |word| match word {
            "current" => Ok(true),
            _ => Err(Rule::NotAllowed { expected: "current" }),
        });
        fields.finish(Some(Self(spared.unwrap_or(false))))
    }
}

/// Sign out everywhere
///
/// Ends all my sessions, or all but this one.
#[utoipa::path(delete, path = "/api/sessions", tag = "sessions", params(EndSessions), responses(
    (status = 200, body = EndedSessions),
    (status = 422, description = "`invalid_fields`"),
))]
pub async fn sign_out_everywhere(
    State(app): State<App>,
    session: Session,
    Query(Except(current_spared)): Query<Except>,
) -> Result<Reply<EndedSessions>, Error> {
    let which = if current_spared { Which::AllBut(session.id) } else { Which::All };
    let ended = end(&app, &session, which, Reason::SignOutEverywhere).await?;
    Ok(Reply(EndedSessions { ended }))
}

/// Ends sessions of the user and makes it known here before the answer goes out; tells how many.
async fn end(app: &App, session: &Session, which: Which, reason: Reason) -> Result<usize, Error> {
    let transaction = app.begin_write().await?;
    let user = user::lock(&transaction, session.user_id).await?;
    let ended = session::end(&*transaction, user.id, which, reason, app.clock.now()).await?;
    transaction.commit().await?;
    app.ended(&ended);
    info!(user.id, ended = ended.len(), reason = reason.code(), "signed out");
    Ok(ended.len())
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
    let row = session::create(db, &issued.session, (&issued.key_id, user_agent.as_deref()), now).await?;
    counter!("daypass_sessions_created_total").increment(1);
    Ok(Credentials {
        user: User::from(user),
        session: views::Session::of(&row, true),
        message,
        session_token: issued.token,
        token_type: "Bearer",
        expires_in: app.tokens.lifetime_seconds(),
    })
}
