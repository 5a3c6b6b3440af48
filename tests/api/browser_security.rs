//! What protects users of browsers: CORS and security headers.

use axum::http::Method;

use crate::support::{Reply, TestApp};

const REQUESTED: &str = "authorization,content-type,if-match,if-none-match,traceparent,x-requested-with,x-app-version";

async fn preflight(app: &TestApp, origin: &str, path: &str) -> Reply {
    let request = app.anon.request(Method::OPTIONS, path).header("origin", origin);
    let request = request.header("access-control-request-method", "PUT");
    request.header("access-control-request-headers", REQUESTED).send().await
}

#[tokio::test]
async fn preflight_needs_no_authentication() {
    let app = TestApp::start().await;
    for path in ["/api/items/1", "/api/users", "/api/verify"] {
        let reply = preflight(&app, "http://localhost:8080", path).await;
        assert_eq!(reply.status(), 200, "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), "http://localhost:8080");
        let methods = reply.header("access-control-allow-methods");
        assert!(["GET", "POST", "PUT", "PATCH", "DELETE"].iter().all(|method| methods.contains(method)), "{methods}");
        assert_eq!(reply.header("access-control-allow-headers"), REQUESTED);
        assert!(!reply.has_header("access-control-allow-credentials"));
        assert!(reply.header("vary").contains("origin"));
    }
}

#[tokio::test]
async fn development_allows_only_local_origins() {
    let app = TestApp::start().await;
    for origin in [
        "http://localhost",
        "http://localhost:8080",
        "https://localhost",
        "https://localhost:8443",
        "http://app.localhost:3000",
        "http://127.0.0.1:5500",
        "http://[::1]:8080",
        "https://[::1]",
        "http://192.168.1.20:5173",
        "http://10.0.0.7",
        "http://172.16.3.4:8080",
        "http://169.254.1.1",
        "http://[fd00::1]:8080",
        "http://[fe80::1]",
    ] {
        let reply = app.anon.request(Method::GET, "/health/live").header("origin", origin).send().await;
        assert_eq!(reply.header("access-control-allow-origin"), origin);
        assert!(reply.header("access-control-expose-headers").contains("etag"));
    }
    for origin in [
        "http://evil.example",
        "null",
        "",
        "http://localhost.evil.example",
        "http://localhost:80.evil.example",
        "http://localhost:",
        "http://localhost:80",
        "http://localhost:99999",
        "http://localhost/",
        "http://LOCALHOST",
        "ftp://localhost",
        "capacitor://localhost",
        "http://8.8.8.8",
        "http://172.32.0.1",
        "http://192.168.1.1.evil.example",
        "http://[2001:db8::1]",
        "http://0x7f.1",
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
async fn production_allows_only_listed_origins() {
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
async fn listed_origins_are_normalised_and_have_any_scheme() {
    for (listed, origin) in [
        ("https://app.example:443", "https://app.example"),
        ("http://App.Example:80", "http://app.example"),
        ("https://b\u{fc}cher.example", "https://xn--bcher-kva.example"),
        ("http://[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("Ionic://localhost", "ionic://localhost"),
        ("app://obsidian.md", "app://obsidian.md"),
        ("chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai", "chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai"),
        (
            "moz-extension://5f7b1f3e-6a2c-4c5e-9a57-0f0f8a6a7b1c",
            "moz-extension://5f7b1f3e-6a2c-4c5e-9a57-0f0f8a6a7b1c",
        ),
    ] {
        let app = TestApp::start_with(&["--daypass-env=production", &format!("--cors-origins={listed}")]).await;
        let reply = preflight(&app, origin, "/api/items").await;
        assert_eq!(reply.header("access-control-allow-origin"), origin, "{listed}");
        assert!(!preflight(&app, "null", "/api/items").await.has_header("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn response_that_a_cache_may_keep_varies_by_origin() {
    let app = TestApp::start().await;
    for path in ["/.well-known/jwks.json", "/client/client.js", "/"] {
        for origin in ["", "http://localhost:8080", "https://other.example"] {
            let request = app.anon.request(Method::GET, path);
            let request = if origin.is_empty() { request } else { request.header("origin", origin) };
            let reply = request.send().await;
            assert_ne!(reply.header("cache-control"), "no-store", "{path}");
            assert!(reply.header("vary").contains("origin"), "{path} {origin}");
        }
    }
    assert!(!app.anon.get("/health/live").await.has_header("vary"));
}

#[tokio::test]
async fn pages_of_any_origin_can_read_the_public_keys() {
    let app = TestApp::start_with(&["--daypass-env=production"]).await;
    for origin in ["", "https://other.example", "null"] {
        let request = app.anon.request(Method::GET, "/.well-known/jwks.json");
        let request = if origin.is_empty() { request } else { request.header("origin", origin) };
        assert_eq!(request.send().await.header("access-control-allow-origin"), "*", "{origin}");
    }
    let listed = TestApp::start().await;
    let request = listed.anon.request(Method::GET, "/.well-known/jwks.json").header("origin", "http://localhost:1");
    assert_eq!(request.send().await.header("access-control-allow-origin"), "http://localhost:1");
}

#[tokio::test]
async fn error_responses_have_cors_headers() {
    let app = TestApp::start().await;
    let reply = app.anon.request(Method::GET, "/api/items").header("origin", "http://localhost:8080").send().await;
    assert_eq!(reply.error(), (401, "no_token".to_owned()));
    assert_eq!(reply.header("access-control-allow-origin"), "http://localhost:8080");
}

#[tokio::test]
async fn every_response_has_security_headers() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for path in [
        "/",
        "/client/client.js",
        "/docs",
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
async fn responses_are_not_compressed_and_do_not_use_the_host_header() {
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
