//! `GET /api/verify` as reverse proxies call it: nginx accepts 2xx, 401 and 403, and turns everything else into a 500.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Browser, PASSWORD, TestApp};

/// The headers of a request, and the status and code of the answer.
type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);

#[tokio::test]
async fn verify_returns_only_401_or_403_for_bad_requests() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let bearer = format!("Bearer {}", alice.token());
    let browser = Browser::new(&app.anon);
    browser.post("/api/sessions", json!({"username": "alice", "password": PASSWORD, "carrier": "cookie"})).await;
    let cookie = browser.cookies().unwrap();
    let two_cookies = format!("{cookie}; {cookie}");
    let long = "x".repeat(20_000);
    let cases: [Case<'_>; 12] = [
        (&[], 401, "no_token"),
        (&[("authorization", &bearer), ("authorization", &bearer)], 401, "ambiguous_token"),
        (&[("authorization", &bearer), ("authorization", "")], 401, "ambiguous_token"),
        (&[("cookie", &two_cookies)], 401, "ambiguous_token"),
        (&[("authorization", &long)], 401, "malformed_token"),
        (&[("authorization", "\u{e9}")], 401, "malformed_token"),
        (&[("cookie", &cookie), ("sec-fetch-site", "cross-site"), ("x-original-method", "POST")], 403, "cross_site"),
        (&[("cookie", &cookie), ("sec-fetch-site", "cross-site"), ("x-forwarded-method", "\u{e9}")], 403, "cross_site"),
        (&[("cookie", &cookie), ("content-type", "text/plain")], 204, ""),
        (&[("authorization", &bearer), ("content-type", "nonsense")], 204, ""),
        (&[("authorization", &bearer), ("if-match", "x"), ("range", "bytes=5-")], 204, ""),
        (&[("authorization", &bearer), ("expect", "nonsense")], 204, ""),
    ];
    for (headers, status, code) in cases {
        for path in ["/api/verify", "/api/verify/", "/api/verify?x=1&x=2", "/api/verify?%ff"] {
            let request = headers
                .iter()
                .fold(app.anon.request(Method::GET, path), |request, (name, value)| request.header(name, value));
            let reply = request.send().await;
            let expected = if (path, status) == ("/api/verify/", 204) { 200 } else { status };
            assert_eq!(reply.status(), expected, "{path} {headers:?}");
            if status != 204 {
                assert_eq!(reply.error().1, code, "{path} {headers:?}");
            }
        }
    }
}

#[tokio::test]
async fn verify_returns_503_only_when_revocations_are_unknown() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.app.db.close_by_ref().await.unwrap();
    assert_eq!(alice.get("/api/verify").await.status(), 204);
    app.advance_clock(TimeDelta::seconds(6));
    let refused = alice.get("/api/verify").await;
    assert_eq!((refused.error().0, refused.header("retry-after")), (503, "1"));
    assert_eq!(app.anon.get("/api/verify").await.error(), (401, "no_token".to_owned()));
}

const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

