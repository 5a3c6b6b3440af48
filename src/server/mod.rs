//! The HTTP server: a maximum number of connections, time-outs for idle and stalled clients, and graceful shutdown.
//!
//! `axum::serve` has no time-outs and waits indefinitely at shutdown, so this module uses hyper-util's builder.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use futures_util::FutureExt as _;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulConnection;
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{timeout, timeout_at};
use tracing::{debug, info, warn};

use crate::config::Config;
use crate::extract::Peer;
use crate::middleware::Service;
use crate::platform::draining::Draining;
use crate::platform::socket;

mod activity;
mod addresses;
mod exchange;
mod host;
mod request_body;
mod stream;

pub use activity::{ARRIVAL, FIRST_HEAD, STALLED};

use activity::{Activity, Watch};
use addresses::{Addresses, Admitted};
use exchange::Exchange;
use stream::HttpStream;

/// The maximum wait for requests in flight when the service stops.
pub const GRACE: Duration = Duration::from_secs(10);
/// The maximum number of connections. Further connections wait in the queue of the operating system.
pub const MAX_CONNECTIONS: u64 = 4096;
/// The number of file descriptors that are reserved for the database, the runtime and standard streams.
pub const SPARE_DESCRIPTORS: u64 = 128;
/// The maximum size of a request's head. A larger head is rejected with `431`.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The maximum size of a request's head in HTTP/2, where one connection holds the heads of many requests.
const MAX_HEADER_LIST_BYTES: u32 = 16 * 1024;
/// The maximum number of concurrent requests of an HTTP/2 connection. RFC 9113 §6.5.2 recommends at least 100.
const MAX_STREAMS: u32 = 100;

/// The limits of a server.
#[derive(Clone, Debug)]
pub struct Limits {
    connections: u64,
    keep_alive: Duration,
    trusted_proxies: Vec<IpNet>,
    draining: Draining,
}

impl Limits {
    /// Returns the limits for a process that may open `descriptors` files.
    #[must_use]
    pub fn new(config: &Config, descriptors: Option<u64>) -> Self {
        let available = descriptors.map_or(u64::MAX, |limit| limit.saturating_sub(SPARE_DESCRIPTORS).max(1));
        Self {
            connections: available.min(MAX_CONNECTIONS),
            keep_alive: config.connections.keep_alive.to_std().unwrap_or_default(),
            trusted_proxies: config.limits.trusted_proxies.clone(),
            draining: Draining::default(),
        }
    }

    /// Returns the same limits for a server that sets `draining` before it stops.
    #[must_use]
    pub fn with_draining(self, draining: Draining) -> Self {
        Self { draining, ..self }
    }

    /// Logs a warning if the limit on open files reduces the maximum number of connections.
    pub fn warn_of_few_connections(&self) {
        if self.connections < MAX_CONNECTIONS {
            warn!(
                connections = self.connections,
                "few connections are possible; raise the hard limit on open files (ulimit -Hn)"
            );
        }
    }
}

/// The state that all connections share.
struct Shared {
    builder: Builder<TokioExecutor>,
    service: Service,
    keep_alive: Duration,
    /// The value of the `Keep-Alive` header.
    keep_alive_header: HeaderValue,
    draining: Draining,
}

/// An accepted connection, with the guards that count it.
struct Accepted {
    stream: TcpStream,
    peer: Peer,
    _permit: Option<OwnedSemaphorePermit>,
    _admitted: Admitted,
}

/// Serves `service` on `listener` until `shutdown` resolves, then finishes the requests in flight.
pub async fn serve(listener: TcpListener, service: Service, limits: Limits, shutdown: impl Future<Output = ()>) {
    let shared = Arc::new(Shared::new(service, limits.keep_alive, limits.draining));
    let permits = Arc::new(Semaphore::new(usize::try_from(limits.connections).unwrap_or(usize::MAX)));
    let addresses = Addresses::new(limits.trusted_proxies);
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            accepted = accept(&listener, &permits, &addresses) => {
                connections.spawn(connection(Arc::clone(&shared), accepted, stopping.clone()));
            }
            Some(_) = connections.join_next() => {}
            () = &mut shutdown => break,
        }
    }
    for accepted in accept_queued(listener, &permits, &addresses) {
        connections.spawn(connection(Arc::clone(&shared), accepted, stopping.clone()));
    }
    drop(stop);
    info!(connections = connections.len(), "stopping");
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, finished).await.is_err() {
        warn!(connections = connections.len(), "stopped before all requests finished");
    }
}

