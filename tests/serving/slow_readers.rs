//! Clients that read a large response slowly, or not at all.

use tokio::net::TcpSocket;

use super::*;

/// A connection with a small receive buffer, so that the server notices when the client does not read.
async fn connect(server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.connect(server.address).await.unwrap()
}

#[cfg_attr(daypass_portable, ignore = "the portable code does not limit unsent bytes")]
#[tokio::test]
async fn slow_reader_that_makes_progress_gets_the_complete_response() {
    let server = Server::start().await;
    let mut stream = connect(&server).await;
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut chunk = vec![0; 64 * 1024];
    let mut received = stream.read(&mut chunk).await.unwrap();
    tokio::time::pause();
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        received += stream.read_exact(&mut chunk).await.unwrap();
    }
    tokio::time::resume();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    received += rest.len();
    assert!(received > LARGE, "{received} of {LARGE}");
}

#[tokio::test]
async fn reader_without_progress_is_disconnected_after_thirty_seconds() {
    let server = Server::start().await;
    let mut stream = connect(&server).await;
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut chunk = vec![0; 64 * 1024];
    stream.read_exact(&mut chunk).await.unwrap();
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(28)).await;
    assert!(!is_closed(&stream, Duration::from_millis(100)).await, "too early");
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(is_closed(&stream, Duration::from_secs(20)).await, "too late");
}

/// Whether the server closed the connection. It then answers further data with a reset, for which this waits in real
/// time. The paused clock does not move meanwhile.
async fn is_closed(stream: &TcpStream, patience: Duration) -> bool {
    let started = std::time::Instant::now();
    while started.elapsed() < patience {
        if stream.try_write(b"x").is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
        tokio::task::yield_now().await;
    }
    false
}
