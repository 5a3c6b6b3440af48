//! Sessions: sign-in, the list of a user's sessions, and sign-out from one or all of them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Reply};
use utoipa::IntoParams;

use crate::accounts;
use crate::accounts::{ClientInfo, SignIn};
use crate::app::AppState;
use crate::auth::revocation::reason::Reason;
use crate::auth::token::refusal::Refusal;
use crate::auth::token::{AnySession, Session};
use crate::error::Error;
use crate::extract::{Fields, FromQuery, Json, PathParam, Query, SignedOut};
use crate::models::{session, user};
use crate::types::ValidationError;
use crate::views;
use crate::views::{Credentials, CurrentSession, EndedSessions, ProviderSignOut, SessionList, User};

/// Sign in
///
/// Begins a session. An unknown username gets the same response as a wrong password, after the same work.
#[utoipa::path(post, path = "/api/sessions", tag = "sessions", request_body = SignIn, responses(
    (status = 201, body = Credentials, headers(("Location" = String, description = "`/api/sessions/current`"))),
    (status = 401, description = "`bad_credentials`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`busy`"),
))]
pub async fn sign_in(
    State(app): State<AppState>,
    client: ClientInfo,
    Json(request): Json<SignIn>,
) -> Result<impl IntoResponse, Error> {
    let new = accounts::sign_in(&app, &client, request).await?;
    let location = [(LOCATION, "/api/sessions/current")];
    Ok(new.map(|new| (StatusCode::CREATED, location, Credentials::of(new, "successfully authenticated"))))
}

/// Show the current session
///
/// Returns the session of the token and its user.
#[utoipa::path(get, path = "/api/sessions/current", tag = "sessions", responses((status = 200, body = CurrentSession)))]
pub async fn show_current(State(app): State<AppState>, session: Session) -> Result<Reply<CurrentSession>, Error> {
    let user = user::find(&app.db, session.user_id).await?;
    let row = session::find(&app.db, &session).await?.ok_or(Error::Refused(Refusal::Revoked(Reason::SignOut)))?;
    Ok(Reply(CurrentSession { user: User::from(&user), session: views::Session::of(&row, true) }))
}

/// Renew the session token
///
/// Returns another token of the same session, with the user's current roles. A token can be renewed until its session
/// ends, also after it expired, and by several requests at the same time. It does not expire later than its session.
#[utoipa::path(post, path = "/api/sessions/current/renew", tag = "sessions",
    responses((status = 200, body = Credentials)),
)]
pub async fn renew(State(app): State<AppState>, session: Session, client: ClientInfo) -> Result<Credentials, Error> {
    Ok(Credentials::renewed(accounts::renew(&app, &session, &client).await?))
}

/// List my sessions
///
/// Returns the active sessions, newest first.
#[utoipa::path(get, path = "/api/sessions", tag = "sessions", responses((status = 200, body = SessionList)))]
pub async fn list_sessions(State(app): State<AppState>, session: Session) -> Result<Reply<SessionList>, Error> {
    let rows = session::list(&app.db, session.user_id, app.clock.now()).await?;
    let current = session.id.to_string();
    Ok(Reply(SessionList { items: rows.iter().map(|row| views::Session::of(row, row.id == current)).collect() }))
}

/// How to sign out.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SignOutOptions {
    /// `true`: returns the address where the user also signs out of the provider at which the session began.
    #[param(value_type = Option<bool>)]
    provider: bool,
}

impl FromQuery for SignOutOptions {
    fn from_query(mut fields: Fields) -> Result<Self, Error> {
        let provider = fields.word_flag("provider");
        fields.finish(provider.map(|provider| Self { provider }))
    }
}

/// Sign out
///
/// Ends the current session. This replica rejects its token immediately, every other replica within one second.
#[utoipa::path(delete, path = "/api/sessions/current", tag = "sessions", params(SignOutOptions), responses(
    (status = 200, description = "The session has ended. The user can also sign out of the provider.",
     body = ProviderSignOut),
    (status = 204, description = "The session has ended."),
))]
pub async fn sign_out(
    State(app): State<AppState>,
    session: AnySession,
    client: ClientInfo,
    Query(SignOutOptions { provider }): Query<SignOutOptions>,
) -> Result<Response, Error> {
    let url = match session.of_user().filter(|_| provider) {
        Some(of_user) => accounts::provider::sign_out_with_provider(&app, &of_user, &session, &client).await?,
        None => {
            accounts::sign_out(&app, &session, &client).await?;
            None
        }
    };
    let body = url.map(|sign_out_url| Reply(ProviderSignOut { sign_out_url }));
    let response = body.map_or_else(|| StatusCode::NO_CONTENT.into_response(), IntoResponse::into_response);
    Ok((Extension(SignedOut), response).into_response())
}

/// End one of my sessions
#[utoipa::path(delete, path = "/api/sessions/{id}", tag = "sessions", params(("id" = String, Path)), responses(
    (status = 204, description = "The session has ended."),
    (status = 404, description = "`not_found`"),
))]
pub async fn end_session(
    State(app): State<AppState>,
    session: Session,
    client: ClientInfo,
    PathParam(id): PathParam,
) -> Result<StatusCode, Error> {
    let id = id.parse().map_err(|_| Error::NotFound)?;
    accounts::end_session(&app, &session, &client, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which sessions to end.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EndSessions {
    /// `current` leaves the current session active.
    #[param(value_type = Option<String>, pattern = "^current$")]
    except: bool,
}

impl FromQuery for EndSessions {
    fn from_query(mut fields: Fields) -> Result<Self, Error> {
        let except = fields.optional("except", |word| match word {
            "current" => Ok(true),
            _ => Err(ValidationError::NotAllowed { expected: "current".into() }),
        });
        fields.finish(Some(Self { except: except.unwrap_or(false) }))
    }
}

/// Sign out everywhere
///
/// Ends all my sessions, or all but the current one.
#[utoipa::path(delete, path = "/api/sessions", tag = "sessions", params(EndSessions), responses(
    (status = 200, body = EndedSessions),
    (status = 422, description = "`invalid_fields`"),
))]
pub async fn sign_out_everywhere(
    State(app): State<AppState>,
    session: Session,
    client: ClientInfo,
    Query(EndSessions { except }): Query<EndSessions>,
) -> Result<Reply<EndedSessions>, Error> {
    let ended = accounts::sign_out_everywhere(&app, &session, &client, except).await?;
    Ok(Reply(EndedSessions { ended }))
}
