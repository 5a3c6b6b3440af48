//! Protection of session cookies against cross-site request forgery: which site a request comes from.
//!
//! Browsers send `Sec-Fetch-Site`, which no page can forge. Older browsers, and all browsers without TLS, send at least
//! `Origin`. `SameSite=Lax` is not enough, because another port of this host is the same site.

use axum::http::header::ORIGIN;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};

use super::origin::{authority, is_this_machine};
use crate::headers::FETCH_SITE;

/// The site that a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchSite {
    /// A page of this origin.
    SameOrigin,
    /// No page: the user typed the address or opened a bookmark.
    None,
    /// A page of another origin, also of another port of this host.
    CrossSite,
    /// The request has neither header. Current browsers always send one.
    Missing,
}

impl FetchSite {
    /// Reads the site of a request. `secure`: pages of this origin are served over TLS only.
    pub fn of(parts: &Parts, secure: bool) -> Self {
        let mut sites = parts.headers.get_all(FETCH_SITE).iter().map(HeaderValue::as_bytes);
        match (sites.next(), sites.next()) {
            (None, _) => {}
            (Some(b"same-origin"), None) => return Self::SameOrigin,
            (Some(b"none"), None) => return Self::None,
            _ => return Self::CrossSite,
        }
        let mut origins = parts.headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Self::Missing,
            (Some(origin), None) if is_same_origin(origin, authority(&parts.uri, &parts.headers), secure) => {
                Self::SameOrigin
            }
            _ => Self::CrossSite,
        }
    }

    /// Whether a session in a cookie may use this method.
    pub fn may(self, method: &Method) -> bool {
        method.is_safe() || self == Self::SameOrigin
    }
}

/// Whether `origin` has the host and port of the request, and TLS unless it is this machine.
fn is_same_origin(origin: &HeaderValue, authority: Option<&str>, secure: bool) -> bool {
    let (Ok(origin), Some(authority)) = (origin.to_str(), authority.filter(|authority| !authority.is_empty())) else {
        return false;
    };
    // Browsers leave out the default port, but a proxy may add it to `Host`.
    let is_host =
        |host: &str, default: &str| host.eq_ignore_ascii_case(authority.strip_suffix(default).unwrap_or(authority));
    match origin.split_once("://") {
        Some(("https", host)) => is_host(host, ":443"),
        Some(("http", host)) => is_host(host, ":80") && (!secure || is_this_machine(host)),
        _ => false,
    }
}
