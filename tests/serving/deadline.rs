//! The deadline of a request.

use super::*;

#[tokio::test]
async fn request_without_a_response_is_answered_503_at_the_deadline() {
    let server = Server::start().await;
    for request in [
        &b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n"[..],
        b"POST /never HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        let mut stream = server.connect().await;
        stream.write_all(request).await.unwrap();
        tokio::time::pause();
        let started = Instant::now();
        let response = read_response(&mut stream).await;
        assert!(response.starts_with("HTTP/1.1 503"), "{response}");
        for part in ["application/problem+json", r#""code":"deadline_exceeded""#, "\r\nretry-after: 1\r\n"] {
            assert!(response.contains(part), "{response}");
        }
        assert!(is_about(Duration::from_secs(30), started.elapsed()), "{:?}", started.elapsed());
        assert!(exchange(&mut stream, REQUEST).await.starts_with("HTTP/1.1 200"), "the connection stays open");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn work_for_a_request_ends_at_the_deadline() {
    struct Notice(Option<oneshot::Sender<()>>);
    impl Drop for Notice {
        fn drop(&mut self) {
            let _ = self.0.take().map(|sender| sender.send(()));
        }
    }
    let (sender, mut dropped) = oneshot::channel();
    let notice = std::sync::Mutex::new(Some(Notice(Some(sender))));
    let handler = async move || {
        let _held = notice.lock().unwrap().take();
        std::future::pending::<()>().await;
    };
    let handler = std::sync::Arc::new(handler);
    let router = Router::new().route("/held", get(move || async move { handler().await }));
    let service = middleware::around(router, &[], &Cli::parse_from(["daypass"]).config);
    tokio::time::pause();
    let request = axum::http::Request::get("/held").body(axum::body::Body::empty()).unwrap();
    let response = service.answer(request).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(dropped.try_recv(), Ok(()), "the handler still runs");
}
