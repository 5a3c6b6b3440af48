//! The session of a verified token.

use chrono::{DateTime, Utc};

use super::authentication::{Authentication, Method};
use super::session_id::SessionId;
use crate::types::UserId;
use crate::types::generation::Generation;
use crate::types::role::{Roles, UserRoles};

/// A user's session. Handlers of authenticated routes take it as an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    /// The roles in force. They can be newer than those in the token.
    pub roles: Roles,
    /// When the user authenticated (`auth_time`). `None` if the provider does not say so.
    pub authenticated_at: Option<DateTime<Utc>>,
    /// When the token expires (`exp`).
    pub expires_at: DateTime<Utc>,
    /// When the session ends, even if its token is renewed.
    pub ends_at: DateTime<Utc>,
}

/// A session of a user or of an anonymous visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnySession {
    pub id: SessionId,
    /// `None` for an anonymous session.
    pub user: Option<SessionUser>,
    /// The database generation in which the session was created (`gen`).
    pub generation: Generation,
    /// When the token expires (`exp`).
    pub expires_at: DateTime<Utc>,
    /// When the session ends, even if its token is renewed.
    pub ends_at: DateTime<Utc>,
}

/// The user of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionUser {
    /// The user's id (`sub`).
    pub id: UserId,
    /// When the user authenticated (`auth_time`). `None` if the provider does not say so.
    pub authenticated_at: Option<DateTime<Utc>>,
    /// When the session began.
    pub began_at: DateTime<Utc>,
    pub method: Method,
    pub roles: UserRoles,
}

/// The user for whom a token is issued.
#[derive(Clone, Debug)]
pub struct Subject {
    pub id: UserId,
    pub roles: UserRoles,
    pub authentication: Authentication,
}

impl From<UserId> for Subject {
    /// Returns a subject without roles that has just authenticated with a password.
    fn from(id: UserId) -> Self {
        Self { id, roles: UserRoles::default(), authentication: Authentication::default() }
    }
}

impl AnySession {
    /// Returns the session if it belongs to a user.
    pub fn of_user(&self) -> Option<Session> {
        let SessionUser { id: user_id, authenticated_at, roles, .. } = self.user.as_ref()?;
        Some(Session {
            id: self.id,
            user_id: *user_id,
            roles: roles.roles.clone(),
            authenticated_at: *authenticated_at,
            expires_at: self.expires_at,
            ends_at: self.ends_at,
        })
    }
}