impl Shared {
    fn new(service: Service, keep_alive: Duration, draining: Draining) -> Self {
        let keep_alive_header = HeaderValue::try_from(format!("timeout={}", keep_alive.as_secs()));
        let keep_alive_header = keep_alive_header.expect("a number is a valid header value");
        Self { builder: builder(), service, keep_alive, keep_alive_header, draining }
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // `Watch` closes slow connections. The time-out of hyper would create a timer for each request.
    builder.http1().header_read_timeout(None).max_buf_size(MAX_HEAD_BYTES);
    builder.http2().max_concurrent_streams(MAX_STREAMS).max_header_list_size(MAX_HEADER_LIST_BYTES);
    builder
}

/// Waits for the next connection that the limits allow. Closes a connection if its address already has the maximum
/// number. Errors, such as a lack of file descriptors, are temporary, so this function retries.
async fn accept(listener: &TcpListener, permits: &Arc<Semaphore>, addresses: &Arc<Addresses>) -> Accepted {
    let permit = Arc::clone(permits).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if let Some(admitted) = addresses.admit(peer.ip()) {
                    return Accepted { stream, peer: Peer(peer.ip()), _permit: permit, _admitted: admitted };
                }
            }
            Err(error) => {
                warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Accepts the connections that wait in the queue of the operating system, and closes the listener. When a listener is
/// closed, the system resets waiting connections, although their clients may already have sent requests.
fn accept_queued(listener: TcpListener, permits: &Arc<Semaphore>, addresses: &Arc<Addresses>) -> Vec<Accepted> {
    let Ok(listener) = listener.into_std() else { return Vec::new() };
    let queued = std::iter::from_fn(|| listener.accept().ok());
    let accepted = queued.filter_map(|(stream, peer)| {
        let (admitted, permit) = (addresses.admit(peer.ip())?, Arc::clone(permits).try_acquire_owned().ok()?);
        stream.set_nonblocking(true).ok()?;
        let stream = TcpStream::from_std(stream).ok()?;
        Some(Accepted { stream, peer: Peer(peer.ip()), _permit: Some(permit), _admitted: admitted })
    });
    accepted.collect()
}

async fn connection(shared: Arc<Shared>, accepted: Accepted, mut stopping: watch::Receiver<()>) {
    let Accepted { stream, peer, _permit, _admitted } = accepted;
    let _ = stream.set_nodelay(true);
    socket::limit_unsent_bytes(&stream);
    let activity = Activity::new(shared.keep_alive);
    let exchange = Arc::new(Exchange {
        service: shared.service.clone(),
        peer,
        activity: Arc::clone(&activity),
        keep_alive: shared.keep_alive_header.clone(),
        draining: shared.draining.clone(),
        stopping: stopping.clone(),
    });
    let answer = service_fn(|request| Arc::clone(&exchange).answer(request).map(Ok::<_, Infallible>));
    let connection = shared.builder.serve_connection(HttpStream::new(stream, Arc::clone(&activity)), answer);
    tokio::pin!(connection);
    let served = tokio::select! {
        biased;
        served = connection.as_mut() => served,
        () = Watch::new(Arc::clone(&activity)) => {
            connection.as_mut().graceful_shutdown();
            timeout(Duration::from_secs(1), connection).await.unwrap_or(Ok(()))
        }
        _ = stopping.changed() => finish(connection, &activity).await,
    };
    if let Err(error) = served {
        debug!(%error, "a connection ended with an error");
    }
}

/// Finishes the requests in flight of a connection. The first request of a new connection may still arrive.
async fn finish<C: GracefulConnection>(mut connection: Pin<&mut C>, activity: &Activity) -> C::Output {
    if let Some(due) = activity.first_request_due()
        && let Ok(served) = timeout_at(due, connection.as_mut()).await
    {
        return served;
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}
