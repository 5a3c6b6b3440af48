//! The client of a request: address, device token and presented session.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

use super::{Authenticated, Policy, authenticate};
use crate::accounts::ClientInfo;
use crate::app::AppState;
use crate::auth::rate_limit::client_network::ClientNetwork;
use crate::error::Error;
use crate::headers::{DEVICE, FORWARDED_FOR, REQUEST_ID};
use crate::transport::FetchSite;

/// The address of the other end of the connection: the client or a proxy. The server adds this extension to every
/// request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

impl FromRequestParts<AppState> for ClientInfo {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Error> {
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let cookies = app.cookies(&parts.uri, &parts.headers);
        let session = match parts.extensions.get::<Authenticated>() {
            Some(session) => Some(session.clone()),
            None => authenticate(app, parts, Policy::Optional).await.result?,
        };
        let (session, transport) = session.map(|found| (found.session, found.transport)).unzip();
        Ok(Self {
            network: network(parts, app),
            user_agent: text(USER_AGENT),
            request_id: text(REQUEST_ID),
            device_token: text(DEVICE),
            session,
            transport: transport.unwrap_or_default(),
            sealed_data: cookies.sealed(&parts.headers).map(str::to_owned),
            sealed_flow: cookies.flow(&parts.headers).map(str::to_owned),
            site: FetchSite::of(parts, cookies.secure()),
            cookies: cookies.clone(),
        })
    }
}

/// Returns the network of the client.
pub(super) fn network(parts: &Parts, app: &AppState) -> ClientNetwork {
    ClientNetwork::of(address(&parts.headers, &parts.extensions, &app.config.limits.trusted_proxies))
}

/// Returns the address of the client: the other end of the connection, unless that is a trusted proxy. Behind trusted
/// proxies, the client is the rightmost address in `X-Forwarded-For` that is not a trusted proxy. Clients can forge all
/// addresses to the left of it. Requests without a connection, as in tests, come from this machine.
#[must_use]
pub fn address(headers: &HeaderMap, extensions: &Extensions, trusted: &[IpNet]) -> IpAddr {
    let mut address = extensions.get().map_or(Ipv4Addr::LOCALHOST.into(), |Peer(address)| address.to_canonical());
    if trusted.is_empty() {
        return address;
    }
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    let mut hops = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
    while trusted.iter().any(|network| network.contains(&address)) {
        let Some(hop) = hops.next().and_then(hop) else { break };
        address = hop.to_canonical();
    }
    address
}

/// Parses an address in one of the forms that proxies write: bare, in brackets, or with a port.
fn hop(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = || text.parse().map(|socket: SocketAddr| socket.ip());
    bare.parse().or_else(|_| with_port()).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
        }
        let mut extensions = Extensions::new();
        extensions.insert(Peer(peer.parse().unwrap()));
        let trusted: Vec<_> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        address(&headers, &extensions, &trusted).to_string()
    }

    #[test]
    fn forwarded_addresses_are_ignored_without_trusted_proxies() {
        assert_eq!(client("203.0.113.9", &["192.0.2.1"], &[]), "203.0.113.9");
        assert_eq!(client("203.0.113.9", &["192.0.2.1"], &["10.0.0.0/8"]), "203.0.113.9", "not from this one");
    }

    #[test]
    fn trusted_proxies_are_skipped_from_the_right() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        for (forwarded, expected) in [
            (&["192.0.2.1"][..], "192.0.2.1"),
            (&["192.0.2.1, 10.1.1.1"], "192.0.2.1"),
            (&["1.1.1.1, 192.0.2.1, 10.1.1.1,10.2.2.2"], "192.0.2.1"),
            (&["1.1.1.1", "192.0.2.1", "fd00::1"], "192.0.2.1"),
            (&["192.0.2.1, nonsense"], "10.0.0.1"),
            (&["nonsense, 10.1.1.1"], "10.1.1.1"),
            (&["10.1.1.1"], "10.1.1.1"),
            (&[""], "10.0.0.1"),
            (&[], "10.0.0.1"),
            (&["::ffff:192.0.2.1"], "192.0.2.1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["192.0.2.1:4444"], "192.0.2.1"),
            (&["[2001:db8::1]:4444"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["\u{e9}, 192.0.2.1"], "192.0.2.1"),
        ] {
            assert_eq!(client("10.0.0.1", forwarded, &trusted), expected, "{forwarded:?}");
            assert_eq!(client("::ffff:10.0.0.1", forwarded, &trusted), expected, "{forwarded:?}");
        }
    }
}
