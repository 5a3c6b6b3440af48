//! Explains why a session token is accepted or rejected.

use super::use_current_roles;
use crate::app::AppState;
use crate::auth::token::explanation::Explanation;
use crate::error::Error;

/// Does the checks of [`authenticate`](crate::extract::authenticate), and reports the result of each one.
///
/// # Errors
/// [`Error::NotReady`] or [`Error::Unavailable`] if the revocations in memory are out of date and cannot be read.
pub async fn explain_token(app: &AppState, token: &str) -> Result<Explanation, Error> {
    let (mut explanation, session) = app.tokens.explain(token, app.clock.now());
    let Some(mut session) = session else { return Ok(explanation) };
    match app.revocation_feed.check_active_or_refresh(&session).await {
        Ok(()) => explanation.add_revocation(Ok(())),
        Err(Error::Refused(refusal)) => {
            explanation.add_revocation(Err(refusal));
            return Ok(explanation);
        }
        Err(error) => return Err(error),
    }
    let are_old = use_current_roles(app, &mut session).await?;
    explanation.add_roles(session.user.as_ref().map(|user| &user.roles.roles), are_old);
    Ok(explanation)
}
