//! Validates the host of a request (RFC 9112 §3.2, RFC 9113 §8.3.1).

use axum::http::header::HOST;
use axum::http::{HeaderMap, Uri, Version};

/// Returns whether a request has exactly one valid host. In HTTP/1.0, the host is optional. In HTTP/2, `:authority` can
/// replace the `Host` header.
pub(super) fn is_valid(version: Version, uri: &Uri, headers: &HeaderMap) -> bool {
    let authority = uri.authority().filter(|_| version == Version::HTTP_2);
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version < Version::HTTP_11 || authority.is_some(),
        (Some(host), None) => {
            let host = host.as_bytes();
            is_host(host) && authority.is_none_or(|authority| host.eq_ignore_ascii_case(authority.as_str().as_bytes()))
        }
        _ => false,
    }
}

/// Returns whether the text has only the characters of a host with an optional port. This excludes credentials, paths
/// and lists of hosts.
fn is_host(host: &[u8]) -> bool {
    let allowed = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b':' | b'[' | b']')
    };
    !host.is_empty() && host.iter().all(allowed)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn http_2_host_is_the_authority() {
        let valid = |uri: &str, hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, HeaderValue::from_str(host).unwrap());
            }
            is_valid(Version::HTTP_2, &uri.parse().unwrap(), &headers)
        };
        assert!(valid("http://a.example/x", &[]));
        assert!(valid("http://a.example/x", &["A.example"]));
        assert!(valid("/x", &["a.example"]), "a gateway may translate Host instead");
        assert!(!valid("http://a.example/x", &["b.example"]));
        assert!(!valid("http://a.example/x", &["a.example", "a.example"]));
        assert!(!valid("/x", &[]));
    }
}
