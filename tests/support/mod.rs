//! Shared by the tests: the service with its own database, clients and browsers.

#![expect(unreachable_pub, reason = "a module of tests is reached from its own binary alone")]

mod backup;
mod browser;
mod client;
mod database;
mod forge;
mod mail;
mod provider;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser as _;
use daypass::app::AppState;
use daypass::auth::token::keys::KeyRing;
use daypass::cli::Cli;
use daypass::config::{Config, ProviderConfig};
use daypass::platform::clock::{Clock, TestClock};
use daypass::platform::database::Pool;
use daypass::router;
use secrecy::SecretString;
use serde_json::json;

pub use backup::Backup;
pub use browser::Browser;
pub use client::{Client, Reply, until_available};
pub use database::TestDatabase;
pub use forge::{Forge, non_text_values};
pub use mail::Outbox;
pub use provider::{
    Behaviour, Fault, HmacSecret, KeySet, LOGOUT_EVENT, LogoutClaims, Person, Provider, SECRET_TEXT, Signing,
};

/// The targets of an event for each SQL statement, and for each request to a provider. `tests/flows` records them.
pub const SQL_EVENTS: &str = "tests::sql";
pub const PROVIDER_EVENTS: &str = "tests::provider";

pub const SECRET: &str = "a secret for tests, long enough to be accepted";
pub const PASSWORD: &str = "correct horse battery staple";

/// The service in this process, with its own database and a clock that only tests move.
pub struct TestApp {
    pub anon: Client,
    pub clock: TestClock,
    pub app: AppState,
    statements: Arc<AtomicUsize>,
    database: Arc<TestDatabase>,
    flags: Vec<String>,
    providers: Vec<ProviderConfig>,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts the service with further flags, such as `--jwt-leeway=30s`.
    pub async fn start_with(flags: &[&str]) -> Self {
        let database = Arc::new(TestDatabase::create().await);
        let clock = TestClock::at(moment("2026-11-20T12:00:00.250Z"));
        Self::on(database, clock, flags, &[]).await
    }

    /// Starts the service with these sign-in providers, the first one with the name `acme`.
    pub async fn start_with_providers(providers: &[&Provider], flags: &[&str]) -> Self {
        let database = Arc::new(TestDatabase::create().await);
        let clock = TestClock::at(moment("2026-11-20T12:00:00.250Z"));
        let providers = settings_of(providers);
        let flags = [&["--public-url=https://accounts.example.com"], flags].concat();
        Self::on(database, clock, &flags, &providers).await
    }

    /// Starts the service at this time.
    pub async fn start_at(moment: DateTime<Utc>) -> Self {
        Self::on(Arc::new(TestDatabase::create().await), TestClock::at(moment), &[], &[]).await
    }

    /// Starts the service on an existing database at this time.
    pub async fn start_on(database: TestDatabase, moment: DateTime<Utc>) -> Self {
        Self::on(Arc::new(database), TestClock::at(moment), &[], &[]).await
    }

    /// Another replica with its own clock.
    pub async fn replica_at(&self, moment: DateTime<Utc>) -> Self {
        let flags: Vec<_> = self.flags.iter().map(String::as_str).collect();
        Self::on(Arc::clone(&self.database), TestClock::at(moment), &flags, &self.providers).await
    }

    /// Another replica: it shares the database and the clock, but no memory.
    pub async fn replica(&self) -> Self {
        let flags: Vec<_> = self.flags.iter().map(String::as_str).collect();
        Self::on(Arc::clone(&self.database), self.clock.clone(), &flags, &self.providers).await
    }

    /// Another replica whose providers have other settings.
    pub async fn replica_with_providers(&self, providers: &[&Provider]) -> Self {
        let flags: Vec<_> = self.flags.iter().map(String::as_str).collect();
        Self::on(Arc::clone(&self.database), self.clock.clone(), &flags, &settings_of(providers)).await
    }

