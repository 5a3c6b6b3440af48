//! `daypass serve`: checks the settings, opens the database, loads the secrets, and serves requests until a stop
//! signal.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use qrcode::QrCode;
use qrcode::render::unicode;
use tokio::net::{TcpListener, TcpSocket};

use super::failure::Failure;
use super::secret;
use crate::app::AppState;
use crate::auth::password::hasher::PasswordHasher;
use crate::config::{Config, CookieSecure, EnvFile, Environment, ListenConfig, SecretSource, shared_files};
use crate::jobs::supervise;
use crate::middleware::Service;
use crate::platform::clock::Clock;
use crate::platform::database;
use crate::platform::database::DatabaseError;
use crate::platform::descriptors;
use crate::platform::network;
use crate::platform::signals::{Hangup, stop_signal};
use crate::platform::telemetry;
use crate::server::Limits;
use crate::{jobs, router, server};

/// The maximum number of connections that wait to be accepted. With only 128, clients in a burst would have to retry
/// after a second.
const BACKLOG: u32 = 1024;

pub(super) async fn run(config: Config, file: EnvFile) -> Result<(), Failure> {
    config.sessions.check(config.daypass_env, config.tokens.jwt_ttl).map_err(Failure::usage)?;
    let shared = shared_files(&config).filter(|_| config.daypass_env == Environment::Production);
    shared.map_or(Ok(()), |files| Err(Failure::usage(files)))?;
    // Listen before creating files: if the port is in use, the command fails without side effects.
    let listening = listen(&config.listen)?;
    let address = listening.local_addr().map_err(|error| error.to_string())?;
    let mut stop = std::pin::pin!(stop_signal().map_err(|error| format!("cannot wait for signals: {error}"))?);
    let hangup = Hangup::listen().map_err(|error| format!("cannot wait for signals: {error}"))?;
    let descriptors = descriptors::raise_limit();
    let (app, source) = tokio::select! {
        ready = prepare(config) => ready?,
        () = &mut stop => return Ok(()),
    };
    let (rotated, mut hangup) = (app.clone(), Some(hangup));
    supervise("key rotation", move || rotate(rotated.clone(), hangup.take(), file.clone()));
    let limits = Limits::new(&app.config, descriptors);
    start_metrics(&app, &limits)?;
    announce(&app.config, address, &source);
    limits.warn_of_few_connections();
    let mut lost = None;
    let stop = async {
        tokio::select! {
            () = stop => {}
            file = app.db.file_lost() => lost = Some(file),
        }
    };
    server::serve(listening, router::build(&app), limits, stop).await;
    app.db.close_in_time().await;
    lost.map_or(Ok(()), |file| Err(Failure::from(file.to_string())))
}

/// Returns the addresses of the service for this machine and, if the service listens on a network, for other devices.
fn addresses(config: &Config, bound: SocketAddr) -> String {
    let local = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), bound.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), bound.port()),
        _ => bound,
    };
    let docs = if config.serves_pages() { format!(", documented at http://{local}/docs") } else { String::new() };
    let page = if config.serves_pages() { format!("  page      http://{local}/\n") } else { String::new() };
    let mut text = format!("{page}  API       http://{local}/api{docs}\n");
    if let Some(own) = network::own_address(bound.ip()) {
        let address = format!("http://{}/", SocketAddr::new(own, bound.port()));
        text.push_str(&format!("  network   {address} for other devices\n"));
        text.push_str(&if config.listen.qr { qr_code(&address) } else { String::new() });
    } else if config.listen.qr {
        text.push_str("  network   only this machine can connect; set HOST=0.0.0.0 for a QR code\n");
    }
    text
}

fn qr_code(address: &str) -> String {
    // Scanners need dark modules on a light background. Most terminals are dark, so the colours are inverted.
    let code = QrCode::new(address).map(|code| {
        code.render::<unicode::Dense1x2>()
            .dark_color(unicode::Dense1x2::Light)
            .light_color(unicode::Dense1x2::Dark)
            .build()
    });
    code.map_or_else(|_| String::new(), |code| format!("{code}\n"))
}

fn start_metrics(app: &AppState, limits: &Limits) -> Result<(), Failure> {
    let Some(address) = app.config.log.metrics_listen else { return Ok(()) };
    let listener = listener(address).map_err(|error| format!("METRICS_LISTEN: cannot listen on {address}: {error}"))?;
    let (service, limits, mut listener) = (router::metrics(app), limits.clone(), Some(listener));
    supervise("metrics", move || serve_metrics(address, listener.take(), service.clone(), limits.clone()));
    Ok(())
}

