//! `/health`: liveness and readiness.

use axum::http::Method;

use crate::support::TestApp;

#[tokio::test]
async fn service_with_a_database_is_live_and_ready() {
    let app = TestApp::start().await;
    assert_eq!(app.anon.get("/health/live").await.status(), 200);
    assert_eq!(app.anon.get("/health/ready").await.status(), 200);
}

#[tokio::test]
async fn service_without_a_database_is_live_but_not_ready() {
    let app = TestApp::start().await;
    app.app.db.close_by_ref().await.unwrap();
    assert_eq!(app.anon.get("/health/live").await.status(), 200);
    let ready = app.anon.get("/health/ready").await;
    assert_eq!(ready.error(), (503, "unavailable".to_owned()));
    assert!(!ready.text().contains("pool"), "causes stay in the log: {}", ready.text());
}

#[tokio::test]
async fn probes_return_a_small_object_under_each_of_their_names() {
    let app = TestApp::start().await;
    let names = ["/health/live", "/health/ready", "/livez", "/readyz", "/health", "/healthz", "/healthz/"];
    for path in names {
        let reply = app.anon.get(path).await;
        assert_eq!((reply.status(), reply.text()), (200, r#"{"status":"ok"}"#), "{path}");
        assert_eq!(reply.header("content-type"), "application/json", "{path}");
    }
    app.app.db.close_by_ref().await.unwrap();
    for path in names {
        let status = app.anon.get(path).await.status();
        assert_eq!(status, if path.contains("live") { 200 } else { 503 }, "{path}");
    }
}

#[tokio::test]
async fn options_of_the_root_returns_204_for_the_check_of_haproxy() {
    let app = TestApp::start().await;
    let reply = app.anon.request(Method::OPTIONS, "/").send().await;
    assert_eq!((reply.status(), reply.header("allow")), (204, "GET, HEAD, OPTIONS"));
}
