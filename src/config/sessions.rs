//! How sessions reach browsers, how long they live unused, and where their variables are kept.

use std::fmt;

use chrono::TimeDelta;
use clap::Args;
use redis::{Client, ConnectionAddr};
use secrecy::{ExposeSecret, SecretString};

use super::{Environment, duration};

/// Settings of sessions.
#[derive(Args, Clone, Debug)]
pub struct SessionConfig {
    /// Whether the session cookie is sent over TLS alone, true or false; false only in development
    #[arg(long, env = "COOKIE_SECURE", default_value_t = true, action = clap::ArgAction::Set, global = true)]
    pub cookie_secure: bool,
    /// Ends a session that is not used for so long, such as 30m: its tokens live as long and are renewed while they
    /// are used, until JWT_TTL has passed; or false
    #[arg(long, env = "SESSION_ROLLING", default_value = "false", value_parser = rolling, global = true)]
    pub session_rolling: Rolling,
    /// Where session variables are kept: database, memory, cookie, or the address of a Redis server
    #[arg(long, env = "SESSION_STORE", default_value = "database", hide_env_values = true, global = true)]
    pub session_store: SessionStore,
}

/// The time after which a session that is not used ends, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rolling(pub Option<TimeDelta>);

/// Where session variables are kept.
#[derive(Clone, Debug)]
pub enum SessionStore {
    /// In the database, with everything else.
    Database,
    /// In the memory of this process.
    Memory,
    /// In an encrypted cookie.
    Cookie,
    /// In the Redis server of this address, which may hold a password. Any other text is taken for one, and told
    /// without being repeated that it is none.
    Redis(SecretString),
}

impl SessionConfig {
    /// Whether these settings can be used in `environment`, with sessions that live for `ttl`.
    ///
    /// # Errors
    /// What to change.
    pub fn check(&self, environment: Environment, ttl: TimeDelta) -> Result<(), String> {
        if !self.cookie_secure && environment == Environment::Production {
            return Err("COOKIE_SECURE=false is for development: in production the cookie travels over TLS".to_owned());
        }
        if self.session_rolling.0.is_some_and(|unused| unused > ttl) {
            return Err("SESSION_ROLLING is longer than JWT_TTL".to_owned());
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
            // Only what is known to be no part of a password.
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

/// The Redis server of this address.
///
/// # Errors
/// What is wrong with it, in words that do not repeat it.
pub(crate) fn client(address: &SecretString) -> Result<Client, &'static str> {
    let address = address.expose_secret();
    let scheme = address.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !scheme.is_some_and(|scheme| ["redis", "rediss", "redis+unix"].contains(&&*scheme)) {
        return Err("database, memory, cookie, or the address of a Redis server such as redis://127.0.0.1");
    }
    Client::open(address).map_err(|_| "the address of the Redis server cannot be read")
}

fn rolling(text: &str) -> Result<Rolling, String> {
    if text == "false" {
        return Ok(Rolling(None));
    }
    match duration::parse(text) {
        Ok(unused) if unused >= TimeDelta::minutes(1) => Ok(Rolling(Some(unused))),
        Ok(_) => Err("at least 1m".to_owned()),
        Err(_) => Err("false, or how long a session may be unused, such as 30m".to_owned()),
    }
}

impl From<String> for SessionStore {
    /// Any text: it may hold a password, and clap would repeat what it refuses.
    fn from(text: String) -> Self {
        match &*text {
            "database" => Self::Database,
            "memory" => Self::Memory,
            "cookie" => Self::Cookie,
            _ => Self::Redis(SecretString::from(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rolling_is_off_or_a_time_of_at_least_a_minute() {
        assert_eq!(rolling("false"), Ok(Rolling(None)));
        assert_eq!(rolling("30m"), Ok(Rolling(Some(TimeDelta::minutes(30)))));
        for bad in ["true", "59s", "", "soon"] {
            assert!(rolling(bad).is_err(), "{bad}");
        }
    }

    fn store(text: &str) -> SessionStore {
        SessionStore::from(text.to_owned())
    }

    #[test]
    fn a_store_that_cannot_be_used_is_told_without_being_repeated() {
        for bad in ["", "postgres://u:p@host", "redis", "redis:p@host", "redis://:p@0.0.0.0", "redis://:p@host:port"] {
            let SessionStore::Redis(address) = store(bad) else { panic!("{bad}") };
            let told = client(&address).map(|_| ()).unwrap_err();
            assert!(bad.is_empty() || bad == "redis" || !told.contains(bad), "{bad}");
        }
    }

    #[test]
    fn a_store_is_named_and_its_password_is_not_shown() {
        for (address, shown) in [
            ("redis://user:p@ss@host:6379/1", "redis://host:6379/1"),
            ("REDISS://:p%40ss@host", "rediss://host:6379"),
            ("redis://[::1]:7000/?protocol=resp3", "redis://[::1]:7000"),
            ("redis+unix:///tmp/x.sock?pass=p@ss&db=2", "redis+unix:///tmp/x.sock"),
            ("redis://user:p?ss@host", "redis"),
            ("nonsense:p@ss", "redis"),
        ] {
            assert_eq!(store(address).to_string(), shown, "{address}");
            assert!(!format!("{:?}", store(address)).contains("ss@"), "{address}");
        }
        for name in ["database", "memory", "cookie"] {
            assert_eq!(store(name).to_string(), name);
        }
    }
}