/// Opens and migrates the database, loads the secrets and all revocations, and starts the background jobs.
async fn prepare(config: Config) -> Result<(AppState, SecretSource), Failure> {
    telemetry::metrics();
    let pools = database::connect_service(&config.database.database_url).await?;
    let (keys, source) = secret::keys(&config)?;
    database::migrate(&pools.requests).await.map_err(DatabaseError::Migrate)?;
    let app = AppState::new(config, pools, keys, Clock::System)?;
    app.revocation_feed.poll().await.map_err(|error| format!("cannot load the revocations: {error}"))?;
    let (feed, purged) = (Arc::clone(&app.revocation_feed), app.clone());
    supervise("revocation feed", move || jobs::follow(Arc::clone(&feed)));
    supervise("purge", move || purged.purge().run());
    supervise("log and metrics", telemetry::upkeep);
    Ok((app, source))
}

async fn rotate(app: AppState, hangup: Option<Hangup>, file: EnvFile) {
    match hangup.map_or_else(Hangup::listen, Ok) {
        Ok(hangup) => secret::rotate_on_hangup(app, hangup, file).await,
        Err(error) => tracing::error!(%error, "cannot wait for signals"),
    }
}

async fn serve_metrics(address: SocketAddr, bound: Option<TcpListener>, service: Service, limits: Limits) {
    match bound.map_or_else(|| listener(address), Ok) {
        Ok(listener) => server::serve(listener, service, limits, std::future::pending()).await,
        Err(error) => tracing::error!(%error, %address, "cannot listen for METRICS_LISTEN"),
    }
}

fn listen(ListenConfig { host, port, .. }: &ListenConfig) -> Result<TcpListener, Failure> {
    let address = SocketAddr::new(*host, *port);
    Ok(listener(address).map_err(|error| format!("cannot listen on {address}: {error}; set PORT to another one"))?)
}

fn listener(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Prints the addresses and the main settings, and logs warnings about insecure settings.
fn announce(config: &Config, address: SocketAddr, source: &SecretSource) {
    let threads = config.passwords.threads();
    let (bound, larger) = PasswordHasher::memory_bound(&config.passwords.argon2, threads);
    let lifetime = humantime::format_duration(config.tokens.jwt_ttl.to_std().unwrap_or_default());
    let leeway = humantime::format_duration(config.tokens.jwt_leeway.to_std().unwrap_or_default());
    let unused = config.sessions.session_rolling.0.map_or_else(String::new, |unused| {
        format!(", end after {} without use", humantime::format_duration(unused.to_std().unwrap_or_default()))
    });
    let addresses = addresses(config, address);
    let notice = format!(
        "Daypass {}\n{addresses}  \
         database  {}\n  secret    {}\n  hashing   {threads} threads, at most {bound} MiB, and {larger} MiB while a larger \
         imported hash is verified\n  limits    {}\n  sessions  variables stored in {}\n  tokens    valid for {lifetime}{unused}, leeway {leeway}\n",
        env!("CARGO_PKG_VERSION"),
        config.database.database_url,
        source.describe(),
        config.limits.rate_limits(config.daypass_env),
        config.sessions.session_store,
    );
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(version, listener = %address, database = config.database.database_url.kind(), "started");
    // The server continues if standard output is closed.
    let _ = std::io::stdout().write_all(notice.as_bytes());
    match config.sessions.cookie_secure(config.daypass_env) {
        CookieSecure::Never => tracing::warn!(
            "COOKIE_SECURE=false: session cookies are sent without TLS, and other hosts of this domain can set them"
        ),
        CookieSecure::Auto if !address.ip().is_loopback() => tracing::warn!(
            "COOKIE_SECURE=auto: other machines that use http send their session cookies without TLS; set \
             COOKIE_SECURE=true if all use https"
        ),
        CookieSecure::Auto | CookieSecure::Always => {}
    }
    if let Some(files) = shared_files(config) {
        tracing::warn!("{files}");
    }
    if matches!(source, SecretSource::Stored(_) | SecretSource::Generated(_)) {
        tracing::warn!("signing with a development secret; set JWT_SECRET before others use this service");
    }
}
