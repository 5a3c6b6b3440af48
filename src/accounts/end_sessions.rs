//! Ends sessions of a user: the current session, another session, or all of them.

use tracing::info;

use crate::app::AppState;
use crate::auth::revocation::Ending;
use crate::auth::revocation::reason::Reason;
use crate::auth::token::session_id::SessionId;
use crate::auth::token::{AnySession, Session};
use crate::error::Error;
use crate::models::{session, user};

/// Ends the session of the request. The session can be anonymous, and need not have a row in the table `sessions`.
pub async fn sign_out(app: &AppState, session: &AnySession) -> Result<(), Error> {
    let transaction = app.db.begin_write().await?;
    if let Some(user) = &session.user {
        user::lock_if_exists(&transaction, user.id).await?;
    }
    let ending = session::end_presented(&transaction, session, Reason::SignOut, app.clock.now()).await?;
    transaction.commit().await?;
    app.ended(&ending).await;
    if let Some(user) = &session.user {
        info!(user.id = user.id.0, session.id = %session.id, "signed out");
    }
    Ok(())
}

/// Ends another session of the same user.
///
/// # Errors
/// [`Error::NotFound`] if the user has no session with this id.
pub async fn end_session(app: &AppState, session: &Session, id: SessionId) -> Result<(), Error> {
    let transaction = app.db.begin_write().await?;
    let ending = session::end(&transaction, session.user_id, id, Reason::SignOut, app.clock.now()).await?;
    transaction.commit().await?;
    app.ended(&ending).await;
    if ending.sessions.is_empty() { Err(Error::NotFound) } else { Ok(()) }
}

/// Ends all sessions of the user, or all except the current one. Returns how many sessions ended.
pub async fn sign_out_everywhere(app: &AppState, session: &Session, spare_current: bool) -> Result<usize, Error> {
    let (user_id, reason) = (session.user_id, Reason::SignOutEverywhere);
    let transaction = app.db.begin_write().await?;
    // The lock delays sign-ins of the user until the commit. A restored database may lack the user's row, although the
    // user's tokens still exist.
    user::lock_if_exists(&transaction, user_id).await?;
    let spared = spare_current.then_some(session.id);
    let mut ending = Ending::default();
    if spared.is_none() {
        ending = session::end_user_session(&transaction, session, reason, app.clock.now()).await?;
    }
    ending.extend(session::end_all(&transaction, user_id, spared, reason, app.ended_at()).await?);
    transaction.commit().await?;
    app.ended(&ending).await;
    let ended = ending.sessions.len();
    info!(user.id = user_id.0, ended, reason = reason.code(), "signed out");
    Ok(ended)
}
