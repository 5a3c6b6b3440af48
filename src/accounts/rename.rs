//! Changes a username.

use super::{ClientInfo, Limited};
use crate::app::AppState;
use crate::auth::token::Session;
use crate::error::Error;
use crate::events::EventKind;
use crate::models::{event, user};
use crate::types::username::Username;

/// Changes the username of the session's user. Shares the rate limit of sign-up, because both operations reveal which
/// usernames are taken.
///
/// # Errors
/// [`Error::TooManyAttempts`].
pub async fn rename(
    app: &AppState,
    session: &Session,
    client: &ClientInfo,
    username: &Username,
) -> Result<Limited<user::Model>, Error> {
    let attempt = app.limits.sign_up(client.network, app.clock.monotonic())?;
    let renamed = async {
        let transaction = app.db.begin_write().await?;
        let user = user::lock(&transaction, session.user_id).await?;
        let now = app.clock.now();
        let user = user.rename(&transaction, username, now).await?;
        let renamed = client.event(EventKind::UsernameChanged, user.id, now).in_session(session.id);
        event::create(&transaction, &renamed).await?;
        transaction.commit().await?;
        renamed.log();
        Ok(user)
    };
    Ok(Limited::settle(attempt, renamed.await))
}
