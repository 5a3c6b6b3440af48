//! Checks and headers of all requests.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::headers::FETCH_SITE;

const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'")),
];

/// Refuses requests for other hosts, and adds the security headers.
pub(super) async fn protect(request: Request, next: Next) -> Response {
    let mut response = if is_for_this_machine(request.uri(), request.headers()) {
        next.run(request).await
    } else {
        let text = "The teaching provider is for lessons only. It answers only at localhost and at loopback addresses.";
        (StatusCode::MISDIRECTED_REQUEST, text).into_response()
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

/// Returns whether each host that the request names is this machine. An attacker's page can point its own host name at
/// 127.0.0.1 (DNS rebinding). The browser then lets the page read the responses, but sends the page's host name.
fn is_for_this_machine(uri: &Uri, headers: &HeaderMap) -> bool {
    let of_header = headers.get_all(HOST).iter().map(|host| Authority::try_from(host.as_bytes()).ok());
    let mut hosts = uri.authority().cloned().map(Some).into_iter().chain(of_header).peekable();
    hosts.peek().is_some() && hosts.all(|host| host.is_some_and(|host| is_this_machine(host.host())))
}

fn is_this_machine(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_loopback = address.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    is_loopback || host.eq_ignore_ascii_case("localhost")
}

/// Returns whether a page of another site sent the request. Browsers send `Sec-Fetch-Site`, which pages cannot forge.
pub(super) fn is_cross_site(headers: &HeaderMap) -> bool {
    headers.get(FETCH_SITE).is_some_and(|site| site != "same-origin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_localhost_and_loopback_addresses_are_this_machine() {
        let is_accepted = |uri: &str, hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, HeaderValue::from_str(host).unwrap());
            }
            is_for_this_machine(&uri.parse().unwrap(), &headers)
        };
        for host in ["127.0.0.1:4000", "127.8.9.1", "localhost", "LOCALHOST:4000", "[::1]:4000"] {
            assert!(is_accepted("/", &[host]), "{host}");
        }
        for host in
            ["attacker.example", "127.0.0.1.attacker.example", "192.168.1.20:4000", "localhost.example", "", "@"]
        {
            assert!(!is_accepted("/", &[host]), "{host}");
        }
        assert!(!is_accepted("/", &[]));
        assert!(!is_accepted("/", &["localhost", "attacker.example"]));
        assert!(!is_accepted("http://attacker.example/", &["localhost"]));
    }
}
