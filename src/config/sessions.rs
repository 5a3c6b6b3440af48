//! Settings of sessions and session data.

use std::fmt;

use chrono::TimeDelta;
use clap::Args;
use redis::{Client, ConnectionAddr};
use secrecy::{ExposeSecret, SecretString};

use super::Environment;
use super::parsers::{duration, parse_duration, word_for_boolean};

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Sessions")]
pub struct SessionConfig {
    /// Send session cookies only over TLS: true, false, or auto (on https and on localhost only); production requires
    /// true [default: auto in development, true in production]
    #[arg(long, env = "COOKIE_SECURE", value_parser = cookie_secure, help_heading = "Browsers", global = true)]
    pub cookie_secure: Option<CookieSecure>,
    /// Name of the session cookie, without the prefix __Host-; services on the same host need different names
    #[arg(
        long,
        env = "COOKIE_NAME",
        default_value = "daypass",
        value_parser = cookie_name,
        help_heading = "Browsers",
        global = true
    )]
    pub cookie_name: String,
    /// End a session after this time without use, such as 30m; false disables this. Tokens expire after this time.
    /// They are renewed while the session is used, until it is as old as SESSION_MAX
    #[arg(long, env = "SESSION_ROLLING", default_value = "false", value_parser = rolling, global = true)]
    pub session_rolling: Rolling,
    /// Maximum lifetime of a session, up to 400d; if it is longer than JWT_TTL, clients renew their tokens [default:
    /// JWT_TTL]
    #[arg(long, env = "SESSION_MAX", value_parser = duration("1m", "400d"), global = true)]
    pub session_max: Option<TimeDelta>,
    /// Store of session variables: database, memory, cookie, or the address of a Redis server
    #[arg(long, env = "SESSION_STORE", default_value = "database", hide_env_values = true, global = true)]
    pub session_store: SessionStore,
}

/// Which session cookies are `Secure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieSecure {
    Always,
    Never,
    /// The cookies of requests over TLS or to this machine. Other browsers in a local network would not store `Secure`
    /// cookies.
    Auto,
}

/// The time after which an unused session ends. `None` if sessions do not end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rolling(pub Option<TimeDelta>);

/// The store of session variables.
#[derive(Clone, Debug)]
pub enum SessionStore {
    Database,
    Memory,
    Cookie,
    /// The address of a Redis server, which may contain a password. Invalid text is also stored here.
    /// [`SessionConfig::check`] reports it without printing it.
    Redis(SecretString),
}

impl SessionConfig {
    /// Returns the setting, or the environment's default.
    #[must_use]
    pub fn cookie_secure(&self, environment: Environment) -> CookieSecure {
        self.cookie_secure.unwrap_or(match environment {
            Environment::Development => CookieSecure::Auto,
            Environment::Production => CookieSecure::Always,
        })
    }

    /// Checks that `environment` and the token lifetime `ttl` allow these settings.
    ///
    /// # Errors
    /// A message that says what to change.
    pub fn check(&self, environment: Environment, ttl: TimeDelta) -> Result<(), String> {
        if environment == Environment::Production {
            match self.cookie_secure(environment) {
                CookieSecure::Always => {}
                CookieSecure::Never => return Err("COOKIE_SECURE=false is not allowed in production".to_owned()),
                CookieSecure::Auto => return Err("COOKIE_SECURE=auto is not allowed in production".to_owned()),
            }
        }
        if self.session_rolling.0.is_some_and(|unused| unused > ttl) {
            return Err("SESSION_ROLLING must not be longer than JWT_TTL".to_owned());
        }
        if self.session_max.is_some_and(|max| max < ttl) {
            return Err("SESSION_MAX must not be shorter than JWT_TTL".to_owned());
        }
        match &self.session_store {
            SessionStore::Redis(address) => {
                client(address).map(|_| ()).map_err(|error| format!("SESSION_STORE: {error}"))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for SessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database => f.write_str("database"),
            Self::Memory => f.write_str("memory"),
            Self::Cookie => f.write_str("cookie"),
            // Only the parsed parts are printed, because the address may contain a password.
            Self::Redis(address) => match client(address) {
                Ok(client) => show(client.get_connection_info(), f),
                Err(_) => f.write_str("redis"),
            },
        }
    }
}

fn show(server: &redis::ConnectionInfo, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (scheme, host, port) = match server.addr() {
        ConnectionAddr::TcpTls { host, port, .. } => ("rediss", host, port),
        ConnectionAddr::Tcp(host, port) => ("redis", host, port),
        socket => return write!(f, "redis+unix://{socket}"),
    };
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    write!(f, "{scheme}://{host}:{port}")?;
    match server.redis_settings().db() {
        0 => Ok(()),
        db => write!(f, "/{db}"),
    }
}

/// Parses the address of a Redis server.
///
/// # Errors
/// A message that does not contain the address.
pub(crate) fn client(address: &SecretString) -> Result<Client, &'static str> {
    let address = address.expose_secret();
    let scheme = address.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !scheme.is_some_and(|scheme| ["redis", "rediss", "redis+unix"].contains(&&*scheme)) {
        return Err("must be database, memory, cookie, or the address of a Redis server such as redis://127.0.0.1");
    }
    Client::open(address).map_err(|_| "the address of the Redis server is invalid")
}

fn cookie_name(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    // A name that ends in `-variables` could be the name of another service's cookie with session data.
    if (1..=32).contains(&text.len()) && text.bytes().all(allowed) && !text.ends_with("-variables") {
        return Ok(text.to_owned());
    }
    Err("must have 1 to 32 of the characters A-Z a-z 0-9 _ -, and must not end in -variables".to_owned())
}

fn cookie_secure(text: &str) -> Result<CookieSecure, &'static str> {
    match word_for_boolean(text) {
        Some(true) => Ok(CookieSecure::Always),
        Some(false) => Ok(CookieSecure::Never),
        None if text.trim().eq_ignore_ascii_case("auto") => Ok(CookieSecure::Auto),
        None => Err("must be true, false or auto"),
    }
}

fn rolling(text: &str) -> Result<Rolling, String> {
    if word_for_boolean(text) == Some(false) {
        return Ok(Rolling(None));
    }
    match parse_duration(text) {
        Ok(unused) if unused >= TimeDelta::minutes(1) => Ok(Rolling(Some(unused))),
        Ok(_) => Err("must be at least 1m".to_owned()),
        Err(_) => Err("must be false, or a duration such as 30m".to_owned()),
    }
}

impl From<String> for SessionStore {
    /// Accepts any text. For invalid text, clap would print the value, which may contain a password.
    fn from(text: String) -> Self {
        match &*text.trim().to_ascii_lowercase() {
            "database" => Self::Database,
            "memory" => Self::Memory,
            "cookie" => Self::Cookie,
            _ => Self::Redis(SecretString::from(text.trim())),
        }
    }
}
