//! Time-outs and limits of the request head.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use super::*;

#[tokio::test]
async fn silent_connection_is_closed() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    tokio::time::pause();
    let (text, elapsed) = read_to_end(&mut stream).await;
    assert_eq!(text, "");
    assert!(is_about(server::FIRST_HEAD, elapsed), "{elapsed:?}");
}

#[tokio::test]
async fn connection_that_sends_headers_slowly_is_closed() {
    let server = Server::start().await;
    let stream = server.connect().await;
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
    assert!(is_about(server::FIRST_HEAD, started.elapsed()), "{:?}", started.elapsed());
    trickle.abort();
}

#[tokio::test]
async fn request_head_over_the_limit_is_rejected() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    let head = format!("GET /fast HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(100 * 1024));
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = vec![0; 1024];
    let read = stream.read(&mut answer).await.unwrap_or(0);
    assert!(read == 0 || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer[..read]));
}

#[tokio::test]
async fn invalid_http_closes_only_its_connection() {
    let server = Server::start().await;
    for nonsense in [
        &b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"[..],
        b"GET /fast\r\n\r\n",
        b"GET /fast HTTP/9.9\r\n\r\n",
        b"GET /fast HTTP/1.1\r\nbad header\r\n\r\n",
    ] {
        let mut stream = server.connect().await;
        stream.write_all(nonsense).await.unwrap();
        stream.shutdown().await.unwrap();
        let (text, _) = read_to_end(&mut stream).await;
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
    }
    let mut stream = server.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}
