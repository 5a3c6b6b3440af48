//! The application state: one handle to everything that a request may need.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, Uri};
use chrono::TimeDelta;
use metrics::counter;

use crate::auth::password::hasher::{HashError, PasswordHasher};
use crate::auth::password::policy::Password;
use crate::auth::rate_limit::Limits;
use crate::auth::revocation::{Ending, Revocations};
use crate::auth::token::keys::KeyRing;
use crate::auth::token::{Lifetimes, Tokens};
use crate::config::{Config, CookieSecure, PasswordConfig};
use crate::events::FailedAttempts;
use crate::jobs::revocation_feed::Feed;
use crate::jobs::{EventWriter, OutgoingMail, Purge};
use crate::mail::{Mailer, MailerError};
use crate::models::revocation_cursor::RevocationCursor;
use crate::models::session::EndedAt;
use crate::oidc::{Providers, ProvidersError};
use crate::platform::clock::Clock;
use crate::platform::database::{Pool, Pools};
use crate::platform::draining::Draining;
use crate::platform::keyed_lock::KeyedLock;
use crate::platform::network;
use crate::platform::short_cache::ShortCache;
use crate::session_data::{SessionDataStore, StoreError};
use crate::transport::{Cookies, origin};
use crate::types::ValidationError;

/// How long a page of revocations is reused. Clients poll at about this interval.
const REVOCATION_PAGE_TTL: TimeDelta = TimeDelta::milliseconds(250);

/// A handle to the application state. Clones share the state.
#[derive(Clone)]
pub struct AppState(Arc<Services>);

/// The parts of the application.
pub struct Services {
    pub config: Config,
    pub db: Pool,
    pub tokens: Arc<Tokens>,
    secure_cookies: Cookies,
    plain_cookies: Cookies,
    /// The sessions that ended before their tokens expired.
    pub revocations: Arc<Revocations>,
    pub revocation_feed: Arc<Feed>,
    /// The latest responses of `GET /api/revocations`.
    pub revocation_pages: ShortCache<RevocationCursor, CachedResponse>,
    pub session_data: SessionDataStore,
    pub passwords: PasswordHasher,
    pub limits: Limits,
    /// The failed attempts that wait to be written as events.
    pub failed_attempts: Arc<FailedAttempts>,
    /// The job that writes them.
    pub event_writer: EventWriter,
    /// The job that sends e-mail. `None` if the service sends none.
    pub outgoing_mail: Option<OutgoingMail>,
    /// The providers at which users can sign in.
    pub providers: Providers,
    /// The users whose changed roles are being read.
    pub role_reads: KeyedLock,
    pub clock: Clock,
    /// Set when the service is about to stop. The service is then no longer ready.
    pub draining: Draining,
}

/// A cached JSON response. Clones share the bytes.
#[derive(Clone, Debug)]
pub struct CachedResponse {
    pub etag: String,
    pub body: Bytes,
}

