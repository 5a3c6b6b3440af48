//! The cookie carrier: the same session token, carried by the browser and used by nobody else's page.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Browser, Forge, PASSWORD, Reply, TestApp};

mod other_pages;
mod replacing;

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
async fn the_cookie_has_all_flags_and_the_body_no_token() {
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
async fn nobody_gets_a_cookie_who_does_not_ask_for_one() {
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
async fn it_lives_as_long_as_its_token() {
    let app = TestApp::start_with(&["--jwt-ttl=1h"]).await;
    let browser = Browser::new(&app.anon);
    let reply = sign_in(&browser, "/api/users", "alice").await;
    assert!(reply.header("set-cookie").ends_with("Max-Age=3600"));
}

#[tokio::test]
async fn without_tls_in_development_it_has_another_name() {
    let app = TestApp::start_with(&["--cookie-secure=false"]).await;
    let browser = Browser::without_tls(&app.anon);
    let reply = sign_in(&browser, "/api/users", "alice").await;
    let token = browser.cookie("daypass").unwrap();
    assert_eq!(reply.header("set-cookie"), format!("daypass={token}; HttpOnly; SameSite=Lax; Path=/; Max-Age=86400"));
    assert_eq!(browser.get("/api/verify").await.status(), 204);
    browser.plant(COOKIE, &token);
    assert_eq!(browser.get("/api/verify").await.status(), 204, "the other name means nothing here");
}

#[tokio::test]
async fn signing_out_takes_the_cookie_back_everywhere() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let thief = browser.copy();
    let reply = browser.delete("/api/sessions/current").await;
    assert_eq!((reply.status(), reply.header("clear-site-data")), (204, "\"cookies\""));
    let gone = |name: &str| format!("{name}=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0");
    assert_eq!(reply.cookies(), [gone(COOKIE), gone("__Host-daypass-variables")]);
    assert_eq!(browser.cookies(), None);
    assert_eq!(browser.get("/api/verify").await.refusal(), (401, "no_token".to_owned()));
    let refused = thief.get("/api/verify").await;
    assert_eq!(refused.refusal(), (401, "revoked".to_owned()));
    assert_eq!(thief.cookies(), None, "what is refused is taken back");
}

#[tokio::test]
async fn whatever_ends_the_session_takes_the_cookie_back() {
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
async fn a_new_password_comes_with_a_new_cookie() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let before = browser.copy();
    let body = json!({"currentPassword": PASSWORD, "newPassword": "another horse, another staple"});
    let reply = browser.put("/api/users/me/password", body).await;
    assert_eq!((reply.status(), reply.cookies().len()), (200, 1));
    assert!(reply.json().get("sessionToken").is_none() && !reply.has_header("clear-site-data"));
    assert_eq!(browser.get("/api/verify").await.status(), 204);
    assert_eq!(before.get("/api/verify").await.refusal().1, "revoked");
}

#[tokio::test]
async fn the_header_wins_over_the_cookie() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let bob = app.bob().await;
    let bearer = format!("Bearer {}", bob.token());
    for (header, status, name) in
        [(&*bearer, 200, Some("bob")), ("Bearer x.y.z", 401, None), ("Basic eDp5", 200, Some("alice"))]
    {
        let reply = browser.send_with(Method::GET, "/api/users/me", None, &[("authorization", header)]).await;
        assert_eq!((reply.status(), reply.json()["username"].as_str()), (status, name), "{header}");
        assert!(reply.cookies().is_empty(), "the cookie was not what was refused");
    }
    let two = browser.cookies().unwrap();
    let twice = app.anon.request(Method::GET, "/api/verify").header("cookie", format!("{two}; {two}")).send().await;
    assert_eq!(twice.refusal(), (400, "ambiguous_token".to_owned()));
}

#[tokio::test]
async fn a_cookie_beside_ours_need_not_be_text() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let cookies = [b"name=Fran\xe7ois; ".as_slice(), browser.cookies().unwrap().as_bytes()].concat();
    let reply = app.anon.request(Method::GET, "/api/users/me").header("cookie", cookies).send().await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let unreadable = app.anon.request(Method::GET, "/api/verify").header("cookie", b"__Host-daypass=a.b.\xff");
    assert_eq!(unreadable.send().await.refusal(), (401, "malformed_token".to_owned()));
}

#[tokio::test]
async fn a_chosen_session_id_is_worth_nothing() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app.anon);
    browser.plant(COOKIE, "chosen");
    let reply = browser.get("/api/verify").await;
    assert_eq!((reply.refusal().1, browser.cookies()), ("malformed_token".to_owned(), None));
    browser.plant(COOKIE, "chosen");
    sign_in(&browser, "/api/users", "alice").await;
    assert_ne!(browser.cookie(COOKIE).unwrap(), "chosen");
}
