//! `daypass serve`: checks the settings, opens the database, loads the secrets, and serves requests until a stop
//! signal.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::time::timeout;

use super::failure::Failure;
use super::notice::announce;
use super::secret;
use super::settings;
use crate::app::AppState;
use crate::config::{Config, EnvFile, Environment, ListenConfig, SecretSource, shared_files, trace_export};
use crate::jobs::supervise;
use crate::middleware::Service;
use crate::platform::clock::Clock;
use crate::platform::database;
use crate::platform::database::DatabaseError;
use crate::platform::descriptors;
use crate::platform::signals::{Hangup, stop_signal};
use crate::platform::telemetry;
use crate::platform::telemetry::Traces;
use crate::server::Limits;
use crate::{jobs, router, server};

/// The maximum number of connections that wait to be accepted. With only 128, clients in a burst would have to retry
/// after a second.
const BACKLOG: u32 = 1024;
/// How long a stopping service waits for messages that are being sent. Otherwise, they would be sent again later.
const MAX_MAIL_WAIT: Duration = Duration::from_secs(3);
/// How long a stopping service tries to write the events of failed attempts.
const MAX_EVENT_WAIT: Duration = Duration::from_secs(2);

pub(super) async fn run(mut config: Config, file: EnvFile) -> Result<(), Failure> {
    config.check().map_err(Failure::usage)?;
    let shared = shared_files(&config).filter(|_| config.daypass_env == Environment::Production);
    shared.map_or(Ok(()), |files| Err(Failure::usage(files)))?;
    // Listen before creating files: if the port is in use, the command fails without side effects.
    let listening = listen(&config.listen)?;
    let address = listening.local_addr().map_err(|error| error.to_string())?;
    // With PORT=0, links in messages need the port that was selected.
    config.listen.port = address.port();
    let mut stop = std::pin::pin!(stop_signal().map_err(|error| format!("cannot wait for signals: {error}"))?);
    let hangup = Hangup::listen().map_err(|error| format!("cannot wait for signals: {error}"))?;
    let descriptors = descriptors::raise_limit();
    let _traces = start_traces();
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
            () = drain_after(stop, &app) => {}
            file = app.db.file_lost() => lost = Some(file),
        }
    };
    server::serve(listening, router::build(&app), limits.with_draining(app.draining.clone()), stop).await;
    if let Some(mail) = &app.outgoing_mail {
        mail.finish_attempts(MAX_MAIL_WAIT).await;
    }
    write_last_events(&app).await;
    app.revocation_feed.close().await;
    app.db.close_in_time().await;
    lost.map_or(Ok(()), |file| Err(Failure::from(file.to_string())))
}

/// Waits for the stop signal, and then for the time in which load balancers notice that the service is not ready.
async fn drain_after(stop: impl Future<Output = ()>, app: &AppState) {
    stop.await;
    app.draining.start();
    let delay = app.config.connections.shutdown_delay.to_std().unwrap_or_default();
    if !delay.is_zero() {
        tracing::info!(seconds = delay.as_secs(), "not ready; stopping after SHUTDOWN_DELAY or a second signal");
        let Ok(second) = stop_signal() else { return };
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = second => {}
        }
    }
}

/// Writes the events of failed attempts that still wait.
async fn write_last_events(app: &AppState) {
    if let Ok(Err(error)) = timeout(MAX_EVENT_WAIT, app.event_writer.write_all()).await {
        tracing::warn!(cause = error.cause(), "cannot write events of failed attempts");
    }
}

/// Starts traces if a collector is set. The service also works without them, so an error is only a warning.
fn start_traces() -> Option<Traces> {
    let export = trace_export(settings::variable);
    let traces = export.and_then(|export| export.map(|export| Traces::start(&export)).transpose());
    traces.unwrap_or_else(|error| {
        tracing::warn!(%error, "no traces are sent");
        None
    })
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
    if let Some(mail) = app.outgoing_mail.clone() {
        supervise("outgoing mail", move || mail.clone().run());
    }
    let events = app.event_writer.clone();
    supervise("events", move || events.clone().run());
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
