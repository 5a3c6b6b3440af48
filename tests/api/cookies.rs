//! The cookie transport: the same session token in a cookie, and requests of other sites that send this cookie are rejected.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Browser, Forge, PASSWORD, Reply, TestApp};

mod cross_site;
mod headers;
mod multiple_cookies;
mod replacement;

const COOKIE: &str = "__Host-daypass";

async fn sign_in(browser: &Browser, path: &str, name: &str) -> Reply {
    let reply = browser.post(path, json!({"username": name, "password": PASSWORD, "carrier": "cookie"})).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    reply
}

async fn alice(app: &TestApp) -> Browser {
    let browser = Browser::new(&app.anon);
    sign_in(&browser, "/api/users", "alice").await;
    browser
}

#[tokio::test]
async fn session_cookie_has_all_attributes_and_the_body_no_token() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app.anon);
    for (path, name) in [("/api/users", "alice"), ("/api/sessions", "alice")] {
        let reply = sign_in(&browser, path, name).await;
        let token = browser.cookie(COOKIE).unwrap();
        let expected = format!("{COOKIE}={token}; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400");
        assert_eq!(reply.header("set-cookie"), expected);
        assert!(expected.len() < 4096 && reply.header("cache-control").contains("no-store"));
        let body = reply.json();
        assert_eq!((&body["tokenType"], &body["expiresIn"]), (&json!("Cookie"), &json!(86400)));
        assert!(body.get("sessionToken").is_none() && !reply.text().contains(&token));
        assert_eq!(browser.get("/api/users/me").await.json()["username"], "alice");
    }
}

#[tokio::test]
async fn sign_up_sets_a_cookie_only_on_request() {
    let app = TestApp::start().await;
    for carrier in [json!(null), json!("bearer")] {
        let name = format!("a-{carrier}");
        let body = json!({"username": name, "password": PASSWORD, "carrier": carrier});
        let reply = app.anon.post("/api/users", body).await;
        assert_eq!((reply.status(), reply.has_header("set-cookie")), (201, false));
        assert_eq!(reply.json()["tokenType"], "Bearer");
    }
    let body = json!({"username": "b", "password": PASSWORD, "carrier": "pigeon", "keepVariables": "yes"});
    let expected = [("/carrier", "carrier"), ("/keepVariables", "not_true_or_false")];
    let expected: Vec<_> = expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())).into();
    assert_eq!(app.anon.post("/api/users", body).await.field_errors(), expected);
}

#[tokio::test]
async fn cookie_expires_with_its_token() {
    let app = TestApp::start_with(&["--jwt-ttl=1h"]).await;
    let browser = Browser::new(&app.anon);
    let reply = sign_in(&browser, "/api/users", "alice").await;
    assert!(reply.header("set-cookie").ends_with("Max-Age=3600"));
}

#[tokio::test]
async fn insecure_cookie_has_a_name_without_prefix() {
    let app = TestApp::start_with(&["--cookie-secure=false"]).await;
    let browser = Browser::without_tls(&app.anon);
    let reply = sign_in(&browser, "/api/users", "alice").await;
    let token = browser.cookie("daypass").unwrap();
    assert_eq!(reply.header("set-cookie"), format!("daypass={token}; HttpOnly; SameSite=Lax; Path=/; Max-Age=86400"));
    assert_eq!(browser.get("/api/verify").await.status(), 204);
    browser.plant(COOKIE, &token);
    assert_eq!(browser.get("/api/verify").await.status(), 204, "the secure name is ignored");
}

