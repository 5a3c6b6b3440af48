//! The origin that the client sees: scheme, host and port.

use std::fmt;
use std::net::IpAddr;

use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};

use crate::headers::FORWARDED_PROTO;

/// Returns whether browsers store a `Secure` cookie from the response to this request. They do so over TLS, and from
/// this machine. A client that forges `X-Forwarded-Proto` changes only its own cookies.
pub fn stores_secure_cookies(uri: &Uri, headers: &HeaderMap) -> bool {
    is_tls(headers) || authority(uri, headers).is_none_or(is_this_machine)
}

/// Returns the origin of the request, such as `http://localhost:3000`.
pub fn origin(uri: &Uri, headers: &HeaderMap) -> Option<Origin> {
    let authority: Authority = authority(uri, headers)?.parse().ok()?;
    Some(Origin { scheme: scheme(headers), authority })
}

/// Returns the scheme of the request: `https` if a proxy received it over TLS.
pub fn scheme(headers: &HeaderMap) -> &'static str {
    if is_tls(headers) { "https" } else { "http" }
}

/// The scheme, host and port of a page.
pub struct Origin {
    scheme: &'static str,
    authority: Authority,
}

impl Origin {
    pub fn is_this_machine(&self) -> bool {
        is_this_machine(self.authority.as_str())
    }

    /// Returns the origin with the same scheme and port, but another host.
    pub fn at(&self, host: IpAddr) -> String {
        let port = self.authority.port_u16().map_or_else(String::new, |port| format!(":{port}"));
        if host.is_ipv6() {
            format!("{}://[{host}]{port}", self.scheme)
        } else {
            format!("{}://{host}{port}", self.scheme)
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// Returns whether a proxy received the request over TLS.
fn is_tls(headers: &HeaderMap) -> bool {
    let scheme = headers.get(FORWARDED_PROTO).and_then(|value| value.to_str().ok()?.split(',').next());
    scheme.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
}

/// Returns the host and port of the request: from the URI in HTTP/2, from `Host` in HTTP/1.1.
pub(super) fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let host = || headers.get(HOST).and_then(|host| host.to_str().ok());
    uri.authority().map(Authority::as_str).or_else(host)
}

/// Returns whether the host is this machine, which browsers trust without TLS (W3C Secure Contexts §3.1).
pub(super) fn is_this_machine(authority: &str) -> bool {
    let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { host } else { authority }
    });
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn secure_cookies_are_stored_over_tls_and_from_this_machine() {
        let stores = |sent: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in sent {
                headers.append(*name, HeaderValue::from_str(value).unwrap());
            }
            stores_secure_cookies(&Uri::from_static("/"), &headers)
        };
        for host in ["localhost:3000", "127.0.0.1", "[::1]:3000"] {
            assert!(stores(&[("host", host)]), "{host}");
        }
        for host in ["192.168.1.20:3000", "daypass.lan", "localhost.example", "127.0.0.1.example:3000"] {
            assert!(!stores(&[("host", host)]), "{host}");
            assert!(stores(&[("host", host), ("x-forwarded-proto", "https")]), "{host}");
            assert!(stores(&[("host", host), ("x-forwarded-proto", "HTTPS, http")]), "{host}");
            assert!(!stores(&[("host", host), ("x-forwarded-proto", "http")]), "{host}");
        }
        assert!(stores(&[]), "no browser omits the host");
    }

    #[test]
    fn origin_can_be_moved_to_another_host() {
        let origin_of = |host: &str| {
            let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_str(host).unwrap())]);
            origin(&Uri::from_static("/"), &headers)
        };
        let local = origin_of("localhost:3000").unwrap();
        assert!(local.is_this_machine());
        assert_eq!(local.at("192.168.1.20".parse().unwrap()), "http://192.168.1.20:3000");
        assert_eq!(local.at("fd00::1".parse().unwrap()), "http://[fd00::1]:3000");
        assert_eq!(origin_of("daypass.example").unwrap().to_string(), "http://daypass.example");
        for bad in ["\"><script>", "a b", ""] {
            assert!(origin_of(bad).is_none_or(|origin| !origin.to_string().contains(['<', '"', ' '])), "{bad}");
        }
    }
}
