//! TLS and the proxy in front of the service.

use std::net::IpAddr;

use ipnet::IpNet;

use super::finding::Level;
use super::{Check, Finding};
use crate::config::{Config, Environment};

const TLS: Check = Check("tls");
pub(super) const PROXY: Check = Check("proxy");
/// Larger networks than these have addresses of clients.
const MIN_PREFIX_V4: u8 = 8;
const MIN_PREFIX_V6: u8 = 16;

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let mut findings = vec![tls(config)];
    let wide = config.limits.trusted_proxies.iter().filter(|network| is_wide(network));
    let wide = wide.map(|network| {
        PROXY.problem(
            Level::strict(config.daypass_env),
            format!("TRUSTED_PROXIES trusts {network}: clients in it can forge their address and avoid rate limits"),
            trusted_proxies_of(config),
        )
    });
    findings.extend(PROXY.or_ok(wide.chain(untrusted_proxy(config)).collect(), described(config)));
    findings
}

/// Checks that clients use TLS (RFC 6750 §5.3). Daypass itself has no TLS.
fn tls(config: &Config) -> Finding {
    let is_https = config.listen.public_url.as_ref().map(|url| url.to_url().scheme() == "https");
    match (config.daypass_env, is_https) {
        (_, Some(true)) => TLS.ok("clients use https, because PUBLIC_URL is an https address"),
        (Environment::Development, _) => TLS.ok("not required in development"),
        (Environment::Production, Some(false)) => TLS.error(
            "PUBLIC_URL is an http address, so passwords and tokens are sent without TLS",
            "PUBLIC_URL=https://<host of the site>",
        ),
        (Environment::Production, None) => TLS.warning(
            "PUBLIC_URL is not set, so it is unknown whether clients use TLS",
            "PUBLIC_URL=https://<host of the site>",
        ),
    }
}

/// Without TLS of its own, a service in production is always behind a proxy.
fn untrusted_proxy(config: &Config) -> Option<Finding> {
    let has_proxy = config.daypass_env == Environment::Production
        || config.listen.public_url.as_ref().is_some_and(|url| url.to_url().scheme() == "https");
    (has_proxy && config.limits.trusted_proxies.is_empty()).then(|| {
        PROXY.problem(
            Level::strict(config.daypass_env),
            "TRUSTED_PROXIES is not set: Daypass has no TLS, so a proxy is in front of it, and all clients share the rate \
             limits of the proxy's address",
            trusted_proxies_of(config),
        )
    })
}

/// Returns the setting for the proxy that can reach this listener.
fn trusted_proxies_of(config: &Config) -> String {
    match config.listen.host {
        IpAddr::V4(host) if host.is_loopback() => "TRUSTED_PROXIES=127.0.0.1".to_owned(),
        IpAddr::V6(host) if host.is_loopback() => "TRUSTED_PROXIES=::1".to_owned(),
        _ => "TRUSTED_PROXIES=<addresses from which the proxy connects, such as 10.0.0.5 or 172.18.0.0/16>".to_owned(),
    }
}

fn is_wide(network: &IpNet) -> bool {
    match network {
        IpNet::V4(network) => network.prefix_len() < MIN_PREFIX_V4,
        IpNet::V6(network) => network.prefix_len() < MIN_PREFIX_V6,
    }
}

fn described(config: &Config) -> String {
    let proxies: Vec<_> = config.limits.trusted_proxies.iter().map(ToString::to_string).collect();
    if proxies.is_empty() {
        "no proxy is trusted, so clients must connect directly".to_owned()
    } else {
        format!("only X-Forwarded-For of {} is used", proxies.join(", "))
    }
}