#[tokio::test]
async fn cookie_is_secure_where_browsers_store_secure_cookies() {
    let app = TestApp::start_with(&["--cookie-secure=auto"]).await;
    let count = "/api/sessions/current/variables/counter/increment";
    for (username, host, scheme, secure) in [
        ("alice", "localhost:3000", "http", true),
        ("bob", "127.0.0.1:3000", "http", true),
        ("carol", "192.168.1.20:3000", "http", false),
        ("dave", "daypass.example", "https", true),
    ] {
        let browser = if secure { Browser::new(&app.anon) } else { Browser::without_tls(&app.anon) };
        let origin = format!("{scheme}://{host}");
        let from_page = [("host", host), ("origin", origin.as_str()), ("x-forwarded-proto", scheme)];
        let name = if secure { COOKIE } else { "daypass" };
        // Without TLS, browsers do not send `Sec-Fetch-Site`.
        let headers = &from_page[..if scheme == "https" { 3 } else { 2 }];
        let body = json!({"username": username, "password": PASSWORD, "carrier": "cookie"});
        let signed_up = browser.send_with(Method::POST, "/api/users", Some(body), headers).await;
        assert_eq!(signed_up.status(), 201, "{host}");
        assert!(signed_up.header("set-cookie").starts_with(&format!("{name}=")), "{host}");
        for counted in [1, 2] {
            let reply = browser.send_with(Method::POST, count, Some(json!({"by": 1})), headers).await;
            assert_eq!((reply.status(), &reply.json()["value"]), (200, &json!(counted)), "{host}");
        }
        let elsewhere = [("host", host), ("origin", "http://evil.example")];
        let reply = browser.send_with(Method::POST, count, Some(json!({"by": 1})), &elsewhere).await;
        assert_eq!(reply.error(), (403, "cross_site".to_owned()), "{host}");
        let out = browser.send_with(Method::DELETE, "/api/sessions/current", None, headers).await;
        assert_eq!((out.status(), out.has_header("clear-site-data")), (204, false), "{host}");
        assert_eq!(browser.cookies(), None, "{host}");
    }
}

#[tokio::test]
async fn sign_out_clears_the_cookie_and_revokes_copies() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let attacker = browser.copy();
    let reply = browser.delete("/api/sessions/current").await;
    assert_eq!(
        (reply.status(), reply.has_header("clear-site-data")),
        (204, false),
        "other applications keep their cookies"
    );
    let cleared = |name: &str| format!("{name}=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0");
    assert_eq!(reply.cookies(), [cleared(COOKIE), cleared("__Host-daypass-variables")]);
    assert_eq!(browser.cookies(), None);
    assert_eq!(browser.get("/api/verify").await.error(), (401, "no_token".to_owned()));
    let refused = attacker.get("/api/verify").await;
    assert_eq!(refused.error(), (401, "revoked".to_owned()));
    assert_eq!(attacker.cookies(), None, "a rejected cookie is cleared");
}

#[tokio::test]
async fn two_services_on_one_host_keep_their_cookies_apart() {
    for secure in [true, false] {
        let flag = format!("--cookie-secure={secure}");
        let first = TestApp::start_with(&[&flag]).await;
        let second = TestApp::start_with(&[&flag, "--cookie-name=staging_2", "--session-store=cookie"]).await;
        let (here, there) = (Browser::new(&first.anon), Browser::new(&second.anon));
        sign_in(&here, "/api/users", "alice").await;
        sign_in(&there, "/api/users", "bob").await;
        there.put("/api/sessions/current/variables/a", json!(1)).await;
        // A browser has one jar for all ports of a host.
        let cookies = format!("{}; {}", here.cookies().unwrap(), there.cookies().unwrap());
        let ask = async |app: &TestApp, method: Method, path: &str| {
            let request = app.anon.request(method, path).header("cookie", &cookies);
            request.header("sec-fetch-site", "same-origin").send().await
        };
        assert_eq!(ask(&first, Method::GET, "/api/users/me").await.json()["username"], "alice");
        assert_eq!(ask(&second, Method::GET, "/api/users/me").await.json()["username"], "bob");
        let variable = ask(&second, Method::GET, "/api/sessions/current/variables/a").await;
        assert_eq!(variable.json()["value"], 1);
        let reply = ask(&first, Method::DELETE, "/api/sessions/current").await;
        let prefix = if secure { "__Host-" } else { "" };
        let names: Vec<_> = reply.cookies().iter().map(|cookie| cookie.split('=').next().unwrap().to_owned()).collect();
        assert_eq!(names, [format!("{prefix}daypass"), format!("{prefix}daypass-variables")]);
        assert_eq!(ask(&second, Method::GET, "/api/verify").await.status(), 204, "the other session is still active");
        let expected = [format!("{prefix}staging_2"), format!("{prefix}staging_2-variables")];
        assert!(expected.iter().all(|name| there.cookie(name).is_some()), "{:?}", there.cookies());
    }
}

