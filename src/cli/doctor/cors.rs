//! The origins whose pages may call the API.

use url::Url;

use super::public_url::is_this_machine;
use super::{Check, Finding};
use crate::config::{AllowedOrigins, Config, Environment};

const CHECK: Check = Check("cors");

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let AllowedOrigins::Listed(origins) = config.cors.allowed_origins(config.daypass_env) else {
        return vec![CHECK.ok("pages of this machine and of private networks may call the API")];
    };
    let problems: Vec<_> = origins
        .iter()
        .filter_map(|origin| {
            let (is_error, why) = problem(origin, config)?;
            let others: Vec<_> = origins.iter().filter(|other| *other != origin).map(String::as_str).collect();
            let (found, repair) = (format!("{origin} {why}"), format!("CORS_ORIGINS={}", others.join(",")));
            Some(if is_error { CHECK.error(found, repair) } else { CHECK.warning(found, repair) })
        })
        .collect();
    let found = match &*origins {
        [] => "pages of other origins may not call the API".to_owned(),
        origins => format!("pages of {} may call the API", origins.join(", ")),
    };
    CHECK.or_ok(problems, found)
}

/// Returns what is wrong with an origin, and whether it is an error.
fn problem(origin: &str, config: &Config) -> Option<(bool, &'static str)> {
    // Origins of apps and browser extensions, such as capacitor://localhost, have other schemes.
    let url = Url::parse(origin).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let host = url.host_str().unwrap_or_default();
    if matches!(host, "0.0.0.0" | "[::]") || url.port() == Some(0) {
        return Some((true, "is not an address that a browser can open, so it allows no page"));
    }
    let public = config.listen.public_url.as_ref().map(|public| public.to_url().origin());
    if public.is_some_and(|public| public == url.origin()) {
        return Some((false, "is the origin of PUBLIC_URL, whose pages need no permission"));
    }
    if config.daypass_env == Environment::Development {
        return None;
    }
    match (is_this_machine(&url), url.scheme()) {
        (true, _) => Some((false, "allows pages on the machines of your users to call the API of production")),
        (false, "http") => Some((true, "has no TLS: an attacker in the network can change its pages and use the API")),
        _ => None,
    }
}
