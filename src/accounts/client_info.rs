//! The client of a request.

use crate::auth::password::requester::Requester;
use crate::auth::rate_limit::client_network::ClientNetwork;
use crate::auth::token::AnySession;
use crate::transport::{Cookies, FetchSite, Transport};

/// The client of a request, as far as operations need to know it.
pub struct ClientInfo {
    /// The key by which rate limits and the hash queue count.
    pub network: ClientNetwork,
    pub user_agent: Option<String>,
    /// The token of a device that has signed in before.
    pub device_token: Option<String>,
    /// The active session that the request presents. A new session replaces it.
    pub session: Option<AnySession>,
    /// How the request sent the token of that session.
    pub transport: Transport,
    /// Encrypted session data from a cookie.
    pub sealed_data: Option<String>,
    pub site: FetchSite,
    /// The cookies that the client can store.
    pub cookies: Cookies,
}

impl ClientInfo {
    /// The client of an authenticated request, for the password hasher.
    pub(super) fn known(&self) -> Requester {
        Requester { from: self.network, is_known: true }
    }
}
