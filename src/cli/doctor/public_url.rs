//! `PUBLIC_URL` and the address on which the service listens.

use std::net::IpAddr;

use url::{Host, Url};

use super::{Check, Finding};
use crate::config::{Config, Environment};

const CHECK: Check = Check("public-url");

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let Some(public) = &config.listen.public_url else { return vec![missing(config)] };
    let url = public.to_url();
    let mut problems = Vec::new();
    if is_this_machine(&url) && config.daypass_env == Environment::Production {
        problems.push(CHECK.error(
            format!("PUBLIC_URL={public} is an address of this machine, so links in messages work only here"),
            "PUBLIC_URL=https://<host of the site>",
        ));
    }
    problems.extend(mismatch(config, &url));
    CHECK.or_ok(problems, format!("links and messages use {public}"))
}

fn missing(config: &Config) -> Finding {
    match config.daypass_env {
        Environment::Development => CHECK.ok(format!("not set; links use {}", config.public_url())),
        Environment::Production => CHECK.warning(
            format!("not set; the links of invitations start with {}", config.public_url()),
            "PUBLIC_URL=https://<host of the site>",
        ),
    }
}

/// Compares the address with the listener, if it leads to this machine without a proxy.
fn mismatch(config: &Config, url: &Url) -> Option<Finding> {
    let (host, port) = (config.listen.host, config.listen.port);
    let is_direct = is_this_machine(url) || address(url).is_some_and(|address| address == host);
    let public_port = url.port_or_known_default().unwrap_or_default();
    let here = match url.host_str() {
        Some(host) => format!("PUBLIC_URL=http://{host}:{port}"),
        None => format!("PUBLIC_URL=http://localhost:{port}"),
    };
    if is_direct && url.scheme() == "https" && public_port == port {
        let found = format!("PUBLIC_URL uses https on port {port}, where Daypass listens without TLS");
        return Some(CHECK.error(found, here));
    }
    if is_direct && url.scheme() == "http" && port != 0 && public_port != port {
        let found = format!("PUBLIC_URL uses port {public_port}, but Daypass listens on port {port}");
        return Some(CHECK.warning(found, format!("{here}, or PORT={public_port}")));
    }
    let is_unreachable = host.is_loopback() && !is_this_machine(url) && url.scheme() == "http" && public_port == port;
    is_unreachable.then(|| {
        let found = format!("PUBLIC_URL is an address for other machines, but Daypass listens only on {host}");
        CHECK.warning(found, "HOST=0.0.0.0")
    })
}

fn address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// Returns whether only this machine can use the address.
pub(super) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        _ => address(url).is_some_and(|address| address.is_loopback() || address.is_unspecified()),
    }
}
