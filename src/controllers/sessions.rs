//! Sessions: what a user can see of them, and ending one, some, or all.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use tracing::info;
use utoipa::IntoParams;

use crate::app::App;
use crate::auth::Rule;
use crate::auth::reason::Reason;
use crate::auth::refusal::Refusal;
use crate::auth::token::{AnySession, Session};
use crate::error::Error;
use crate::extract::{Fields, FromQuery, Query, Word};
use crate::models::session::{self, Which};
use crate::models::user;
use crate::views::{self, CurrentSession, EndedSessions, SessionList, User};

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
pub async fn sign_out(State(app): State<App>, session: AnySession) -> Result<StatusCode, Error> {
    end_presented(&app, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the session of the request, a user's or an anonymous visitor's.
pub(crate) async fn end_presented(app: &App, session: &AnySession) -> Result<(), Error> {
    if let Some(session) = session.of_user() {
        return end(app, &session, Which::One(session.id), Reason::SignOut).await.map(|_| ());
    }
    let transaction = app.begin_write().await?;
    let ended = session::end_presented(&*transaction, session, Reason::SignOut, app.clock.now()).await?;
    transaction.commit().await?;
    app.ended(&ended).await;
    Ok(())
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
    app.ended(&ended).await;
    info!(user.id, ended = ended.len(), reason = reason.code(), "signed out");
    Ok(ended.len())
}