#[tokio::test]
async fn every_way_to_end_a_session_clears_the_cookie() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    assert_eq!(browser.delete("/api/sessions?except=current").await.cookies(), Vec::<String>::new());
    assert_eq!(browser.delete("/api/sessions").await.status(), 200);
    assert_eq!(browser.cookies(), None);
    sign_in(&browser, "/api/sessions", "alice").await;
    let id = browser.get("/api/sessions/current").await.json()["session"]["id"].as_str().unwrap().to_owned();
    assert_eq!(browser.delete(&format!("/api/sessions/{id}")).await.status(), 204);
    assert_eq!(browser.cookies(), None);
    sign_in(&browser, "/api/sessions", "alice").await;
    let body = Some(json!({"currentPassword": PASSWORD}));
    assert_eq!(browser.send(Method::DELETE, "/api/users/me", body, "same-origin").await.status(), 204);
    assert_eq!(browser.cookies(), None);
}

#[tokio::test]
async fn password_change_sets_a_new_cookie() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let before = browser.copy();
    let body = json!({"currentPassword": PASSWORD, "newPassword": "another horse, another staple"});
    let reply = browser.put("/api/users/me/password", body).await;
    assert_eq!((reply.status(), reply.cookies().len()), (200, 1));
    assert!(reply.json().get("sessionToken").is_none() && !reply.has_header("clear-site-data"));
    assert_eq!(browser.get("/api/verify").await.status(), 204);
    assert_eq!(before.get("/api/verify").await.error().1, "revoked");
}

#[tokio::test]
async fn authorization_header_takes_precedence_over_the_cookie() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let bob = app.bob().await;
    let bearer = format!("Bearer {}", bob.token());
    for (header, status, name) in
        [(&*bearer, 200, Some("bob")), ("Bearer x.y.z", 401, None), ("Basic eDp5", 200, Some("alice"))]
    {
        let reply = browser.send_with(Method::GET, "/api/users/me", None, &[("authorization", header)]).await;
        assert_eq!((reply.status(), reply.json()["username"].as_str()), (status, name), "{header}");
        assert!(reply.cookies().is_empty(), "the cookie was not the rejected token");
    }
    let two = browser.cookies().unwrap();
    let twice = app.anon.request(Method::GET, "/api/users/me").header("cookie", format!("{two}; {two}")).send().await;
    assert_eq!(twice.error(), (400, "ambiguous_token".to_owned()));
}

#[tokio::test]
async fn other_cookies_may_contain_non_ascii_bytes() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let cookies = [b"name=Fran\xe7ois; ".as_slice(), browser.cookies().unwrap().as_bytes()].concat();
    let reply = app.anon.request(Method::GET, "/api/users/me").header("cookie", cookies).send().await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let unreadable = app.anon.request(Method::GET, "/api/verify").header("cookie", b"__Host-daypass=a.b.\xff");
    assert_eq!(unreadable.send().await.error(), (401, "malformed_token".to_owned()));
}

#[tokio::test]
async fn session_fixation_is_rejected() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app.anon);
    browser.plant(COOKIE, "chosen");
    let reply = browser.get("/api/verify").await;
    assert_eq!((reply.error().1, browser.cookies()), ("malformed_token".to_owned(), None));
    browser.plant(COOKIE, "chosen");
    sign_in(&browser, "/api/users", "alice").await;
    assert_ne!(browser.cookie(COOKIE).unwrap(), "chosen");
}