    /// Starts the service on a database with all tables.
    pub async fn on(
        database: Arc<TestDatabase>,
        clock: TestClock,
        flags: &[&str],
        providers: &[ProviderConfig],
    ) -> Self {
        let statements = Arc::new(AtomicUsize::new(0));
        let mut db = database.connect().await;
        let count = Arc::clone(&statements);
        db.set_metric_callback(move |query| {
            count.fetch_add(1, Ordering::SeqCst);
            tracing::trace!(target: SQL_EVENTS, statement = %query.statement.sql);
        });
        let secret = SecretString::from(SECRET);
        let mut config = config(flags);
        config.oidc.providers = providers.to_vec();
        let app = AppState::new(config, db, KeyRing::hmac(&secret, &[]).unwrap(), Clock::Test(clock.clone())).unwrap();
        app.revocation_feed.poll().await.unwrap();
        let anon = Client::new(router::build(&app));
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let providers = providers.to_vec();
        Self { anon, clock, app, statements, database, flags, providers }
    }

    /// Connects to the same database, as another process would.
    pub async fn another_process(&self) -> Pool {
        self.database.connect().await
    }

    /// The number of SQL statements sent so far.
    pub fn statements(&self) -> usize {
        self.statements.load(Ordering::SeqCst)
    }

    /// Signs a user up. Returns a client with the session token.
    pub async fn sign_up(&self, name: &str) -> Client {
        let body = json!({"username": name, "password": PASSWORD});
        let reply = until_available(|| self.anon.post("/api/users", body.clone())).await;
        assert_eq!(reply.status(), 201, "{}", reply.text());
        let token = reply.json()["sessionToken"].as_str().unwrap().to_owned();
        self.anon.with_token(&token)
    }

    /// Signs a user in. Returns a client with the session token.
    pub async fn sign_in(&self, name: &str) -> Client {
        let body = json!({"username": name, "password": PASSWORD});
        let reply = until_available(|| self.anon.post("/api/sessions", body.clone())).await;
        assert_eq!(reply.status(), 201, "{}", reply.text());
        self.anon.with_token(reply.json()["sessionToken"].as_str().unwrap())
    }

    pub async fn alice(&self) -> Client {
        self.sign_up("alice").await
    }

    pub async fn bob(&self) -> Client {
        self.sign_up("bob").await
    }

    /// Moves the clock of the service forward.
    pub fn advance_clock(&self, time: TimeDelta) {
        self.clock.advance(time);
    }
}

/// The settings of these sign-in providers, the first one with the name `acme`.
pub fn settings_of(providers: &[&Provider]) -> Vec<ProviderConfig> {
    ["acme", "other"].iter().zip(providers).map(|(name, provider)| provider.settings(name)).collect()
}

/// Prints which test was skipped and why. The test runner does not capture this.
pub fn skipped(what: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "skipped: {what}");
}

/// The Redis server that tests may use. A message is printed once if there is none.
#[expect(clippy::disallowed_methods, reason = "tests read their one setting here")]
pub fn redis_url() -> Option<String> {
    static URL: OnceLock<Option<String>> = OnceLock::new();
    let url = URL.get_or_init(|| {
        let url = std::env::var("TEST_REDIS_URL").ok().filter(|url| !url.is_empty());
        if url.is_none() {
            skipped("TEST_REDIS_URL is not set: session variables in Redis");
        }
        url
    });
    url.clone()
}

/// Settings for tests. Unless the flags say otherwise, hashes have the lowest cost, there are no rate limits, and cookies
/// are those of production.
pub fn config(flags: &[&str]) -> Config {
    let defaults = ["--hash-threads=2", "--argon2=m=8,t=1,p=1", "--rate-limits=off", "--cookie-secure=true"];
    let name = |flag: &str| flag.split('=').next().map(str::to_owned);
    let not_given = |default: &&&str| !flags.iter().any(|flag| name(flag) == name(default));
    let flags = defaults.iter().filter(not_given).chain(flags);
    Cli::try_parse_from(std::iter::once(&"daypass").chain(flags)).unwrap().config
}

pub fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
