//! Requests of other sites cannot use the cookie.

use super::*;

/// Requests that change something. Each succeeds from a page of the same origin.
fn changes() -> [(Method, &'static str, Option<Value>); 6] {
    [
        (Method::POST, "/api/items", Some(json!({"name": "a"}))),
        (Method::PATCH, "/api/users/me", Some(json!({"username": "alice2"}))),
        (Method::PUT, "/api/sessions/current/variables/a", Some(json!(1))),
        (Method::POST, "/api/sessions/current/variables/a/increment", Some(json!({}))),
        (Method::DELETE, "/api/sessions/current/variables/a", None),
        (Method::DELETE, "/api/sessions/current", None),
    ]
}

#[tokio::test]
async fn cross_site_request_with_a_cookie_is_rejected() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let cross_site: [&[(&str, &str)]; 11] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://day.example"), ("host", "day.example")],
        &[("origin", "https://evil.example"), ("host", "day.example")],
        &[("origin", "null"), ("host", "day.example")],
        &[("origin", "https://day.example@evil.example"), ("host", "day.example")],
        &[("origin", "https://day.example.evil.example"), ("host", "day.example")],
        &[("origin", "http://day.example"), ("host", "day.example")],
        &[("referer", "https://day.example/"), ("host", "day.example")],
        &[],
    ];
    for headers in cross_site {
        for (method, path, body) in changes() {
            let reply = browser.send_with(method.clone(), path, body, headers).await;
            assert_eq!(reply.error(), (403, "cross_site".to_owned()), "{method} {path} {headers:?}");
            assert!(reply.cookies().is_empty());
        }
    }
    assert_eq!(browser.get("/api/items").await.json()["items"], json!([]));
    assert_eq!(browser.get("/api/users/me").await.json()["username"], "alice");
    let same_origin: [&[(&str, &str)]; 3] = [
        &[("sec-fetch-site", "same-origin")],
        &[("origin", "https://day.example"), ("host", "day.example")],
        &[("origin", "http://localhost:3000"), ("host", "localhost:3000")],
    ];
    for (headers, (method, path, body)) in same_origin.iter().cycle().zip(changes()) {
        let reply = browser.send_with(method.clone(), path, body, headers).await;
        assert!((200..300).contains(&reply.status()), "{method} {path}: {}", reply.text());
    }
}

#[tokio::test]
async fn verify_rejects_a_forwarded_unsafe_cross_site_method() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    for name in ["x-forwarded-method", "x-original-method"] {
        let ask = async |method: &str, site: &str| {
            alice.send_with(Method::GET, "/api/verify", None, &[("sec-fetch-site", site), (name, method)]).await
        };
        for method in ["POST", "DELETE", "anything", "get", "no method"] {
            assert_eq!(ask(method, "cross-site").await.error(), (403, "cross_site".to_owned()), "{method}");
            assert_eq!(ask(method, "same-origin").await.status(), 204, "{method}");
        }
        for method in ["GET", "HEAD"] {
            assert_eq!(ask(method, "cross-site").await.status(), 204, "{method}");
        }
    }
}

#[tokio::test]
async fn form_content_types_are_rejected() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        let request = app.anon.request(Method::POST, "/api/sessions/current/variables/a/increment");
        let request = request.header("cookie", browser.cookies().unwrap()).header("sec-fetch-site", "same-origin");
        let reply = request.header("content-type", media_type).body("{}").send().await;
        assert_eq!(reply.error(), (415, "unsupported_media_type".to_owned()), "{media_type}");
    }
    assert_eq!(browser.get("/api/sessions/current/variables").await.json()["items"], json!([]));
}

#[tokio::test]
async fn cross_site_get_is_answered_without_cors_credentials() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    // A link on another site: the browser sends the cookie and shows the response only to its user.
    let reply = browser.send(Method::GET, "/api/users/me", None, "cross-site").await;
    assert_eq!(reply.status(), 200);
    let headers = [("origin", "http://localhost:8080"), ("sec-fetch-site", "same-site")];
    let reply = browser.send_with(Method::GET, "/api/users/me", None, &headers).await;
    assert!(!reply.has_header("access-control-allow-credentials"), "no script of another site can read the response");
}

#[tokio::test]
async fn cross_site_sign_in_is_rejected() {
    let app = TestApp::start().await;
    app.alice().await;
    let browser = Browser::new(&app.anon);
    let body = json!({"username": "alice", "password": PASSWORD, "carrier": "cookie"});
    for path in ["/api/users", "/api/sessions"] {
        let reply = browser.send(Method::POST, path, Some(body.clone()), "cross-site").await;
        assert_eq!(reply.error(), (403, "cross_site".to_owned()));
    }
    let reply = browser.send(Method::PUT, "/api/sessions/current/variables/a", Some(json!(1)), "same-site").await;
    assert_eq!((reply.error().1, browser.cookies()), ("cross_site".to_owned(), None));
    let without = browser.send(Method::POST, "/api/sessions", Some(body), "").await;
    assert_eq!(without.status(), 201, "a client without fetch metadata is not a browser");
}

#[tokio::test]
async fn get_request_does_not_end_the_cookie_session() {
    let app = TestApp::start_with(&["--classroom=false"]).await;
    let browser = alice(&app).await;
    for path in ["/logout", "/signout", "/api/logout", "/api/sessions/current/delete"] {
        assert_eq!(browser.get(path).await.status(), 404, "{path}");
    }
    assert_eq!(browser.send(Method::POST, "/api/sessions/current", Some(json!({})), "same-origin").await.status(), 405);
    assert_eq!(browser.get("/api/verify").await.status(), 204);
}
