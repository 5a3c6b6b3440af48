//! The site that a request comes from. The server uses it to protect session cookies against cross-site request
//! forgery.
//!
//! Browsers send `Sec-Fetch-Site`, which pages cannot forge. Older browsers, and all browsers without TLS, send at
//! least `Origin` if the method is unsafe. `SameSite=Lax` is not enough, because another port of this host counts as
//! the same site.

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
    /// A page of another origin, such as another port of this host.
    CrossSite,
    /// The request has neither `Sec-Fetch-Site` nor `Origin`. If the method is unsafe, current browsers always send at
    /// least one of them.
    Missing,
}

impl FetchSite {
    /// Returns the site of a request. `secure` means that pages of this origin are served over TLS only.
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

    /// Returns whether a request from this site may use this method with a session cookie.
    pub fn may(self, method: &Method) -> bool {
        method.is_safe() || self == Self::SameOrigin
    }
}

/// Returns whether `origin` has the host and port of the request. With `secure`, `origin` must also use TLS or be this
/// machine.
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
