//! `daypass serve`: settings, database, secrets, then connections until a signal.

use std::io::Write as _;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, secret};
use crate::app::App;
use crate::auth::password_hasher::PasswordHasher;
use crate::background::Feed;
use crate::clock::Clock;
use crate::config::{Config, ListenConfig, SecretSource};
use crate::database::{self, DatabaseError};
use crate::{background, router, server, telemetry};

/// So many connections may wait to be accepted; the default of 128 makes the rest of a burst wait a second.
const BACKLOG: u32 = 1024;

pub(super) async fn run(config: Config) -> Result<(), Failure> {
    config.sessions.check(config.daypass_env, config.tokens.jwt_ttl).map_err(Failure::usage)?;
    // The port comes first: a start that fails on it leaves nothing behind.
    let listening = listen(&config.listen)?;
    let address = listening.local_addr().map_err(|error| error.to_string())?;
    let mut stop = std::pin::pin!(stop_signal().map_err(|error| format!("cannot wait for signals: {error}"))?);
    let hangup = signal(SignalKind::hangup()).map_err(|error| format!("cannot wait for signals: {error}"))?;
    let (app, source) = tokio::select! {
        ready = prepare(config) => ready?,
        () = &mut stop => return Ok(()),
    };
    tokio::spawn(secret::rotate_on_hangup(app.clone(), hangup));
    if let Some(address) = app.config.listen.metrics_listen {
        let listener =
            listener(address).map_err(|error| format!("METRICS_LISTEN: cannot listen on {address}: {error}"))?;
        tokio::spawn(server::serve(listener, router::metrics(&app), std::future::pending()));
    }
    announce(&app.config, address, &source);
    server::warn_of_few_descriptors();
    server::serve(listening, router::build(&app), stop).await;
    let _ = app.db.close_by_ref().await;
    Ok(())
}

/// Everything before the first request: database, secrets, and the whole set of ended sessions in memory.
async fn prepare(config: Config) -> Result<(App, SecretSource), Failure> {
    telemetry::metrics();
    let db = database::connect(&config.database.database_url).await?;
    let (keys, source) = secret::keys(&config)?;
    database::migrate(&db).await.map_err(DatabaseError::Migrate)?;
    let app = App::new(config, db, keys, Clock::System)?;
    let feed = Feed::load(&app).await.map_err(|error| format!("cannot load the revocations: {error}"))?;
    tokio::spawn(background::follow(app.clone(), feed));
    tokio::spawn(background::clear_up(app.clone()));
    Ok((app, source))
}

fn listen(ListenConfig { host, port, .. }: &ListenConfig) -> Result<TcpListener, Failure> {
    let bound = listener(SocketAddr::new(*host, *port));
    Ok(bound.map_err(|error| format!("cannot listen on {host}:{port}: {error}; choose another with PORT"))?)
}

fn listener(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Resolves at Ctrl-C or SIGTERM.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Tells the person at the terminal, if there is one.
fn announce(config: &Config, address: SocketAddr, source: &SecretSource) {
    let threads = config.passwords.threads();
    let (bound, larger) = PasswordHasher::memory_bound(&config.passwords.argon2, threads);
    let lifetime = humantime::format_duration(config.tokens.jwt_ttl.to_std().unwrap_or_default());
    let leeway = humantime::format_duration(config.tokens.jwt_leeway.to_std().unwrap_or_default());
    let unused = config.sessions.session_rolling.0.map_or_else(String::new, |unused| {
        format!(", end when unused for {}", humantime::format_duration(unused.to_std().unwrap_or_default()))
    });
    let notice = format!(
        "Daypass {}\n  page      http://{address}/\n  API       http://{address}/api, documented at http://{address}/docs\n  \
         database  {}\n  secret    {}\n  hashing   {threads} threads, at most {bound} MiB, and {larger} MiB while a larger \
         hash from elsewhere is compared\n  limits    {}\n  sessions  variables kept in {}\n  tokens    live {lifetime}{unused}, leeway {leeway}\n",
        env!("CARGO_PKG_VERSION"),
        config.database.database_url,
        source.describe(),
        config.limits.rate_limits,
        config.sessions.session_store,
    );
    // Whoever started it may have stopped reading; that is no reason to stop serving.
    let _ = std::io::stdout().write_all(notice.as_bytes());
    if !config.sessions.cookie_secure {
        tracing::warn!(
            "COOKIE_SECURE=false: session cookies travel without TLS, and any host of this domain can plant one"
        );
    }
    if matches!(source, SecretSource::Kept(_) | SecretSource::Generated(_)) {
        tracing::warn!("signing with a development secret; set JWT_SECRET before others depend on this service");
    }
}
