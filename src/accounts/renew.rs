//! Renewal: another token for the same session.
//!
//! There is no separate refresh token. The session token itself can be renewed until its session ends, even after it
//! expired, any number of times and concurrently. So the tabs of a browser need no coordination.

use axum::http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use super::ClientInfo;
use crate::app::AppState;
use crate::auth::revocation::reason::Reason;
use crate::auth::token::refusal::Refusal;
use crate::auth::token::{Issued, Session};
use crate::error::Error;
use crate::models::{session, user};
use crate::platform::random;
use crate::transport::Transport;

/// A session with its renewed token.
pub struct RenewedSession {
    pub user: user::Model,
    pub row: session::Model,
    /// The session token. `None` if the token is sent in the cookie.
    pub token: Option<SecretString>,
    pub cookie: Option<HeaderValue>,
    /// Seconds until the token expires.
    pub expires_in: i64,
}

/// Issues another token for the session of the request, with the current roles of its user. The token is sent as the
/// request sent its own.
///
/// # Errors
/// [`Refusal::Revoked`] if the session ended.
pub async fn renew(app: &AppState, session: &Session, client: &ClientInfo) -> Result<RenewedSession, Error> {
    let presented = client.session.as_ref().ok_or(Refusal::NoToken)?;
    let user = user::find(&app.db, session.user_id).await?;
    let row = session::find(&app.db, session).await?.ok_or(Refusal::Revoked(Reason::SignOut))?;
    let now = app.clock.now();
    let Issued { token, session, store_until, .. } =
        app.tokens.reissue(presented, user.roles(), now, &mut random::secure())?;
    let expires_in = session.expires_at.timestamp() - now.timestamp();
    let (token, cookie) = match client.transport {
        Transport::Bearer => (Some(token), None),
        Transport::Cookie => (None, Some(client.cookies.session(token.expose_secret(), store_until, now)?)),
    };
    Ok(RenewedSession { user, row, token, cookie, expires_in })
}
