//! Who is calling, as far as a request says it: from where, with what, and on which device.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::header::{HeaderName, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

use super::Presented;
use crate::app::App;
use crate::auth::address_prefix::AddressPrefix;
use crate::auth::revocations::Standing;
use crate::auth::token::AnySession;
use crate::carrier::{self, Carrier, Site};
use crate::error::Error;

/// The header in which a device gets, keeps and shows its token.
pub const DEVICE_HEADER: HeaderName = HeaderName::from_static("daypass-device");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of the connection; the server puts it into every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Who is calling.
pub struct Caller {
    /// Where they call from, as far as it counts for limits and turns.
    pub from: AddressPrefix,
    /// What their browser or program calls itself, as far as it is readable text.
    pub user_agent: Option<String>,
    /// The token of a device that has signed in before.
    pub device: Option<String>,
    /// The session whose token they present, if it is good: a new one takes its place.
    pub session: Option<AnySession>,
    /// How that token came.
    pub carrier: Carrier,
    /// Variables that came in a cookie.
    pub sealed: Option<String>,
    /// From whose page this came.
    pub site: Site,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let address = address(&parts.headers, &parts.extensions, &app.config.limits.trusted_proxies);
        let site = Site::of(parts, app.cookies.secure());
        let (session, carrier) = presented_session(app, parts, site).unzip();
        Ok(Self {
            from: AddressPrefix::of(address),
            user_agent: text(USER_AGENT),
            device: text(DEVICE_HEADER),
            session,
            carrier: carrier.unwrap_or_default(),
            sealed: app.cookies.sealed(&parts.headers).map(str::to_owned),
            site,
        })
    }
}

/// That which the guard established; where there is none, nobody is refused to sign in for the sake of a token that is
/// too old, nor is a cookie heard that somebody else's page sent.
fn presented_session(app: &App, parts: &Parts, site: Site) -> Option<(AnySession, Carrier)> {
    if let Some(Presented { session, carrier }) = parts.extensions.get() {
        return Some((session.clone(), *carrier));
    }
    let (token, carrier) = carrier::presented(&parts.headers, &app.cookies).ok()?;
    carrier.check(site).ok()?;
    let now = app.clock.now();
    let session = app.tokens.verify(token, now).ok()?;
    // Not even known to have ended is good enough to end it.
    let ended = matches!(app.revocations.standing(session.id, now), Standing::Ended(_));
    (!ended).then_some((session, carrier))
}

/// The address of the client: the other end of the connection or, as long as that is a trusted proxy, whom
/// it says it forwards for, from the right. What stands left of the first stranger anybody could have
/// written. A request that came over no connection is this machine's own.
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

/// An address as proxies write it: alone, in brackets, or with a port.
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
    fn without_trusted_proxies_nobody_is_believed() {
        assert_eq!(client("203.0.113.9", &["192.0.2.1"], &[]), "203.0.113.9");
        assert_eq!(client("203.0.113.9", &["192.0.2.1"], &["10.0.0.0/8"]), "203.0.113.9", "not from this one");
    }

    #[test]
    fn trusted_proxies_are_passed_from_the_right() {
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
