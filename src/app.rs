//! The application: one cheap handle to everything a request may need.

use std::sync::Arc;

use metrics::counter;
use sea_orm::DatabaseConnection;

use crate::auth::Rule;
use crate::auth::keys::KeyRing;
use crate::auth::limits::Limits;
use crate::auth::password::Password;
use crate::auth::password_hasher::{HashError, PasswordHasher};
use crate::auth::revocations::{Ended, Revocations};
use crate::auth::token::{Lifetimes, Tokens};
use crate::carrier::Cookies;
use crate::clock::Clock;
use crate::config::Config;
use crate::database::{WriteTransaction, Writers};
use crate::error::Error;
use crate::variables::{StoreError, Variables};

/// A handle to the application; clones share it.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What the application is made of.
pub struct Parts {
    /// The settings it was started with.
    pub config: Config,
    /// The database's connection pool.
    pub db: DatabaseConnection,
    /// Lets writers to the database in.
    writers: Writers,
    /// Issues and verifies session tokens.
    pub tokens: Tokens,
    /// Reads and writes the cookies that carry them.
    pub cookies: Cookies,
    /// The sessions that ended before their tokens expired.
    pub revocations: Revocations,
    /// Keeps what sessions remember.
    pub variables: Variables,
    /// Hashes and verifies passwords.
    pub passwords: PasswordHasher,
    /// Counts attempts.
    pub limits: Limits,
    /// Tells the time.
    pub clock: Clock,
}

/// Why the application could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The password hasher.
    #[error("cannot hash with these ARGON2 parameters: {0}")]
    Passwords(#[from] HashError),
    /// The store of session variables.
    #[error("SESSION_STORE: {0}")]
    Variables(#[from] StoreError),
}

impl App {
    /// Puts the application together from its settings, an open database and its keys.
    ///
    /// # Errors
    /// When the Argon2 parameters, or the address of the store of session variables, cannot be used.
    pub fn new(config: Config, db: DatabaseConnection, keys: KeyRing, clock: Clock) -> Result<Self, BuildError> {
        let lifetimes = Lifetimes {
            session: config.tokens.jwt_ttl,
            unused: config.sessions.session_rolling.0,
            leeway: config.tokens.jwt_leeway,
        };
        let issuer = config.tokens.jwt_issuer.clone();
        let tokens = Tokens::new(keys, issuer, config.tokens.jwt_audience.clone(), lifetimes);
        let cookies = Cookies::new(config.sessions.cookie_secure);
        let variables = Variables::new(&config.sessions.session_store)?;
        let writers = Writers::of(&db);
        let passwords = PasswordHasher::new(config.passwords.argon2.clone(), config.passwords.threads())?;
        let limits = Limits::new(config.limits.rate_limits.0);
        let revocations = Revocations::default();
        let parts = Parts { config, db, writers, tokens, cookies, revocations, variables, passwords, limits, clock };
        Ok(Self(Arc::new(parts)))
    }
}

impl Parts {
    /// A password chosen for an account, by the rules of this service.
    ///
    /// # Errors
    /// The rule that `text` breaks.
    pub fn choose_password(&self, text: &str) -> Result<Password, Rule> {
        Password::chosen(text, self.config.passwords.password_min_length, &self.config.tokens.jwt_issuer)
    }

    /// Makes the end of sessions known to this replica; to be called once it is committed, before the answer.
    pub async fn ended(&self, ended: &[Ended]) {
        self.revocations.add(ended);
        self.variables.forget(ended.iter().map(|ended| ended.id)).await;
        for each in ended {
            counter!("daypass_sessions_ended_total", "reason" => each.reason.code()).increment(1);
        }
    }

    /// Begins a transaction that means to write.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many are writing, and when the database fails.
    pub async fn begin_write(&self) -> Result<WriteTransaction, Error> {
        self.writers.begin(&self.db).await
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
