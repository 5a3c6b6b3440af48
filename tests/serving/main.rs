//! Connections over real sockets: time-outs, limits, early responses, shutdown, HTTP/1.1 and HTTP/2.
//!
//! Tests pause the clock of tokio, so that a wait of half a minute takes no time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod connections;
mod deadline;
mod early_responses;
mod host;
mod http2;
mod keep_alive;
mod shutdown;
mod slow_readers;
mod timeouts;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::routing::{get, post};
use clap::Parser as _;
use daypass::cli::Cli;
use daypass::middleware;
use daypass::server;
use daypass::server::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const REQUEST: &[u8] = b"GET /fast HTTP/1.1\r\nhost: x\r\n\r\n";
/// More bytes than the buffers of a connection hold.
const LARGE: usize = 16 * 1024 * 1024;

/// A server on a free port.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start() -> Self {
        Self::start_at("127.0.0.1", &[]).await
    }

    async fn start_at(host: &str, flags: &[&str]) -> Self {
        Self::start_with_descriptors(host, flags, None).await
    }

    /// Starts a server in a process that may open this many files.
    async fn start_with_descriptors(host: &str, flags: &[&str], descriptors: Option<u64>) -> Self {
        let config = Cli::parse_from(std::iter::once(&"daypass").chain(flags)).config;
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let service = middleware::around(router(), &[], &config);
        let limits = Limits::new(&config, descriptors);
        Self { address, stop, task: tokio::spawn(server::serve(listener, service, limits, shutdown)) }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

fn router() -> Router {
    let slow = async || {
        tokio::time::sleep(Duration::from_secs(5)).await;
        "slow"
    };
    let never = async || {
        std::future::pending::<()>().await;
        "never"
    };
    let chunks = async || {
        let chunks = std::iter::repeat_n(vec![b'x'; 64 * 1024], LARGE / (64 * 1024));
        Body::from_stream(futures_util::stream::iter(chunks.map(Ok::<_, std::io::Error>)))
    };
    Router::new()
        .route("/chunks", get(chunks))
        .route("/fast", get(async || "fast"))
        .route("/slow", post(slow))
        .route("/never", get(never).post(never))
        .route("/large", get(async || "x".repeat(LARGE)))
        .route("/refused", post(async || StatusCode::UNAUTHORIZED))
}

/// Reads until the server closes the connection. Returns the text and the time that took.
async fn read_to_end(stream: &mut TcpStream) -> (String, Duration) {
    let started = Instant::now();
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text).await;
    (String::from_utf8_lossy(&text).into_owned(), started.elapsed())
}

/// Reads one response with a `Content-Length`.
async fn read_response(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    while !is_complete(&text) {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.unwrap();
        assert!(read > 0, "the connection was closed: {text}");
        text.push_str(std::str::from_utf8(&chunk[..read]).unwrap());
    }
    text
}

fn is_complete(response: &str) -> bool {
    let Some((head, body)) = response.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// Sends one request and reads its response.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.write_all(request).await.unwrap();
    read_response(stream).await
}

fn is_about(limit: Duration, elapsed: Duration) -> bool {
    (limit - Duration::from_secs(1)..limit + Duration::from_secs(3)).contains(&elapsed)
}
