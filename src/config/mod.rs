//! Settings: one struct per concern, read from flags, the environment and `.env`.
//!
//! The settings are arguments of `clap`. A test checks that `.env.example`, the README and `daypass --help` list every
//! setting. Secrets have types that hide them in `Debug` output.

use clap::{Args, ValueEnum};

use crate::platform::network;

mod classroom;
mod connections;
mod cors;
mod database;
mod env_file;
mod limits;
mod log;
mod mail;
mod oidc;
mod pages;
mod parsers;
mod passwords;
mod private_files;
mod public_url;
mod secret_strength;
mod secrets;
mod sessions;
mod sign_up;
mod tokens;
mod traces;

pub use classroom::ClassroomConfig;
pub use connections::ConnectionConfig;
pub use cors::{AllowedOrigins, CorsConfig, VerifyPreflight};
pub use database::DatabaseConfig;
pub use env_file::{EnvFile, SECRET_SETTINGS, SecretVariables, file_setting, without_final_newline};
pub use limits::{LimitConfig, RateLimits};
pub use log::LogConfig;
pub use mail::{MailConfig, MailerKind, SmtpCredentials, SmtpTls, SmtpUrl};
pub use oidc::{OidcConfig, ProviderConfig, is_allowed};
pub use pages::PagesConfig;
pub use passwords::PasswordConfig;
pub use private_files::{SharedFile, shared_files, shared_secret_files};
pub use public_url::PublicUrl;
pub use secret_strength::weakness;
pub use secrets::{EXAMPLE_SECRET, SecretError, SecretSource, generate_secret};
pub(crate) use sessions::client as redis_client;
pub use sessions::{CookieSecure, SessionConfig, SessionStore};
pub use sign_up::{SignUpConfig, SignUpPolicy};
pub use tokens::{Reread, SecretOrigin, SecretOrigins, SigningAlgorithm, TokenConfig};
pub use traces::trace_export;

use parsers::{choice, host};
pub(crate) use parsers::{duration, integer};

/// All settings of the service.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Environment: `production` requires a secret and TLS, `development` has convenient defaults
    #[arg(
        long,
        env = "DAYPASS_ENV",
        value_parser = choice::<Environment>(),
        default_value = "development",
        help_heading = "Basic settings",
        global = true
    )]
    pub daypass_env: Environment,
    #[command(flatten)]
    pub listen: ListenConfig,
    #[command(flatten)]
    pub database: DatabaseConfig,
    #[command(flatten)]
    pub tokens: TokenConfig,
    #[command(flatten)]
    pub sessions: SessionConfig,
    #[command(flatten)]
    pub sign_up: SignUpConfig,
    #[command(flatten)]
    pub oidc: OidcConfig,
    #[command(flatten)]
    pub mail: MailConfig,
    #[command(flatten)]
    pub passwords: PasswordConfig,
    #[command(flatten)]
    pub limits: LimitConfig,
    #[command(flatten)]
    pub connections: ConnectionConfig,
    #[command(flatten)]
    pub cors: CorsConfig,
    #[command(flatten)]
    pub classroom: ClassroomConfig,
    #[command(flatten)]
    pub pages: PagesConfig,
    #[command(flatten)]
    pub log: LogConfig,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    Development,
    Production,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Basic settings")]
pub struct ListenConfig {
    /// Address to listen on: an IP address, or localhost
    #[arg(long, env = "HOST", default_value = "127.0.0.1", value_parser = host, global = true)]
    pub host: std::net::IpAddr,
    /// Port to listen on; 0 selects a free one
    #[arg(long, env = "PORT", default_value_t = 3000, value_parser = integer::<u16>(0..=65535), global = true)]
    pub port: u16,
    /// Address at which people reach the service, for the links that it makes [default: http://HOST:PORT]
    #[arg(long, env = "PUBLIC_URL", value_parser = PublicUrl::parse, global = true)]
    pub public_url: Option<PublicUrl>,
    /// Print the address for other devices as a QR code
    #[arg(long, global = true)]
    pub qr: bool,
}

impl Config {
    /// Returns whether the test client and the API reference are served.
    #[must_use]
    pub fn serves_pages(&self) -> bool {
        self.pages.are_enabled(self.daypass_env)
    }

    /// Returns whether `POST /api/tokens/explain` is served.
    #[must_use]
    pub fn explains_tokens(&self) -> bool {
        self.pages.explain_tokens(self.daypass_env)
    }

    /// Returns `PUBLIC_URL`, or else the address of this machine in its network.
    #[must_use]
    pub fn public_url(&self) -> PublicUrl {
        let ListenConfig { host, port, public_url, .. } = &self.listen;
        public_url.clone().unwrap_or_else(|| {
            let host = network::own_address(*host).unwrap_or(*host);
            PublicUrl::of_address(std::net::SocketAddr::new(host, *port))
        })
    }

    /// Returns how messages are sent.
    #[must_use]
    pub fn mailer(&self) -> MailerKind {
        self.mail.mailer(self.daypass_env)
    }

    /// Checks settings that depend on each other.
    ///
    /// # Errors
    /// The contradiction, for the operator.
    pub fn check(&self) -> Result<(), String> {
        self.sessions.check(self.daypass_env, self.tokens.jwt_ttl)?;
        self.oidc.check(self.daypass_env, self.listen.public_url.as_ref())?;
        self.mail.check(self.daypass_env, self.listen.public_url.is_some())
    }

    /// Returns the maximum lifetime of a session.
    #[must_use]
    pub fn session_max(&self) -> chrono::TimeDelta {
        self.sessions.session_max.unwrap_or(self.tokens.jwt_ttl)
    }

    /// Returns whether `/metrics` is served on the address of the API.
    #[must_use]
    pub fn serves_metrics_with_api(&self) -> bool {
        self.log.metrics_listen.is_none() && self.daypass_env == Environment::Development
    }
}
