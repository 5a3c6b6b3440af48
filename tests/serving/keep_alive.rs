//! Persistent connections between requests.

use super::*;

#[tokio::test]
async fn keep_alive_header_announces_the_time_out() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    for _ in 0..2 {
        let response = exchange(&mut stream, REQUEST).await;
        assert!(response.contains("\r\nkeep-alive: timeout=75\r\n"), "{response}");
        assert!(response.contains("\r\nconnection: keep-alive\r\n"), "{response}");
    }
    let other = Server::start_at("127.0.0.1", &["--keep-alive=2m"]).await;
    let response = exchange(&mut other.connect().await, REQUEST).await;
    assert!(response.contains("\r\nkeep-alive: timeout=120\r\n"), "{response}");
}

#[tokio::test]
async fn closing_connection_has_no_keep_alive_header() {
    let server = Server::start().await;
    for request in [
        "GET /fast HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        "GET /fast HTTP/1.1\r\nhost: x\r\nconnection: te, Close\r\n\r\n",
        "GET /fast HTTP/1.0\r\n\r\n",
    ] {
        let mut stream = server.connect().await;
        let response = exchange(&mut stream, request.as_bytes()).await;
        assert!(!response.contains("keep-alive"), "{response}");
        assert_eq!(read_to_end(&mut stream).await.0, "");
    }
}

#[tokio::test]
async fn idle_connection_is_closed_after_the_keep_alive_time() {
    for (flag, seconds) in [("--keep-alive=75s", 75), ("--keep-alive=5s", 5)] {
        let server = Server::start_at("127.0.0.1", &[flag]).await;
        let mut stream = server.connect().await;
        assert!(exchange(&mut stream, REQUEST).await.starts_with("HTTP/1.1 200"));
        tokio::time::pause();
        let (rest, elapsed) = read_to_end(&mut stream).await;
        assert_eq!(rest, "");
        // One second longer than announced, so that a client never sends a request on a closing connection.
        assert!(is_about(Duration::from_secs(seconds + 1), elapsed), "{elapsed:?}");
        tokio::time::resume();
    }
}
