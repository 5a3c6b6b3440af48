//! Records of ended sessions.

use chrono::{DateTime, Utc};

use super::reason::Reason;
use crate::auth::token::session_id::SessionId;
use crate::types::UserId;

/// An ended session. The record is needed until the session's token expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub id: SessionId,
    pub reason: Reason,
    /// When the session's token expires.
    pub expires_at: DateTime<Utc>,
}

/// A record that all sessions of a user ended, including those without a row in the table of sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserEnded {
    pub user_id: UserId,
    /// The record applies to sessions created before this time. Times are compared in whole seconds, like in tokens.
    pub before: DateTime<Utc>,
    /// The session that stays active, if any.
    pub spared: Option<SessionId>,
    pub reason: Reason,
    /// When the last token of these sessions expires.
    pub expires_at: DateTime<Utc>,
}

/// The sessions that one operation ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    pub sessions: Vec<Ended>,
    pub users: Vec<UserEnded>,
    /// Anonymous sessions. Their data is deleted, but they are not recorded as revoked, because they give no access.
    pub anonymous: Vec<SessionId>,
}

impl Ending {
    pub fn extend(&mut self, other: Self) {
        self.sessions.extend(other.sessions);
        self.users.extend(other.users);
        self.anonymous.extend(other.anonymous);
    }
}

impl From<Ended> for Ending {
    fn from(ended: Ended) -> Self {
        Self { sessions: vec![ended], ..Self::default() }
    }
}
