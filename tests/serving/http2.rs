//! HTTP/2 without TLS.

use axum::body::Bytes;
use axum::http::{Request, Response};
use h2::RecvStream;
use h2::client::SendRequest;

use super::*;

async fn connect(server: &Server) -> SendRequest<Bytes> {
    let stream = server.connect().await;
    // Otherwise the system delays small frames while the paused clock runs on.
    stream.set_nodelay(true).unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    client.ready().await.unwrap()
}

async fn get(client: &mut SendRequest<Bytes>, request: Request<()>) -> Response<RecvStream> {
    client.send_request(request, true).unwrap().0.await.unwrap()
}

fn fast() -> axum::http::request::Builder {
    Request::get("http://a.example/fast")
}

#[tokio::test]
async fn http_2_preface_is_answered_with_settings() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    // The preface and an empty SETTINGS frame (RFC 9113 §3.4).
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "the server's SETTINGS");
}

/// A frame (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Reads frames until one of this kind. Returns its stream and its payload.
async fn read_frame(stream: &mut TcpStream, wanted: u8) -> (u32, Vec<u8>) {
    let read = async {
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.unwrap();
            let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
            stream.read_exact(&mut payload).await.unwrap();
            if head[3] == wanted {
                return (u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("the frame should come")
}

#[tokio::test]
async fn http_2_stream_over_the_limit_of_100_is_refused() {
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    let server = Server::start().await;
    let mut client = connect(&server).await;
    assert_eq!(get(&mut client, fast().body(()).unwrap()).await.status(), StatusCode::OK);
    assert_eq!(client.current_max_send_streams(), 100, "the limit is announced");
    // A client that ignores the announcement: `GET /never` and the host, 101 times (RFC 7541 §6).
    let head = b"\x82\x86\x04\x06/never\x01\x09a.example";
    let mut stream = server.connect().await;
    let mut bytes = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(SETTINGS, 0, 0, &[])].concat();
    (0..101).for_each(|number| bytes.extend(frame(HEADERS, 5, number * 2 + 1, head)));
    stream.write_all(&bytes).await.unwrap();
    let (refused, code) = read_frame(&mut stream, RST_STREAM).await;
    assert_eq!(refused, 201, "the 101st stream");
    assert_eq!(code, 7_u32.to_be_bytes(), "REFUSED_STREAM");
    // Cancel one request: another one is accepted.
    stream.write_all(&frame(RST_STREAM, 0, 1, &8_u32.to_be_bytes())).await.unwrap();
    stream.write_all(&frame(HEADERS, 5, 203, b"\x82\x86\x04\x05/fast\x01\x09a.example")).await.unwrap();
    assert_eq!(read_frame(&mut stream, HEADERS).await.0, 203);
}

#[tokio::test]
async fn http_2_response_has_no_connection_headers() {
    let server = Server::start().await;
    let response = get(&mut connect(&server).await, fast().body(()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!response.headers().contains_key("keep-alive") && !response.headers().contains_key("connection"));
}

#[tokio::test]
async fn http_2_request_with_two_hosts_is_rejected() {
    let server = Server::start().await;
    let mut client = connect(&server).await;
    let response = get(&mut client, fast().header("host", "b.example").body(()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let response = get(&mut client, fast().header("host", "a.example").body(()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn http_2_request_has_at_most_100_fields_and_16_kib() {
    let server = Server::start().await;
    let mut client = connect(&server).await;
    for (fields, length, status) in [(100, 1, 200), (101, 1, 431), (1, 15_000, 200), (1, 17_000, 431)] {
        let value = "x".repeat(length);
        let request = (0..fields).fold(fast(), |request, number| request.header(format!("x-{number}"), &value));
        let response = get(&mut client, request.body(()).unwrap()).await;
        assert_eq!(response.status(), status, "{fields} fields of {length}");
    }
}

#[tokio::test]
async fn http_2_upload_with_an_early_response_leaves_the_connection_usable() {
    let server = Server::start().await;
    let mut client = connect(&server).await;
    for _ in 0..20 {
        let request = Request::post("http://a.example/refused").body(()).unwrap();
        let (response, mut body) = client.send_request(request, false).unwrap();
        body.send_data(vec![0; 900_000].into(), true).unwrap();
        assert_eq!(response.await.unwrap().status(), StatusCode::UNAUTHORIZED);
        assert_eq!(get(&mut client, fast().body(()).unwrap()).await.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn slow_http_2_reader_that_makes_progress_gets_the_complete_response() {
    let server = Server::start().await;
    let mut client = connect(&server).await;
    let request = Request::get("http://a.example/large").body(()).unwrap();
    let mut body = get(&mut client, request).await.into_body();
    let mut received = 0;
    let mut read = async |least: usize| {
        let mut taken = 0;
        while taken < least {
            let Some(data) = body.data().await else { break };
            let length = data.unwrap().len();
            body.flow_control().release_capacity(length).unwrap();
            taken += length;
        }
        taken
    };
    tokio::time::pause();
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        received += read(64 * 1024).await;
    }
    tokio::time::resume();
    received += read(LARGE).await;
    assert_eq!(received, LARGE);
}

/// Reads the response until the window of its stream is used up, never extends the window, and returns how long the
/// server keeps the connection open.
async fn stop_reading(path: &str) -> Duration {
    let server = Server::start().await;
    let mut client = connect(&server).await;
    let request = Request::get(format!("http://a.example{path}")).body(()).unwrap();
    let mut body = get(&mut client, request).await.into_body();
    let mut received = 0;
    while received < 65_535 {
        received += body.data().await.unwrap().unwrap().len();
    }
    tokio::time::pause();
    let started = Instant::now();
    let end = tokio::time::timeout(Duration::from_secs(200), body.data()).await;
    assert!(!matches!(end, Ok(Some(Ok(_)))), "the server sent more than the window");
    tokio::time::resume();
    started.elapsed()
}

#[tokio::test]
async fn http_2_reader_without_progress_is_disconnected_after_thirty_seconds() {
    let open = stop_reading("/chunks").await;
    assert!(is_about(Duration::from_secs(30), open), "{open:?}");
}

#[tokio::test]
async fn http_2_reader_of_a_buffered_response_is_disconnected_after_the_keep_alive_time() {
    // The handler's response is one chunk. Once the connection has buffered it, the connection counts as idle.
    let open = stop_reading("/large").await;
    assert!(is_about(Duration::from_secs(76), open), "{open:?}");
}
