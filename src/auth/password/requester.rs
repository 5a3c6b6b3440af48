//! The client for which a password is hashed or verified.

use crate::auth::rate_limit::client_network::ClientNetwork;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requester {
    pub from: ClientNetwork,
    /// Whether the client presents a device token or a session of the account.
    pub is_known: bool,
}

impl From<ClientNetwork> for Requester {
    /// Creates the requester for an unknown client.
    fn from(from: ClientNetwork) -> Self {
        Self { from, is_known: false }
    }
}
