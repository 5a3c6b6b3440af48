//! Graceful shutdown.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use super::*;

#[tokio::test]
async fn requests_in_flight_finish_during_shutdown() {
    let server = Server::start().await;
    let mut busy = server.connect().await;
    busy.write_all(b"POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    let mut idle = server.connect().await;
    idle.write_all(REQUEST).await.unwrap();
    let mut answer = vec![0; 4096];
    assert!(idle.read(&mut answer).await.unwrap() > 0);
    server.stop.send(()).unwrap();
    tokio::time::pause();
    let (text, _) = read_to_end(&mut busy).await;
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("slow"), "{text}");
    server.task.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn request_that_never_ends_does_not_block_shutdown() {
    let server = Server::start().await;
    let mut stuck = server.connect().await;
    stuck.write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut other = server.connect().await;
    other.write_all(REQUEST).await.unwrap();
    let mut answer = vec![0; 4096];
    assert!(other.read(&mut answer).await.unwrap() > 0, "the first request is in flight, too");
    server.stop.send(()).unwrap();
    tokio::time::pause();
    let started = Instant::now();
    server.task.await.unwrap();
    assert!(is_about(server::GRACE, started.elapsed()), "{:?}", started.elapsed());
}

#[tokio::test]
async fn first_request_of_a_new_connection_is_served_during_shutdown() {
    let server = Server::start().await;
    let mut early = server.connect().await;
    tokio::task::yield_now().await;
    let mut queued = server.connect().await;
    server.stop.send(()).unwrap();
    while TcpStream::connect(server.address).await.is_ok() {}
    for client in [&mut early, &mut queued] {
        client.write_all(REQUEST).await.unwrap();
        let (text, _) = read_to_end(client).await;
        assert!(text.starts_with("HTTP/1.1 200") && text.contains("connection: close"), "{text:?}");
    }
    server.task.await.unwrap();
}

#[tokio::test]
async fn silent_connection_delays_shutdown_only_while_it_is_new() {
    for (age, delay) in [(Duration::ZERO, server::ARRIVAL), (server::ARRIVAL, Duration::ZERO)] {
        let server = Server::start().await;
        let mut used = server.connect().await;
        let _silent = server.connect().await;
        used.write_all(REQUEST).await.unwrap();
        read_response(&mut used).await;
        tokio::time::pause();
        tokio::time::advance(age).await;
        server.stop.send(()).unwrap();
        let started = Instant::now();
        server.task.await.unwrap();
        let (elapsed, tolerance) = (started.elapsed(), server::ARRIVAL / 2);
        assert!(elapsed.abs_diff(delay) < tolerance, "{age:?}: {elapsed:?}");
        tokio::time::resume();
    }
}
