//! What the tests share: the service on a database of its own, and the people who use it.

#![expect(unreachable_pub, reason = "a module of tests is reached from its own binary alone")]

mod browser;
mod client;
mod database;
mod forge;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser as _;
use daypass::app::App;
use daypass::auth::keys::KeyRing;
use daypass::cli::Cli;
use daypass::clock::{Clock, TestClock};
use daypass::config::Config;
use daypass::router;
use sea_orm::DatabaseConnection;
use secrecy::SecretString;
use serde_json::json;

pub use browser::Browser;
pub use client::{Client, Reply};
pub use database::TestDatabase;
pub use forge::{Forge, odd_values};

pub const SECRET: &str = "a secret for tests, long enough to be accepted";
pub const PASSWORD: &str = "correct horse battery staple";

/// The service in this process, with a clock that stands still and a database of its own.
pub struct TestApp {
    pub anon: Client,
    pub clock: TestClock,
    pub app: App,
    statements: Arc<AtomicUsize>,
    database: Arc<TestDatabase>,
    flags: Vec<String>,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts it with further flags, such as `--jwt-leeway=30s`.
    pub async fn start_with(flags: &[&str]) -> Self {
        let database = Arc::new(TestDatabase::create().await);
        let clock = TestClock::at(moment("2026-11-20T12:00:00.250Z"));
        Self::on(database, clock, flags).await
    }

    /// Another replica: the same database and clock, memory of its own, nothing loaded yet.
    pub async fn replica(&self) -> Self {
        let flags: Vec<_> = self.flags.iter().map(String::as_str).collect();
        Self::on(Arc::clone(&self.database), self.clock.clone(), &flags).await
    }

    async fn on(database: Arc<TestDatabase>, clock: TestClock, flags: &[&str]) -> Self {
        let statements = Arc::new(AtomicUsize::new(0));
        let mut db = database.connect().await;
        let count = Arc::clone(&statements);
        db.set_metric_callback(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let secret = SecretString::from(SECRET);
        let app =
            App::new(config(flags), db, KeyRing::hmac(&secret, &[]).unwrap(), Clock::Test(clock.clone())).unwrap();
        app.revocations.confirm(clock.now());
        let anon = Client::new(router::build(&app));
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        Self { anon, clock, app, statements, database, flags }
    }

    /// A connection to the same database that the service knows nothing of.
    pub async fn another_process(&self) -> DatabaseConnection {
        self.database.connect().await
    }

    /// SQL statements sent so far.
    pub fn statements(&self) -> usize {
        self.statements.load(Ordering::SeqCst)
    }

    /// A person who has just signed up and holds their token.
    pub async fn sign_up(&self, name: &str) -> Client {
        let body = json!({"username": name, "password": PASSWORD});
        let reply = self.anon.post("/api/users", body).await;
        assert_eq!(reply.status(), 201, "{}", reply.text());
        let token = reply.json()["sessionToken"].as_str().unwrap().to_owned();
        self.anon.with_token(&token)
    }

    pub async fn alice(&self) -> Client {
        self.sign_up("alice").await
    }

    pub async fn bob(&self) -> Client {
        self.sign_up("bob").await
    }

    /// Moves the clock.
    pub fn pass(&self, time: TimeDelta) {
        self.clock.advance(time);
    }
}

/// Says, past the capture of the test runner, what was not tried.
pub fn not_run(what: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "not run, for {what}");
}

/// The Redis server that tests may use; said once, too, when there is none.
#[expect(clippy::disallowed_methods, reason = "tests read their one setting here")]
pub fn redis_url() -> Option<String> {
    static URL: OnceLock<Option<String>> = OnceLock::new();
    let url = URL.get_or_init(|| {
        let url = std::env::var("TEST_REDIS_URL").ok().filter(|url| !url.is_empty());
        if url.is_none() {
            not_run("TEST_REDIS_URL is not set: session variables in Redis");
        }
        url
    });
    url.clone()
}

/// Settings for tests: hashing is as cheap as Argon2 allows, and nobody is limited, unless the flags say otherwise.
pub fn config(flags: &[&str]) -> Config {
    let defaults = ["--hash-threads=2", "--argon2=m=8,t=1,p=1", "--rate-limits=off"];
    let name = |flag: &str| flag.split('=').next().map(str::to_owned);
    let not_given = |default: &&&str| !flags.iter().any(|flag| name(flag) == name(default));
    let flags = defaults.iter().filter(not_given).chain(flags);
    Cli::try_parse_from(std::iter::once(&"daypass").chain(flags)).unwrap().config
}

pub fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
