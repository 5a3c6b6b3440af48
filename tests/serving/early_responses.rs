//! Responses that are sent before the request body is complete.

use super::*;

/// Sends `size` bytes. Fails when the server closes the connection.
async fn upload(stream: &mut TcpStream, size: usize) -> std::io::Result<()> {
    let chunk = [b'x'; 16 * 1024];
    let mut left = size;
    while left > 0 {
        left -= stream.write(&chunk[..left.min(chunk.len())]).await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[tokio::test]
async fn upload_with_an_early_response_is_read_and_the_connection_stays_open() {
    let server = Server::start().await;
    for round in 0..20 {
        let mut stream = server.connect().await;
        stream.write_all(b"POST /refused HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n\r\n").await.unwrap();
        upload(&mut stream, 900_000).await.unwrap_or_else(|error| panic!("upload {round}: {error}"));
        assert!(read_response(&mut stream).await.starts_with("HTTP/1.1 401"));
        assert!(exchange(&mut stream, REQUEST).await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn chunked_upload_with_an_early_response_is_read_and_the_connection_stays_open() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    let head = b"POST /refused HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    assert!(exchange(&mut stream, head).await.starts_with("HTTP/1.1 401"));
    for _ in 0..50 {
        stream.write_all(b"4000\r\n").await.unwrap();
        upload(&mut stream, 0x4000).await.unwrap();
        stream.write_all(b"\r\n").await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert!(exchange(&mut stream, REQUEST).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn small_body_after_the_response_keeps_the_connection_open() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    let head = b"POST /refused HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n";
    assert!(exchange(&mut stream, head).await.starts_with("HTTP/1.1 401"));
    stream.write_all(b"hello").await.unwrap();
    assert!(exchange(&mut stream, REQUEST).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn upload_over_the_limit_is_answered_and_closed() {
    let server = Server::start().await;
    for head in ["content-length: 200000000", "transfer-encoding: chunked"] {
        let mut stream = server.connect().await;
        stream.write_all(format!("POST /refused HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n").as_bytes()).await.unwrap();
        if head.starts_with("transfer") {
            stream.write_all(b"bebc200\r\n").await.unwrap();
        }
        let response = read_response(&mut stream).await;
        assert!(response.starts_with("HTTP/1.1 401"), "{response}");
        assert_eq!(head.starts_with("content"), response.contains("\r\nconnection: close\r\n"), "{response}");
        assert!(upload(&mut stream, 200_000_000).await.is_err(), "the server read all of {head}");
    }
}

#[tokio::test]
async fn stalled_upload_with_an_early_response_is_closed_after_two_seconds() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    let head = b"POST /refused HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n\r\nthe beginning";
    assert!(exchange(&mut stream, head).await.starts_with("HTTP/1.1 401"));
    tokio::time::pause();
    let (rest, elapsed) = read_to_end(&mut stream).await;
    assert_eq!(rest, "");
    assert!(is_about(Duration::from_secs(2), elapsed), "{elapsed:?}");
}

#[tokio::test]
async fn rejected_request_with_expect_100_continue_is_answered_without_its_body() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    let head = b"POST /refused HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 9000\r\n\r\n";
    let response = exchange(&mut stream, head).await;
    assert!(response.starts_with("HTTP/1.1 401") && response.contains("\r\nconnection: close\r\n"), "{response}");
    tokio::time::pause();
    let (rest, _) = read_to_end(&mut stream).await;
    assert_eq!(rest, "");
}

#[tokio::test]
async fn uploads_in_progress_do_not_delay_shutdown() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    let head = b"POST /refused HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n\r\nthe beginning";
    assert!(exchange(&mut stream, head).await.starts_with("HTTP/1.1 401"));
    server.stop.send(()).unwrap();
    tokio::time::pause();
    let started = Instant::now();
    server.task.await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}
