//! Ends sessions of a user: the current session, another session, or all of them.

use super::ClientInfo;
use crate::app::AppState;
use crate::auth::revocation::Ending;
use crate::auth::revocation::reason::Reason;
use crate::auth::token::session_id::SessionId;
use crate::auth::token::{AnySession, Session};
use crate::error::Error;
use crate::events::{Details, EventKind};
use crate::models::{event, session, user};

/// Ends the session of the request. The session can be anonymous, and need not have a row in the table `sessions`.
pub async fn sign_out(app: &AppState, session: &AnySession, client: &ClientInfo) -> Result<(), Error> {
    let transaction = app.db.begin_write().await?;
    if let Some(user) = &session.user {
        user::lock_if_exists(&transaction, user.id).await?;
    }
    let now = app.clock.now();
    let ending = session::end_presented(&transaction, session, Reason::SignOut, now).await?;
    // Without an event for an anonymous session, because otherwise any client could fill the table.
    let user = session.user.as_ref();
    let signed_out = user.map(|user| client.event(EventKind::SignOut, user.id, now).in_session(session.id));
    if let Some(signed_out) = &signed_out {
        event::create(&transaction, signed_out).await?;
    }
    transaction.commit().await?;
    app.ended(&ending).await;
    if let Some(signed_out) = signed_out {
        signed_out.log();
    }
    Ok(())
}

/// Ends another session of the same user.
///
/// # Errors
/// [`Error::NotFound`] if the user has no session with this id.
pub async fn end_session(app: &AppState, session: &Session, client: &ClientInfo, id: SessionId) -> Result<(), Error> {
    let now = app.clock.now();
    let transaction = app.db.begin_write().await?;
    let ending = session::end(&transaction, session.user_id, id, Reason::SignOut, now).await?;
    if ending.sessions.is_empty() {
        return Err(Error::NotFound);
    }
    let details = Details { reason: Some(Reason::SignOut.code().into()), ..Details::default() };
    let ended = client.event(EventKind::SessionEnded, session.user_id, now).in_session(id).with(details);
    event::create(&transaction, &ended).await?;
    transaction.commit().await?;
    app.ended(&ending).await;
    ended.log();
    Ok(())
}

/// Ends all sessions of the user, or all except the current one. Returns how many sessions ended.
pub async fn sign_out_everywhere(
    app: &AppState,
    session: &Session,
    client: &ClientInfo,
    spare_current: bool,
) -> Result<usize, Error> {
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
    let ended = ending.sessions.len();
    let signed_out = client.event(EventKind::SignOutEverywhere, user_id, app.clock.now()).in_session(session.id);
    let signed_out = signed_out.with(Details::ended(ended));
    // A user could fill the table with sign-outs that end nothing.
    let signed_out = (ended > 0).then_some(signed_out);
    if let Some(signed_out) = &signed_out {
        event::create(&transaction, signed_out).await?;
    }
    transaction.commit().await?;
    app.ended(&ending).await;
    if let Some(signed_out) = signed_out {
        signed_out.log();
    }
    Ok(ended)
}