#[tokio::test]
async fn request_is_verified_with_its_own_method_and_path() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let identity = ["x-auth-user-id", "x-auth-session-id", "x-auth-expires-at"];
    // Envoy appends the path and accepts only 200.
    for (path, status) in [("/api/verify", 204), ("/api/verify/", 200), ("/api/verify/api/items/1?x=1", 200)] {
        for method in METHODS {
            let reply = alice.request(method.clone(), path).send().await;
            assert_eq!((reply.status(), reply.text()), (status, ""), "{method} {path}");
            assert!(identity.iter().all(|name| reply.has_header(name)), "{method} {path}");
            let refused = app.anon.request(method.clone(), path).send().await;
            assert_eq!(refused.status(), 401, "{method} {path}");
            assert!(!identity.iter().any(|name| refused.has_header(name)), "{method} {path}");
        }
    }
    assert_eq!(app.anon.get("/api/verifyx").await.error(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn request_with_a_cookie_is_verified_if_it_comes_from_the_same_origin() {
    let app = TestApp::start().await;
    app.alice().await;
    let browser = Browser::new(&app.anon);
    browser.post("/api/sessions", json!({"username": "alice", "password": PASSWORD, "carrier": "cookie"})).await;
    let cookie = browser.cookies().unwrap();
    for (site, method, status) in [
        ("same-origin", Method::POST, 200),
        ("same-origin", Method::DELETE, 200),
        ("cross-site", Method::POST, 403),
        ("same-site", Method::PUT, 403),
    ] {
        let request = app.anon.request(method.clone(), "/api/verify/upload").header("cookie", &cookie);
        let request = request.header("sec-fetch-site", site).header("content-type", "multipart/form-data");
        assert_eq!(request.send().await.status(), status, "{site} {method}");
    }
}

/// Sends a CORS preflight as a proxy passes it on.
async fn preflight(app: &TestApp, method: Method, path: &str, headers: &[(&str, &str)]) -> (u16, bool) {
    let request = app.anon.request(method, path).header("origin", "http://localhost:5173");
    let request = request.header("access-control-request-method", "PUT");
    let reply = headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send().await;
    (reply.status(), reply.has_header("x-auth-user-id") || reply.has_header("access-control-allow-origin"))
}

#[tokio::test]
async fn preflight_of_an_application_behind_a_proxy_is_rejected_by_default() {
    let app = TestApp::start().await;
    for header in ["x-forwarded-method", "x-original-method"] {
        let asked = [(header, "OPTIONS")];
        assert_eq!(preflight(&app, Method::GET, "/api/verify", &asked).await.0, 401, "{header}");
        assert_eq!(preflight(&app, Method::OPTIONS, "/api/verify", &asked).await, (401, false), "{header}");
    }
    assert_eq!(preflight(&app, Method::OPTIONS, "/api/verify/", &[]).await, (401, false));
    assert_eq!(preflight(&app, Method::OPTIONS, "/api/verify/reports", &[]).await, (401, false));
    // This is a preflight to Daypass itself, from a page of an allowed origin.
    assert_eq!(preflight(&app, Method::OPTIONS, "/api/verify", &[]).await, (200, true));
}

#[tokio::test]
async fn preflight_is_accepted_only_where_the_setting_says_that_the_proxy_writes_the_method() {
    let token = ("authorization", "Bearer x.y.z");
    let (forwarded, original) = (("x-forwarded-method", "OPTIONS"), ("x-original-method", "OPTIONS"));
    for (setting, method, header) in [
        ("method", Method::OPTIONS, ("x-unused", "")),
        ("x-forwarded-method", Method::GET, forwarded),
        ("x-original-method", Method::GET, original),
    ] {
        let app = TestApp::start_with(&[&format!("--verify-preflight={setting}")]).await;
        let path = if setting == "method" { "/api/verify/reports" } else { "/api/verify" };
        let (status, _) = preflight(&app, method.clone(), path, &[header]).await;
        assert_eq!(status, 200, "{setting}");
        // A request with a token is not a preflight.
        assert_eq!(preflight(&app, method.clone(), path, &[header, token]).await.0, 401, "{setting}");
        let no_preflight = app.anon.request(method, path).header(header.0, header.1).send().await;
        assert_eq!(no_preflight.error(), (401, "no_token".to_owned()), "{setting}");
        // A client forges the headers that its proxy does not write.
        for forged in [forwarded, original] {
            if forged != header {
                assert_eq!(preflight(&app, Method::GET, path, &[forged]).await.0, 401, "{setting} {forged:?}");
                let contrary = [forged, (header.0, "GET")];
                assert_eq!(preflight(&app, Method::GET, path, &contrary).await.0, 401, "{setting} {forged:?}");
            }
        }
        assert_eq!(preflight(&app, Method::GET, path, &[header, (header.0, "GET")]).await.0, 401, "{setting}");
    }
}
