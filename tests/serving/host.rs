//! The `Host` of a request (RFC 9112 §3.2).

use super::*;

#[tokio::test]
async fn http_1_1_request_needs_exactly_one_host() {
    let server = Server::start().await;
    for (version, hosts, status) in [
        ("1.1", "", "400"),
        ("1.1", "host:\r\n", "400"),
        ("1.1", "host:  \r\n", "400"),
        ("1.1", "host: a.example\r\nhost: b.example\r\n", "400"),
        ("1.1", "host: a.example\r\nhost: a.example\r\n", "400"),
        ("1.1", "host: a.example, b.example\r\n", "400"),
        ("1.1", "host: user@a.example\r\n", "400"),
        ("1.1", "host: a.example/path\r\n", "400"),
        ("1.1", "host: a.example\r\n", "200"),
        ("1.1", "host: a.example:3000\r\n", "200"),
        ("1.1", "host: [::1]:3000\r\n", "200"),
        ("1.0", "", "200"),
        ("1.0", "host: a.example\r\n", "200"),
        ("1.0", "host: a.example\r\nhost: b.example\r\n", "400"),
    ] {
        let mut stream = server.connect().await;
        let response = exchange(&mut stream, format!("GET /fast HTTP/{version}\r\n{hosts}\r\n").as_bytes()).await;
        assert_eq!(response[9..].split(' ').next(), Some(status), "{version} {hosts}: {response}");
        assert_eq!(status == "400", response.contains(r#""code":"bad_host""#), "{version} {hosts}: {response}");
        assert!(response.contains("x-request-id: "), "{response}");
    }
}

#[tokio::test]
async fn absolute_form_request_needs_a_host() {
    let server = Server::start().await;
    for (hosts, status) in [("", "400"), ("host: a.example\r\n", "200")] {
        let mut stream = server.connect().await;
        let request = format!("GET http://a.example/fast HTTP/1.1\r\n{hosts}\r\n");
        let response = exchange(&mut stream, request.as_bytes()).await;
        assert_eq!(response[9..].split(' ').next(), Some(status), "{hosts}: {response}");
    }
}
