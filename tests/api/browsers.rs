//! What browsers ask of a service: CORS, and headers that keep a page in its place.

use axum::http::Method;

use crate::support::{Reply, TestApp};

async fn preflight(app: &TestApp, origin: &str, path: &str) -> Reply {
    let request = app.anon.request(Method::OPTIONS, path).header("origin", origin);
    let request = request.header("access-control-request-method", "PUT");
    request.header("access-control-request-headers", "authorization,content-type,if-match").send().await
}

#[tokio::test]
async fn a_preflight_meets_no_authentication() {
    let app = TestApp::start().await;
    for path in ["/api/items/1", "/api/users", "/api/verify"] {
        let reply = preflight(&app, "http://localhost:8080", path).await;
        assert_eq!(reply.status(), 200, "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), "http://localhost:8080");
        let methods = reply.header("access-control-allow-methods");
        assert!(["GET", "POST", "PUT", "PATCH", "DELETE"].iter().all(|method| methods.contains(method)), "{methods}");
        let headers = reply.header("access-control-allow-headers");
        assert!(
            ["authorization", "content-type", "if-match", "if-none-match"].iter().all(|name| headers.contains(name)),
            "{headers}"
        );
        assert!(!reply.has_header("access-control-allow-credentials"));
        assert!(reply.header("vary").contains("origin"));
    }
}

#[tokio::test]
async fn in_development_only_pages_of_this_machine_may_call() {
    let app = TestApp::start().await;
    for origin in ["http://localhost", "http://localhost:8080", "http://127.0.0.1:5500"] {
        let reply = app.anon.request(Method::GET, "/health/live").header("origin", origin).send().await;
        assert_eq!(reply.header("access-control-allow-origin"), origin);
        assert!(reply.header("access-control-expose-headers").contains("etag"));
    }
    for origin in [
        "http://evil.example",
        "null",
        "http://localhost.evil.example",
        "https://localhost",
        "http://localhost@evil.example",
        "http://evil.example/http://localhost",
    ] {
        assert!(!preflight(&app, origin, "/api/items").await.has_header("access-control-allow-origin"), "{origin}");
        let reply = app.anon.request(Method::GET, "/health/live").header("origin", origin).send().await;
        assert!(!reply.has_header("access-control-allow-origin"), "{origin}");
        assert!(reply.header("vary").contains("origin"));
    }
}

#[tokio::test]
async fn in_production_only_listed_origins_may_call() {
    let none = TestApp::start_with(&["--daypass-env=production"]).await;
    assert!(!preflight(&none, "http://localhost:8080", "/api/items").await.has_header("access-control-allow-origin"));
    let listed = TestApp::start_with(&[
        "--daypass-env=production",
        "--cors-origins=https://app.example,https://admin.example:8443",
    ])
    .await;
    for (origin, allowed) in [
        ("https://app.example", true),
        ("https://admin.example:8443", true),
        ("https://admin.example", false),
        ("http://app.example", false),
        ("https://app.example.evil.example", false),
    ] {
        let reply = preflight(&listed, origin, "/api/items").await;
        assert_eq!(reply.has_header("access-control-allow-origin"), allowed, "{origin}");
    }
}

#[tokio::test]
async fn a_refusal_can_be_read_across_origins_too() {
    let app = TestApp::start().await;
    let reply = app.anon.request(Method::GET, "/api/items").header("origin", "http://localhost:8080").send().await;
    assert_eq!(reply.refusal(), (401, "no_token".to_owned()));
    assert_eq!(reply.header("access-control-allow-origin"), "http://localhost:8080");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for path in [
        "/",
        "/client/client.js",
        "/docs/index.html",
        "/docs/errors",
        "/openapi.json",
        "/api/items",
        "/api/users/me",
        "/api/nope",
        "/health/live",
    ] {
        let reply = alice.get(path).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(reply.header("x-frame-options"), "DENY", "{path}");
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        let script = policy.split(';').find(|part| part.trim().starts_with("script-src")).unwrap_or_default();
        assert!(!script.contains("unsafe"), "{path}: {script}");
        assert!(!reply.has_header("server") && !reply.has_header("set-cookie"), "{path}");
        assert!(!reply.has_header("strict-transport-security"), "{path}: not over plain HTTP");
        assert!(!reply.has_header("access-control-expose-headers"), "{path}: no browser of another origin asked");
        if path.starts_with("/api") {
            assert_eq!(reply.header("cache-control"), "no-store", "{path}");
        }
    }
    let production = TestApp::start_with(&["--daypass-env=production"]).await;
    assert_eq!(production.anon.get("/").await.header("strict-transport-security"), "max-age=31536000");
}

#[tokio::test]
async fn no_answer_is_compressed_or_built_from_the_host_header() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let reply = alice
        .request(Method::GET, "/api/users/me")
        .header("accept-encoding", "gzip, br")
        .header("host", "evil.example")
        .send()
        .await;
    assert!(!reply.has_header("content-encoding"));
    assert!(!reply.text().contains("evil.example"));
    let created = alice
        .request(Method::POST, "/api/items")
        .header("host", "evil.example")
        .json(&serde_json::json!({"name": "x"}))
        .send()
        .await;
    assert_eq!(created.header("location"), "/api/items/1");
}
