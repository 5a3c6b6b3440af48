//! From whose page a browser sent a request: what keeps others from using a session that travels by cookie.
//!
//! Browsers say it in `Sec-Fetch-Site`, which no page can forge; older ones, and those that reach us without TLS,
//! say at least `Origin`. `SameSite=Lax` alone is not enough: another port of this host is the same site.

use axum::http::header::{HOST, HeaderName, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// From whose page a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// A page of this very origin.
    Ours,
    /// No page: a person, who typed the address or followed a bookmark.
    Person,
    /// Somebody else's page, and be it on another port of this host.
    Elsewhere,
    /// It does not say; no browser of today.
    Unsaid,
}

impl Site {
    /// From whose page this request came. `secure`: whether our own pages travel over TLS alone.
    #[must_use]
    pub fn of(parts: &Parts, secure: bool) -> Self {
        Self::read(&parts.uri, &parts.headers, secure)
    }

    /// The same, of a request's address and headers.
    #[must_use]
    pub fn read(uri: &Uri, headers: &HeaderMap, secure: bool) -> Self {
        let mut sites = headers.get_all(FETCH_SITE).iter().map(HeaderValue::as_bytes);
        match (sites.next(), sites.next()) {
            (None, _) => {}
            (Some(b"same-origin"), None) => return Self::Ours,
            (Some(b"none"), None) => return Self::Person,
            _ => return Self::Elsewhere,
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Self::Unsaid,
            (Some(origin), None) if is_ours(origin, authority(uri, headers), secure) => Self::Ours,
            _ => Self::Elsewhere,
        }
    }

    /// Whether a session that came by cookie may do this.
    #[must_use]
    pub fn may(self, method: &Method) -> bool {
        method.is_safe() || self == Self::Ours
    }
}

/// The host and port that the client asked: in the request line of HTTP/2, in `Host` before.
fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let host = || headers.get(HOST).and_then(|host| host.to_str().ok());
    uri.authority().map(axum::http::uri::Authority::as_str).or_else(host)
}

/// Whether this is the origin of our pages: our host and port, and TLS unless it is this machine.
fn is_ours(origin: &HeaderValue, authority: Option<&str>, secure: bool) -> bool {
    let (Ok(origin), Some(authority)) = (origin.to_str(), authority.filter(|authority| !authority.is_empty())) else {
        return false;
    };
    match origin.split_once("://") {
        Some(("https", host)) => host.eq_ignore_ascii_case(authority),
        Some(("http", host)) => host.eq_ignore_ascii_case(authority) && (!secure || is_this_machine(host)),
        _ => false,
    }
}

/// Browsers trust these without TLS (W3C Secure Contexts §3.1).
fn is_this_machine(authority: &str) -> bool {
    let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { host } else { authority }
    });
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(said: &[(&'static str, &str)], secure: bool) -> Site {
        let mut headers = HeaderMap::new();
        for (name, value) in said {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        Site::read(&Uri::from_static("/api/items"), &headers, secure)
    }

    #[test]
    fn what_the_browser_says_of_itself_decides() {
        for (said, expected) in [
            ("same-origin", Site::Ours),
            ("none", Site::Person),
            ("same-site", Site::Elsewhere),
            ("cross-site", Site::Elsewhere),
            ("", Site::Elsewhere),
        ] {
            assert_eq!(
                site(&[("sec-fetch-site", said), ("host", "a.example"), ("origin", "https://a.example")], true),
                expected
            );
        }
    }

    #[test]
    fn an_older_browser_names_the_origin_which_must_be_ours_to_the_letter() {
        let from = |origin: &str, secure| site(&[("host", "a.example"), ("origin", origin)], secure);
        assert_eq!(from("https://a.example", true), Site::Ours);
        assert_eq!(from("http://a.example", false), Site::Ours);
        for other in [
            "http://a.example",
            "https://a.example:8443",
            "https://a.example.evil.example",
            "https://evil.example",
            "https://a.example@evil.example",
            "https://a.example/",
            "https://b.a.example",
            "null",
            "",
        ] {
            assert_eq!(from(other, true), Site::Elsewhere, "{other}");
        }
        assert_eq!(site(&[("host", "a.example")], true), Site::Unsaid);
        let twice = [("host", "a.example"), ("origin", "https://a.example"), ("origin", "https://evil.example")];
        assert_eq!(site(&twice, true), Site::Elsewhere);
    }

    #[test]
    fn this_machine_is_trusted_without_tls() {
        for host in ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "localhost"] {
            assert_eq!(site(&[("host", host), ("origin", &format!("http://{host}"))], true), Site::Ours, "{host}");
        }
        let other_port = [("host", "localhost:3000"), ("origin", "http://localhost:8080")];
        assert_eq!(site(&other_port, true), Site::Elsewhere);
    }

    #[test]
    fn only_our_own_pages_change_anything() {
        for site in [Site::Ours, Site::Person, Site::Elsewhere, Site::Unsaid] {
            assert!(site.may(&Method::GET) && site.may(&Method::HEAD));
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                assert_eq!(site.may(&method), site == Site::Ours, "{site:?}");
            }
        }
    }
}
