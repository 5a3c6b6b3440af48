//! The client of a request.

use chrono::{DateTime, Utc};

use crate::auth::password::requester::Requester;
use crate::auth::rate_limit::client_network::ClientNetwork;
use crate::auth::token::AnySession;
use crate::error::Error;
use crate::events::{Account, Actor, Event, EventKind, FailedAttempt, Origin};
use crate::transport::{Cookies, FetchSite, Transport};
use crate::types::UserId;
use crate::types::limits::MAX_USER_AGENT_CHARS;

/// What operations need to know about the client of a request.
pub struct ClientInfo {
    /// The key of the client for rate limits and for the queue of the password hasher.
    pub network: ClientNetwork,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    /// The device token that the request presents. A device gets one when a user signs in.
    pub device_token: Option<String>,
    /// The active session that the request presents. A new session replaces it.
    pub session: Option<AnySession>,
    /// How the request sent the token of `session`.
    pub transport: Transport,
    /// The request's cookie with encrypted session data.
    pub sealed_data: Option<String>,
    /// The request's cookie with the state of a sign-in at a provider.
    pub sealed_flow: Option<String>,
    pub site: FetchSite,
    /// Reads and writes the cookies, in the variant (with or without `Secure`) for this client.
    pub cookies: Cookies,
}

impl ClientInfo {
    /// Returns the requester for the password hasher: this client, as a known one. The request must be authenticated.
    pub(super) fn known(&self) -> Requester {
        Requester { from: self.network, is_known: true }
    }

    /// Returns where the request came from, for events.
    pub(super) fn origin(&self) -> Origin {
        let user_agent = self.user_agent.as_deref().map(|name| name.chars().take(MAX_USER_AGENT_CHARS).collect());
        Origin { network: Some(self.network.network()), user_agent, request_id: self.request_id.clone() }
    }

    /// Returns an attempt of the client that failed with this error.
    pub(super) fn failed(&self, kind: EventKind, error: &Error, account: Account, now: DateTime<Utc>) -> FailedAttempt {
        FailedAttempt { at: now, kind, reason: error.code(), account, provider: None, origin: self.origin() }
    }

    /// Returns an event about this user that the client caused.
    pub(super) fn event(&self, kind: EventKind, user_id: UserId, now: DateTime<Utc>) -> Event {
        Event::new(kind, Actor::User, now).about(user_id).requested_from(self.origin())
    }
}
