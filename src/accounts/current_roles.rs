//! The roles of a session. They are in the token, so most requests need no query.
//!
//! If the roles changed after the token was issued, the first request on each replica reads the user's row. The result
//! is stored in memory, so further requests with the old token need no query either.

use crate::app::AppState;
use crate::auth::revocation::RoleStatus;
use crate::auth::token::{AnySession, SessionUser};
use crate::error::Error;
use crate::models::user;

/// Replaces the roles of the session with those that are in force. Returns whether the roles in its token are out of
/// date.
///
/// # Errors
/// [`Error::Unavailable`] if the roles cannot be read, and [`Error::Busy`] if reading takes too long. A request never continues with roles that are out of date.
pub async fn use_current_roles(app: &AppState, session: &mut AnySession) -> Result<bool, Error> {
    let Some(user) = &mut session.user else { return Ok(false) };
    match app.revocations.role_status(user) {
        RoleStatus::Current => Ok(false),
        RoleStatus::Replaced(roles) => {
            user.roles = roles;
            Ok(true)
        }
        // Boxed, because otherwise the future of every request would be as large as this one.
        RoleStatus::Unknown => Box::pin(read_roles(app, user)).await,
    }
}

/// Reads the roles. Of the requests of one user, only one reads them, and the others wait for it.
async fn read_roles(app: &AppState, user: &mut SessionUser) -> Result<bool, Error> {
    let _reading = app.role_reads.lock(user.id.0.cast_unsigned()).await?;
    user.roles = match app.revocations.role_status(user) {
        RoleStatus::Current => return Ok(false),
        RoleStatus::Replaced(roles) => roles,
        RoleStatus::Unknown => {
            let current = user::find(&app.db, user.id).await?.roles();
            app.revocations.store_roles(user.id, current.clone());
            current
        }
    };
    Ok(true)
}
