//! Audit events: what happened to accounts, sessions and invitations, for users and operators.
//!
//! An operation inserts its event in the transaction that makes the change, so there is no change without an event and
//! no event without a change. It logs the event after the commit. Failed attempts are counted in memory
//! ([`FailedAttempts`]), because clients can cause any number of them.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use tracing::info;

use crate::auth::rate_limit::client_network::Network;
use crate::auth::token::session_id::SessionId;
use crate::types::role::Roles;
use crate::types::{InvitationId, UserId};

mod failed_attempts;
mod kind;

pub use failed_attempts::{Account, FailedAttempt, FailedAttempts, Waiting, note_dropped};
pub use kind::{EventKind, UnknownKind};

const TARGET: &str = "daypass::events";

/// Who caused an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A client of the API. It need not be signed in.
    User,
    /// A person who runs commands.
    Operator,
    /// The service itself, or a sign-in provider.
    System,
}

impl Actor {
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }
}

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The network of the client. The complete address is not stored.
    pub network: Option<Network>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
}

/// Further members of an event. Each kind has some of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Details {
    /// The code of an error, or of the reason of a revocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'static, str>>,
    /// The name of a sign-in provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The roles of the user after the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invitation_id: Option<InvitationId>,
    /// The id of the signing key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The number of sessions that the operation ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<u64>,
    /// The number of users that the operation created or deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<u64>,
}

impl Details {
    /// Returns the details of an operation that ended sessions.
    #[must_use]
    pub fn ended(sessions: usize) -> Self {
        Self { ended: Some(sessions as u64), ..Self::default() }
    }

    /// Returns the details of an operation that gave roles.
    #[must_use]
    pub fn roles(roles: &Roles) -> Self {
        Self { roles: Some(roles.names().map(str::to_owned).collect()), ..Self::default() }
    }
}

/// An event that is not stored yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Event {
    pub at: DateTime<Utc>,
    pub kind: EventKind,
    pub actor: Actor,
    /// The user whom the event is about.
    pub user_id: Option<UserId>,
    pub session_id: Option<SessionId>,
    pub origin: Origin,
    pub details: Details,
    /// The number of equal attempts that the event stands for.
    pub count: u64,
}

impl Event {
    pub fn new(kind: EventKind, actor: Actor, at: DateTime<Utc>) -> Self {
        let (origin, details) = (Origin::default(), Details::default());
        Self { at, kind, actor, user_id: None, session_id: None, origin, details, count: 1 }
    }

    pub fn about(self, user_id: UserId) -> Self {
        Self { user_id: Some(user_id), ..self }
    }

    pub fn in_session(self, session_id: SessionId) -> Self {
        Self { session_id: Some(session_id), ..self }
    }

    pub fn requested_from(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    pub fn with(self, details: Details) -> Self {
        Self { details, ..self }
    }

    /// Writes the log line of the event. Call this function after the commit. The fields have the names of the members in
    /// JSON.
    pub fn log(&self) {
        let Details { reason, provider, roles, invitation_id, key_id, ended, users } = &self.details;
        info!(
            target: TARGET,
            at = self.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            kind = self.kind.code(),
            actor = self.actor.code(),
            userId = self.user_id.map(|id| id.0),
            sessionId = self.session_id.map(|id| id.to_string()),
            network = self.origin.network.map(|network| network.to_string()),
            userAgent = self.origin.user_agent,
            requestId = self.origin.request_id,
            count = self.count,
            reason = reason.as_deref(),
            provider = provider.as_deref(),
            roles = roles.as_ref().map(|roles| roles.join(",")),
            invitationId = invitation_id.map(|id| id.0),
            keyId = key_id.as_deref(),
            ended,
            users,
            "{}",
            self.kind.message()
        );
    }
}