/// Why the application could not start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("cannot hash with these ARGON2 parameters: {0}")]
    Passwords(#[from] HashError),
    #[error("SESSION_STORE: {0}")]
    SessionData(#[from] StoreError),
    #[error(transparent)]
    Mail(#[from] MailerError),
    #[error(transparent)]
    Providers(#[from] ProvidersError),
}

impl AppState {
    /// Assembles the application from its settings, an open database and its keys.
    ///
    /// # Errors
    /// [`BuildError`] if the Argon2 parameters, the address of the session store, the settings of e-mail or those of a
    /// provider are invalid.
    pub fn new(config: Config, pools: impl Into<Pools>, keys: KeyRing, clock: Clock) -> Result<Self, BuildError> {
        let Pools { requests, feed } = pools.into();
        let db = requests.for_requests();
        let revocations = Arc::<Revocations>::default();
        let tokens = Arc::new(tokens(&config, keys));
        let draining = Draining::default();
        let failed_attempts = Arc::<FailedAttempts>::default();
        let outgoing_mail = Mailer::new(&config)?
            .map(|mailer| OutgoingMail::new(db.clone(), mailer, Arc::clone(&tokens), clock.clone(), draining.clone()));
        let services = Services {
            secure_cookies: Cookies::new(&config.sessions.cookie_name, true),
            plain_cookies: Cookies::new(&config.sessions.cookie_name, false),
            session_data: SessionDataStore::new(
                &config.sessions.session_store,
                db.clone(),
                Arc::clone(&tokens),
                Arc::clone(&revocations),
                clock.clone(),
                config.tokens.jwt_leeway,
            )?,
            passwords: password_hasher(&config.passwords)?,
            event_writer: EventWriter::new(db.clone(), Arc::clone(&failed_attempts), clock.clone()),
            failed_attempts,
            outgoing_mail,
            providers: Providers::new(&config, &clock)?,
            limits: Limits::new(config.limits.rate_limits(config.daypass_env).0),
            revocation_feed: Arc::new(Feed::new(feed.for_requests(), Arc::clone(&revocations), clock.clone())),
            revocation_pages: ShortCache::new(REVOCATION_PAGE_TTL),
            config,
            db,
            tokens,
            revocations,
            role_reads: KeyedLock::default(),
            clock,
            draining,
        };
        Ok(Self(Arc::new(services)))
    }

    /// Returns the job that deletes expired rows.
    #[must_use]
    pub fn purge(&self) -> Purge {
        Purge {
            db: self.db.clone(),
            revocations: Arc::clone(&self.revocations),
            clock: self.clock.clone(),
            leeway: self.config.tokens.jwt_leeway,
            audit_retention: self.config.log.audit_retention.0,
        }
    }
}

fn password_hasher(config: &PasswordConfig) -> Result<PasswordHasher, HashError> {
    PasswordHasher::new(config.argon2.clone(), config.threads(), config.imported_hash_cost)
}

/// Returns the issuer and verifier of tokens for these settings.
pub fn tokens(config: &Config, keys: KeyRing) -> Tokens {
    let lifetimes = Lifetimes {
        token: config.tokens.jwt_ttl,
        session: config.session_max(),
        unused: config.sessions.session_rolling.0,
        leeway: config.tokens.jwt_leeway,
    };
    Tokens::new(keys, config.tokens.jwt_issuer.clone(), config.tokens.jwt_audience.clone(), lifetimes)
}

impl Services {
    /// Returns the cookies for the client of this request. `COOKIE_SECURE` decides whether they are `Secure`.
    #[must_use]
    pub fn cookies(&self, uri: &Uri, headers: &HeaderMap) -> &Cookies {
        let secure = match self.config.sessions.cookie_secure(self.config.daypass_env) {
            CookieSecure::Always => true,
            CookieSecure::Never => false,
            CookieSecure::Auto => origin::stores_secure_cookies(uri, headers),
        };
        if secure { &self.secure_cookies } else { &self.plain_cookies }
    }

    /// Returns the address at which other machines reach this server. This is the origin of the request, unless the
    /// client is on this machine. Returns `None` if only this machine can connect.
    #[must_use]
    pub fn address_for_others(&self, uri: &Uri, headers: &HeaderMap) -> Option<String> {
        let origin = origin::origin(uri, headers)?;
        if origin.is_this_machine() {
            return network::own_address(self.config.listen.host).map(|host| origin.at(host));
        }
        Some(origin.to_string())
    }

    /// Checks a new password against the policy.
    ///
    /// # Errors
    /// The constraint that `text` violates.
    pub fn choose_password(&self, text: &str) -> Result<Password, ValidationError> {
        Password::chosen(text, self.config.passwords.password_min_length, &self.config.tokens.jwt_issuer)
    }

    /// Adds ended sessions to the revocations in memory, and deletes their data. Call this function after the commit
    /// and before the response.
    pub async fn ended(&self, ending: &Ending) {
        self.revocations.add(ending);
        let ended = ending.sessions.iter().map(|ended| ended.id);
        self.session_data.delete_ended(ended.chain(ending.anonymous.iter().copied())).await;
        for each in &ending.sessions {
            counter!("daypass_sessions_ended_total", "reason" => each.reason.code()).increment(1);
        }
    }

    /// Returns whether the service sends e-mail.
    #[must_use]
    pub fn sends_mail(&self) -> bool {
        self.outgoing_mail.is_some()
    }

    #[must_use]
    pub fn ended_at(&self) -> EndedAt {
        EndedAt { now: self.clock.now(), lifetime: self.config.session_max() }
    }
}

impl std::ops::Deref for AppState {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}
