//! Account deletion.

use super::password::lock_verified;
use super::{ClientInfo, Limited};
use crate::app::AppState;
use crate::auth::password::policy::Password;
use crate::auth::revocation::reason::Reason;
use crate::auth::token::Session;
use crate::error::Error;
use crate::events::{Details, EventKind};
use crate::models::{event, session};

/// Deletes the session's user with all their data, and ends all their sessions.
///
/// # Errors
/// [`Error::TooManyAttempts`] if the user made too many attempts.
pub async fn delete_account(
    app: &AppState,
    session: &Session,
    client: &ClientInfo,
    current_password: Option<&Password>,
) -> Result<Limited<()>, Error> {
    let attempt = app.limits.password_change(session.user_id, app.clock.monotonic())?;
    let deleted = async {
        let (transaction, user) = lock_verified(app, session, client, current_password).await?;
        let reason = Reason::AccountDeletion;
        let now = app.clock.now();
        let mut ending = session::end_user_session(&transaction, session, reason, now).await?;
        ending.extend(session::end_all(&transaction, user.id, None, reason, app.ended_at()).await?);
        let deleted = client.event(EventKind::AccountDeleted, user.id, now).in_session(session.id);
        let deleted = deleted.with(Details::ended(ending.sessions.len()));
        event::create(&transaction, &deleted).await?;
        user.delete(&transaction).await?;
        transaction.commit().await?;
        app.ended(&ending).await;
        deleted.log();
        Ok(())
    };
    Ok(Limited::settle(attempt, deleted.await))
}
