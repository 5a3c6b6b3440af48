//! Account deletion.

use tracing::info;

use super::password::lock_verified;
use super::{ClientInfo, Limited};
use crate::app::AppState;
use crate::auth::password::policy::Password;
use crate::auth::revocation::reason::Reason;
use crate::auth::token::Session;
use crate::error::Error;
use crate::models::session;

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
        let mut ending = session::end_user_session(&transaction, session, reason, app.clock.now()).await?;
        ending.extend(session::end_all(&transaction, user.id, None, reason, app.ended_at()).await?);
        user.delete(&transaction).await?;
        transaction.commit().await?;
        app.ended(&ending).await;
        info!(user.id = session.user_id.0, ended = ending.sessions.len(), "deleted the account");
        Ok(())
    };
    Ok(Limited::settle(attempt, deleted.await))
}
