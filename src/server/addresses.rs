//! Limits the number of connections per client address.
//!
//! Loopback addresses and trusted proxies are exempt, because a proxy opens the connections of all clients.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::time::Instant;
use tracing::warn;

use crate::auth::rate_limit::client_network::ClientNetwork;

/// The maximum number of connections of an IPv4 address or an IPv6 /64 network.
const MAX_CONNECTIONS: usize = 64;
/// The minimum time between warnings, so that a client that opens connections in a loop does not fill the log.
const WARNING_INTERVAL: Duration = Duration::from_mins(1);

/// The number of open connections of each address.
pub(super) struct Addresses {
    trusted: Vec<IpNet>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: HashMap<ClientNetwork, usize>,
    /// The number of connections closed since the last warning.
    closed: u64,
    warned_at: Option<Instant>,
}

impl Addresses {
    pub(super) fn new(trusted: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self { trusted, state: Mutex::default() })
    }

    /// Counts a connection until the returned guard is dropped. Returns `None` if the address already has the maximum
    /// number of connections.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admitted> {
        let address = address.to_canonical();
        if address.is_loopback() || self.trusted.iter().any(|network| network.contains(&address)) {
            return Some(Admitted(None));
        }
        let prefix = ClientNetwork::of(address);
        let mut state = self.state();
        let open = state.open.entry(prefix).or_default();
        if *open >= MAX_CONNECTIONS {
            state.warn(address);
            return None;
        }
        *open += 1;
        Some(Admitted(Some((Arc::clone(self), prefix))))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn warn(&mut self, address: IpAddr) {
        self.closed += 1;
        let now = Instant::now();
        if self.warned_at.is_some_and(|warned_at| now - warned_at < WARNING_INTERVAL) {
            return;
        }
        let (closed, limit) = (self.closed, MAX_CONNECTIONS);
        warn!(%address, limit, closed, "closed connections above the limit of an address; if it is a proxy, add it to TRUSTED_PROXIES");
        (self.closed, self.warned_at) = (0, Some(now));
    }
}

/// A guard that counts a connection until it is dropped. It is empty for exempt addresses.
pub(super) struct Admitted(Option<(Arc<Addresses>, ClientNetwork)>);

impl Drop for Admitted {
    fn drop(&mut self) {
        let Some((addresses, prefix)) = self.0.take() else { return };
        let mut state = addresses.state();
        if let Some(open) = state.open.get_mut(&prefix) {
            *open -= 1;
            if *open == 0 {
                state.open.remove(&prefix);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(addresses: &Arc<Addresses>, address: &str) -> Vec<Admitted> {
        (0..100).map_while(|_| addresses.admit(address.parse().unwrap())).collect()
    }

    #[tokio::test]
    async fn each_address_may_have_64_connections() {
        let addresses = Addresses::new(vec!["10.0.0.0/8".parse().unwrap()]);
        for (address, expected) in [
            ("203.0.113.1", 64),
            ("203.0.113.2", 64),
            ("2001:db8::1", 64),
            ("2001:db8:0:1::1", 64),
            ("127.0.0.1", 100),
            ("127.9.9.9", 100),
            ("::1", 100),
            ("::ffff:127.0.0.1", 100),
            ("10.1.2.3", 100),
            ("::ffff:10.1.2.3", 100),
        ] {
            let open = admitted(&addresses, address);
            assert_eq!(open.len(), expected, "{address}");
            std::mem::forget(open);
        }
        assert_eq!(admitted(&addresses, "::ffff:203.0.113.1").len(), 0, "the same IPv4 address");
        assert_eq!(admitted(&addresses, "2001:db8::2").len(), 0, "the same network");
    }

    #[tokio::test]
    async fn closed_connections_do_not_count() {
        let addresses = Addresses::new(Vec::new());
        for _ in 0..10 {
            assert_eq!(admitted(&addresses, "203.0.113.1").len(), 64);
        }
        assert!(addresses.state().open.is_empty());
    }
}
