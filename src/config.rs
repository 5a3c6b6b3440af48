//! Settings: small structs, read from flags and the environment once, in one place.
//!
//! clap is the single source: `daypass --help` lists what is here, and a test holds `.env.example`
//! and the README's table against it. Secrets are types whose `Debug` hides them.

use clap::{Args, ValueEnum};

mod classroom;
mod cors;
mod database;
mod duration;
mod limits;
mod log;
mod passwords;
mod secrets;
mod sessions;
mod tokens;

pub use classroom::ClassroomConfig;
pub use cors::{CorsConfig, OriginRule};
pub use database::{DatabaseConfig, DatabaseUrl};
pub use limits::{LimitConfig, RateLimits};
pub use log::{LogConfig, LogFormat};
pub use passwords::PasswordConfig;
pub use secrets::{EXAMPLE_SECRET, SecretError, SecretSource, generate_secret};
pub(crate) use sessions::client as redis_client;
pub use sessions::{SessionConfig, SessionStore};
pub use tokens::{SigningAlgorithm, TokenConfig};

/// All settings of the service.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// `production` makes strict what is convenient in `development`
    #[arg(long, env = "DAYPASS_ENV", value_enum, default_value = "development", global = true)]
    pub daypass_env: Environment,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub listen: ListenConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub database: DatabaseConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub tokens: TokenConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub sessions: SessionConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub passwords: PasswordConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub limits: LimitConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub cors: CorsConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub classroom: ClassroomConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub log: LogConfig,
}

/// Where the service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// A person's own machine.
    Development,
    /// Where others depend on it.
    Production,
}

/// Where the service listens.
#[derive(Args, Clone, Debug)]
pub struct ListenConfig {
    /// The address to listen on
    #[arg(long, env = "HOST", default_value = "127.0.0.1", global = true)]
    pub host: std::net::IpAddr,
    /// The port to listen on; 0 takes any free one
    #[arg(long, env = "PORT", default_value_t = 3000, global = true)]
    pub port: u16,
    /// An address of its own for /metrics [default: none; then it is served with the rest in development, and
    /// not at all in production]
    #[arg(long, env = "METRICS_LISTEN", global = true)]
    pub metrics_listen: Option<std::net::SocketAddr>,
}

impl Config {
    /// Whether `/metrics` is among the other routes.
    #[must_use]
    pub fn metrics_with_the_rest(&self) -> bool {
        self.listen.metrics_listen.is_none() && self.daypass_env == Environment::Development
    }
}
