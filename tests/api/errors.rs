//! All errors have the same form and reveal nothing about the internals of the server.

use axum::Router;
use axum::http::Method;
use axum::routing::get;
use daypass::error::Error;
use daypass::middleware;

use crate::support::{Client, TestApp, config};

#[tokio::test]
async fn unknown_path_returns_404() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for path in [
        "/nope",
        "/api",
        "/api/nope",
        "/api/users/1",
        "/API/ITEMS",
        "/api//items",
        "//",
        "//api/items",
        "///api/items",
        "//api/items/",
        "/api/items//",
        "/api//items/",
        "/api/items///",
        "//health/live",
        "/%2Fapi/items",
        "/.env",
        "/data/daypass.db",
        "/client/../Cargo.toml",
        "/docs/nope.js",
        "/client/%ff",
        "/docs/%ff",
    ] {
        for client in [&app.anon, &alice] {
            assert_eq!(client.get(path).await.error(), (404, "not_found".to_owned()), "{path}");
        }
    }
}

#[tokio::test]
async fn trailing_slash_is_ignored() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for path in ["/api/items/", "/api/users/me/", "/health/live/", "/docs/", "/openapi.json/"] {
        let with = alice.get(path).await.status();
        assert_eq!(with, alice.get(path.trim_end_matches('/')).await.status(), "{path}");
        assert!(with < 400, "{path}");
    }
    alice.post("/api/items", serde_json::json!({"name": "a/b"})).await;
    for path in ["/api/items/?q=a/", "/api/items?q=a/", "http://day.example/api/items/?q=a/"] {
        assert_eq!(alice.get(path).await.json()["items"][0]["name"], "a/b", "{path}");
    }
    assert_eq!(
        alice.get("/api/items/?q=a/b/").await.json()["items"],
        serde_json::json!([]),
        "the query keeps its slash"
    );
}

#[tokio::test]
async fn unsupported_method_returns_405_with_allow() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for (method, path, allowed) in [
        (Method::GET, "/api/users/me/password", "PUT"),
        (Method::PATCH, "/api/sessions", "GET,HEAD,POST,DELETE"),
        (Method::PATCH, "/api/items", "GET,HEAD,POST"),
        (Method::POST, "/api/items/1", "GET,HEAD,PUT,DELETE"),
        (Method::POST, "/api/users/me", "GET,HEAD,PATCH,DELETE"),
        (Method::TRACE, "/health/ready", "GET,HEAD"),
        (Method::from_bytes(b"BREW").unwrap(), "/health/ready", "GET,HEAD"),
        (Method::POST, "/", "GET,HEAD,OPTIONS"),
    ] {
        let reply = alice.request(method.clone(), path).send().await;
        assert_eq!(reply.error(), (405, "method_not_allowed".to_owned()), "{method} {path}");
        let mut methods: Vec<_> = reply.header("allow").split(',').collect();
        let mut expected: Vec<_> = allowed.split(',').collect();
        methods.sort_unstable();
        expected.sort_unstable();
        assert_eq!(methods, expected, "{method} {path}");
    }
}

#[tokio::test]
async fn method_override_headers_are_ignored() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    alice.post("/api/items", serde_json::json!({"name": "stays"})).await;
    for header in ["x-http-method-override", "x-method-override", "x-http-method"] {
        let reply = alice.request(Method::GET, "/api/items/1?_method=DELETE").header(header, "DELETE").send().await;
        assert_eq!(reply.status(), 200);
    }
    assert_eq!(alice.get("/api/items/1").await.status(), 200);
}

#[tokio::test]
async fn head_matches_get_without_a_body() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    alice.post("/api/items", serde_json::json!({"name": "x"})).await;
    for path in [
        "/api/items",
        "/api/items/1",
        "/api/users/me",
        "/api/sessions/current",
        "/api/verify",
        "/health/ready",
        "/openapi.json",
        "/",
    ] {
        let (get, head) = (alice.get(path).await, alice.request(Method::HEAD, path).send().await);
        assert_eq!((head.status(), head.text()), (get.status(), ""), "{path}");
        assert_eq!(head.has_header("etag"), get.has_header("etag"), "{path}");
        assert!(head.status() != 204 || !head.has_header("content-length"), "{path}");
    }
}

#[tokio::test]
async fn panic_returns_500_without_details() {
    let router = Router::new()
        .route("/panic", get(async || -> &'static str { panic!("the secret inside") }))
        .route("/fault", get(async || Error::fault("the secret inside")))
        .route("/fine", get(async || "fine"));
    let anon = Client::new(middleware::around(router, &[], &config(&[])));
    for path in ["/panic", "/fault"] {
        let reply = anon.get(path).await;
        assert_eq!(reply.error(), (500, "internal_error".to_owned()), "{path}");
        assert!(!reply.text().contains("secret"), "{}", reply.text());
    }
    assert_eq!(anon.get("/fine").await.text(), "fine");
}

#[tokio::test]
async fn plain_request_id_of_the_client_is_used() {
    let app = TestApp::start().await;
    let send = async |id: &[u8]| app.anon.request(Method::GET, "/health/live").header("x-request-id", id).send().await;
    assert_eq!(send(b"proxy-4711.a_b").await.header("x-request-id"), "proxy-4711.a_b");
    let long = "x".repeat(65);
    for odd in [&b""[..], b"two words", b"\"quoted\"", b"{json}", b"\xe9", long.as_bytes()] {
        let reply = send(odd).await;
        assert_ne!(reply.header("x-request-id").as_bytes(), odd);
    }
    let (one, other) = (app.anon.get("/").await, app.anon.get("/").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}
