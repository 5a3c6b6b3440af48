//! Connections over real sockets: time-outs, the end of the service, HTTP/1.1 and HTTP/2.
//!
//! Time is paused: where a test waits for half a minute, the clock is moved and nobody sleeps.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use clap::Parser as _;
use daypass::cli::Cli;
use daypass::middleware::{self, Service};
use daypass::server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::Instant;

const REQUEST: &[u8] = b"GET /fast HTTP/1.1\r\nhost: x\r\n\r\n";

fn service() -> Service {
    let slow = async || {
        tokio::time::sleep(Duration::from_secs(5)).await;
        "slow"
    };
    let never = async || {
        std::future::pending::<()>().await;
        "never"
    };
    let router =
        Router::new().route("/fast", get(async || "fast")).route("/slow", post(slow)).route("/never", get(never));
    middleware::around(router, &Cli::parse_from(["daypass"]).config)
}

/// A server on a free port, the way to stop it, and what tells that it has stopped.
async fn start() -> (std::net::SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move {
        let _ = stopped.await;
    };
    (address, stop, tokio::spawn(server::serve(listener, service(), shutdown)))
}

/// Everything until the server closes, and how long that took.
async fn read_to_end(stream: &mut TcpStream) -> (String, Duration) {
    let started = Instant::now();
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text).await;
    (String::from_utf8_lossy(&text).into_owned(), started.elapsed())
}

fn is_about(limit: Duration, elapsed: Duration) -> bool {
    (limit - Duration::from_secs(1)..limit + Duration::from_secs(3)).contains(&elapsed)
}

#[tokio::test]
async fn who_says_nothing_is_shown_out() {
    let (address, _stop, _server) = start().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    tokio::time::pause();
    let (text, elapsed) = read_to_end(&mut stream).await;
    assert_eq!(text, "");
    assert!(is_about(server::IDLE, elapsed), "{elapsed:?}");
}

#[tokio::test]
async fn who_trickles_headers_is_shown_out() {
    let (address, _stop, _server) = start().await;
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    tokio::time::pause();
    let started = Instant::now();
    writing.write_all(b"GET /fast HTTP/1.1\r\n").await.unwrap();
    let trickle = tokio::spawn(async move {
        while writing.write_all(b"x-a: b\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let mut text = Vec::new();
    let _ = reading.read_to_end(&mut text).await;
    assert!(is_about(server::IDLE, started.elapsed()), "{:?}", started.elapsed());
    trickle.abort();
}

#[tokio::test]
async fn a_connection_left_idle_is_closed() {
    let (address, _stop, _server) = start().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    let mut first = vec![0; 4096];
    let read = stream.read(&mut first).await.unwrap();
    assert!(first[..read].starts_with(b"HTTP/1.1 200"));
    tokio::time::pause();
    let (rest, elapsed) = read_to_end(&mut stream).await;
    assert!(rest.is_empty() || rest == "fast", "{rest}");
    assert!(is_about(server::IDLE, elapsed), "{elapsed:?}");
}

#[tokio::test]
async fn a_head_over_the_limit_is_refused() {
    let (address, _stop, _server) = start().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("GET /fast HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(100 * 1024));
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = vec![0; 1024];
    let read = stream.read(&mut answer).await.unwrap_or(0);
    assert!(read == 0 || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer[..read]));
}

#[tokio::test]
async fn requests_in_flight_are_finished_when_the_service_stops() {
    let (address, stop, server) = start().await;
    let mut busy = TcpStream::connect(address).await.unwrap();
    busy.write_all(b"POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(REQUEST).await.unwrap();
    let mut answer = vec![0; 4096];
    assert!(idle.read(&mut answer).await.unwrap() > 0);
    stop.send(()).unwrap();
    tokio::time::pause();
    let (text, _) = read_to_end(&mut busy).await;
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("slow"), "{text}");
    server.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_keep_the_service_alive() {
    let (address, stop, server) = start().await;
    let mut stuck = TcpStream::connect(address).await.unwrap();
    stuck.write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut other = TcpStream::connect(address).await.unwrap();
    other.write_all(REQUEST).await.unwrap();
    let mut answer = vec![0; 4096];
    assert!(other.read(&mut answer).await.unwrap() > 0, "by now the first request is in flight too");
    stop.send(()).unwrap();
    tokio::time::pause();
    let started = Instant::now();
    server.await.unwrap();
    assert!(is_about(server::GRACE, started.elapsed()), "{:?}", started.elapsed());
}

#[tokio::test]
async fn http_2_is_spoken_to_who_begins_with_it() {
    let (address, _stop, _server) = start().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The preface and an empty SETTINGS frame (RFC 9113 §3.4).
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "the server's SETTINGS");
}

#[tokio::test]
async fn what_is_no_http_ends_the_connection_and_not_the_service() {
    let (address, _stop, _server) = start().await;
    for nonsense in [
        &b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"[..],
        b"GET /fast\r\n\r\n",
        b"GET /fast HTTP/9.9\r\n\r\n",
        b"GET /fast HTTP/1.1\r\nbad header\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(nonsense).await.unwrap();
        stream.shutdown().await.unwrap();
        let (text, _) = read_to_end(&mut stream).await;
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
    }
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}
