//! The client of a request.

use crate::auth::password::requester::Requester;
use crate::auth::rate_limit::client_network::ClientNetwork;
use crate::auth::token::AnySession;
use crate::transport::{Cookies, FetchSite, Transport};

/// What operations need to know about the client of a request.
pub struct ClientInfo {
    /// The key of the client for rate limits and for the queue of the password hasher.
    pub network: ClientNetwork,
    pub user_agent: Option<String>,
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
}
