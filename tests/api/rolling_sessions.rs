//! `SESSION_ROLLING`: an unused session expires early, a used session is renewed up to its lifetime.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Browser, PASSWORD, TestApp, redis_url};

async fn app() -> TestApp {
    TestApp::start_with(&["--session-rolling=30m", "--jwt-ttl=2h"]).await
}

#[tokio::test]
async fn used_token_is_renewed_and_unused_token_expires() {
    let app = app().await;
    let mut alice = app.alice().await;
    for _ in 0..5 {
        app.advance_clock(TimeDelta::minutes(10));
        assert!(!alice.get("/api/verify").await.has_header("daypass-session-token"), "more than half is left");
        app.advance_clock(TimeDelta::minutes(10));
        let renewed = alice.get("/api/verify").await;
        alice = alice.with_token(renewed.header("daypass-session-token"));
    }
    app.advance_clock(TimeDelta::minutes(30));
    assert_eq!(alice.get("/api/verify").await.error(), (401, "expired".to_owned()));
}

#[tokio::test]
async fn renewal_does_not_exceed_the_session_lifetime() {
    let app = app().await;
    let mut alice = app.alice().await;
    for _ in 0..7 {
        app.advance_clock(TimeDelta::minutes(16));
        let reply = alice.get("/api/verify").await;
        assert_eq!(reply.status(), 204);
        if reply.has_header("daypass-session-token") {
            alice = alice.with_token(reply.header("daypass-session-token"));
        }
    }
    assert_eq!(alice.get("/api/verify").await.header("x-auth-expires-at"), "2026-11-20T14:00:00.000Z");
    app.advance_clock(TimeDelta::minutes(8));
    assert_eq!(alice.get("/api/verify").await.error().1, "expired");
}

#[tokio::test]
async fn renewed_cookie_belongs_to_the_same_session() {
    let app = app().await;
    let browser = Browser::new(&app.anon);
    let body = json!({"username": "alice", "password": PASSWORD, "carrier": "cookie"});
    let reply = browser.post("/api/users", body).await;
    assert!(reply.header("set-cookie").ends_with("Max-Age=1800"));
    assert_eq!(reply.json()["expiresIn"], 1800);
    let session = reply.json()["session"].clone();
    assert_eq!(session["expiresAt"], "2026-11-20T14:00:00.000Z", "at the latest");
    app.advance_clock(TimeDelta::minutes(20));
    let renewed = browser.get("/api/sessions/current").await;
    assert!(renewed.header("set-cookie").ends_with("Max-Age=1800"));
    assert_eq!(renewed.json()["session"], session);
}

#[tokio::test]
async fn cross_site_request_does_not_renew_a_session() {
    let app = app().await;
    let browser = Browser::new(&app.anon);
    let body = json!({"username": "alice", "password": PASSWORD, "carrier": "cookie"});
    browser.post("/api/users", body).await;
    app.advance_clock(TimeDelta::minutes(20));
    for site in ["same-site", "cross-site"] {
        let reply = browser.send(Method::GET, "/api/verify", None, site).await;
        assert_eq!((reply.status(), reply.cookies().len()), (204, 0), "{site}");
    }
    assert_eq!(
        browser.send(Method::GET, "/api/verify", None, "none").await.cookies().len(),
        1,
        "a navigation of the user renews it"
    );
}

#[tokio::test]
async fn sign_out_revokes_all_renewed_tokens_of_a_session() {
    let app = app().await;
    let first = app.alice().await;
    app.advance_clock(TimeDelta::minutes(20));
    let renewed = first.with_token(first.get("/api/verify").await.header("daypass-session-token"));
    app.advance_clock(TimeDelta::minutes(20));
    let reply = renewed.delete("/api/sessions/current").await;
    assert_eq!((reply.status(), reply.has_header("daypass-session-token")), (204, false));
    // The revocation is stored until all tokens of the session have expired.
    for minutes in [0, 5] {
        app.advance_clock(TimeDelta::minutes(minutes));
        app.app.purge().run_once().await.unwrap();
        assert_eq!(renewed.get("/api/verify").await.error().1, "revoked");
    }
}

#[tokio::test]
async fn anonymous_session_is_renewed() {
    let app = app().await;
    let browser = Browser::new(&app.anon);
    browser.put("/api/sessions/current/variables/a", json!(1)).await;
    for _ in 0..5 {
        app.advance_clock(TimeDelta::minutes(20));
        let reply = browser.get("/api/sessions/current/variables/a").await;
        assert_eq!((reply.status(), reply.cookies().len()), (200, 1));
    }
}

#[tokio::test]
async fn session_data_survives_renewal_and_expires_with_an_unused_session() {
    const ALL: &str = "/api/sessions/current/variables";
    const N: &str = "/api/sessions/current/variables/n/increment";
    for store in ["database", "memory", "cookie"].map(str::to_owned).into_iter().chain(redis_url()) {
        let flags = ["--session-rolling=30m", "--jwt-ttl=2h", &format!("--session-store={store}")];
        let app = TestApp::start_with(&flags).await;
        let alice = Browser::new(&app.anon);
        let body = json!({"username": "alice", "password": PASSWORD, "carrier": "cookie"});
        alice.post("/api/users", body.clone()).await;
        let visitor = Browser::new(&app.anon);
        for browser in [&alice, &visitor] {
            assert_eq!(browser.post(N, json!({})).await.json()["value"], 1, "{store}");
        }
        for count in 2..=4 {
            app.advance_clock(TimeDelta::minutes(20));
            for browser in [&alice, &visitor] {
                let before = browser.cookie("__Host-daypass");
                assert_eq!(browser.post(N, json!({})).await.json()["value"], count, "{store}");
                assert_ne!(browser.cookie("__Host-daypass"), before, "{store}: renewed");
            }
        }
        app.advance_clock(TimeDelta::minutes(30));
        for browser in [&alice, &visitor] {
            let sealed = browser.cookie("__Host-daypass-variables");
            assert_eq!(browser.get(ALL).await.error().1, "expired", "{store}");
            assert_eq!(browser.cookies(), None, "{store}");
            // The old cookie is presented again in the next session.
            sealed.into_iter().for_each(|value| browser.plant("__Host-daypass-variables", &value));
        }
        assert_eq!(alice.post("/api/sessions", body).await.status(), 201, "{store}");
        assert_eq!(alice.get(ALL).await.json()["items"], json!([]), "{store}");
        assert_eq!(visitor.post(N, json!({})).await.json()["value"], 1, "{store}");
    }
}

#[tokio::test]
async fn sessions_are_not_renewed_by_default() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.advance_clock(TimeDelta::hours(23));
    let reply = alice.get("/api/verify").await;
    assert_eq!((reply.status(), reply.has_header("daypass-session-token")), (204, false));
}
