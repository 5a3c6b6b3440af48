//! Connections: accepted up to a cap, closed when idle or slow, finished when the service stops.
//!
//! `axum::serve` has no time-outs and waits for ever at shutdown, so connections are served by
//! hyper-util's builder here. One rule covers the silent client, the one that trickles its headers and
//! the one that keeps an idle connection: no request in flight for [`IDLE`], and it is closed.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, info, warn};

use crate::extract::Peer;
use crate::middleware::Service;

mod activity;

use activity::Activity;

/// A connection without a request in flight for so long is closed.
pub const IDLE: Duration = Duration::from_secs(30);
/// The longest wait for requests in flight when the service stops.
pub const GRACE: Duration = Duration::from_secs(10);
/// The most connections at once; further ones wait in the system's queue.
const MAX_CONNECTIONS: usize = 4096;
/// Descriptors for everything else: the database, the runtime, standard streams.
const SPARE_DESCRIPTORS: u64 = 128;
/// The longest request head; a longer one is answered `431`.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;

/// A connection, and who is at its other end.
type Accepted = (TcpStream, Peer);

/// Serves `service` on `listener` until `shutdown` resolves, then finishes the requests in flight.
pub async fn serve(listener: TcpListener, service: Service, shutdown: impl Future<Output = ()>) {
    let builder = Arc::new(builder());
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            (accepted, place) = accept(&listener, &places) => {
                let service = service.clone();
                connections.spawn(connection(Arc::clone(&builder), accepted, service, stopping.clone(), place));
            }
            Some(_) = connections.join_next() => {}
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    drop(stop);
    info!(connections = connections.len(), "stopping");
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, finished).await.is_err() {
        warn!(connections = connections.len(), "stopped before all requests were finished");
    }
}

/// Warns when the system lets the process open fewer files than it accepts connections.
pub fn warn_of_few_descriptors() {
    let allowed = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    if let Some(allowed) = allowed.filter(|allowed| *allowed < MAX_CONNECTIONS as u64 + SPARE_DESCRIPTORS) {
        warn!(allowed, connections = MAX_CONNECTIONS, "raise the limit on open files (ulimit -n)");
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // `Activity` closes whoever takes too long over a head; hyper's own timer would be made anew for every request.
    builder.http1().header_read_timeout(None).max_buf_size(MAX_HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD_BYTES as u32)
        .keep_alive_interval(IDLE);
    builder
}

/// The next connection that there is a place for. Running out of file descriptors passes, so it is
/// waited out instead of ending the service.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> (Accepted, Option<OwnedSemaphorePermit>) {
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return ((stream, Peer(peer.ip())), place),
            Err(error) => {
                warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(
    builder: Arc<Builder<TokioExecutor>>,
    (stream, peer): Accepted,
    service: Service,
    mut stopping: watch::Receiver<()>,
    _place: Option<OwnedSemaphorePermit>,
) {
    let _ = stream.set_nodelay(true);
    let activity = Activity::new();
    let answer = service_fn(|mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let (service, in_flight) = (service.clone(), activity.begin());
        async move {
            let response = service.answer(request.map(Body::new)).await;
            drop(in_flight);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), answer);
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = activity.idle_for(IDLE) => {
            connection.as_mut().graceful_shutdown();
            timeout(Duration::from_secs(1), connection).await.unwrap_or(Ok(()))
        }
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        debug!(%error, "a connection broke off");
    }
}
