//! `COOKIE_SECURE`, and whether browsers can store the cookies.

use url::Url;

use super::public_url::is_this_machine;
use super::{Check, Finding};
use crate::config::{Config, CookieSecure, Environment, PublicUrl};

const CHECK: Check = Check("cookies");

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let environment = config.daypass_env;
    let secure = config.sessions.cookie_secure(environment);
    let url = config.listen.public_url.as_ref().map(PublicUrl::to_url);
    let scheme = url.as_ref().map_or("", Url::scheme);
    let needs_tls = url.as_ref().is_some_and(|url| !is_this_machine(url));
    vec![match (environment, secure) {
        (Environment::Production, CookieSecure::Never | CookieSecure::Auto) => CHECK.error(
            "production sends session cookies only over TLS, so Daypass does not start with this COOKIE_SECURE",
            "COOKIE_SECURE=true",
        ),
        (_, CookieSecure::Always) if scheme == "http" && needs_tls => CHECK.error(
            "browsers do not store Secure cookies from the http address of PUBLIC_URL, so sign-in with cookies fails",
            match environment {
                Environment::Production => "PUBLIC_URL=https://<host of the site>",
                Environment::Development => "COOKIE_SECURE=auto",
            },
        ),
        (_, CookieSecure::Never) => {
            let found = "session cookies are sent without TLS, and other hosts of this domain can set them";
            CHECK.warning(found, if scheme == "https" { "COOKIE_SECURE=true" } else { "COOKIE_SECURE=auto" })
        }
        (_, CookieSecure::Auto) if scheme == "https" => {
            let found =
                "PUBLIC_URL uses https, but cookies of requests without X-Forwarded-Proto: https are not Secure";
            CHECK.warning(found, "COOKIE_SECURE=true")
        }
        (_, CookieSecure::Auto) => CHECK.ok("cookies are Secure on https and on this machine (COOKIE_SECURE=auto)"),
        (_, CookieSecure::Always) => CHECK.ok("browsers send the cookies only over TLS (COOKIE_SECURE=true)"),
    }]
}
