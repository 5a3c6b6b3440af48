//! `SESSION_ROLLING`: a session that is not used ends sooner, one that is used goes on, up to its lifetime.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Browser, PASSWORD, TestApp, redis_url};

async fn app() -> TestApp {
    TestApp::start_with(&["--session-rolling=30m", "--jwt-ttl=2h"]).await
}

#[tokio::test]
async fn a_token_that_is_used_is_renewed_and_one_that_is_not_expires() {
    let app = app().await;
    let mut alice = app.alice().await;
    for _ in 0..5 {
        app.pass(TimeDelta::minutes(10));
        assert!(!alice.get("/api/verify").await.has_header("daypass-session-token"), "more than half is left");
        app.pass(TimeDelta::minutes(10));
        let renewed = alice.get("/api/verify").await;
        alice = alice.with_token(renewed.header("daypass-session-token"));
    }
    app.pass(TimeDelta::minutes(30));
    assert_eq!(alice.get("/api/verify").await.refusal(), (401, "expired".to_owned()));
}

#[tokio::test]
async fn no_session_outlives_its_lifetime() {
    let app = app().await;
    let mut alice = app.alice().await;
    for _ in 0..7 {
        app.pass(TimeDelta::minutes(16));
        let reply = alice.get("/api/verify").await;
        assert_eq!(reply.status(), 204);
        if reply.has_header("daypass-session-token") {
            alice = alice.with_token(reply.header("daypass-session-token"));
        }
    }
    assert_eq!(alice.get("/api/verify").await.header("x-auth-expires-at"), "2026-11-20T14:00:00.000Z");
    app.pass(TimeDelta::minutes(8));
    assert_eq!(alice.get("/api/verify").await.refusal().1, "expired");
}

#[tokio::test]
async fn a_cookie_rolls_too_and_carries_the_same_session() {
    let app = app().await;
    let browser = Browser::new(&app.anon);
    let body = json!({"username": "alice", "password": PASSWORD, "carrier": "cookie"});
    let reply = browser.post("/api/users", body).await;
    assert!(reply.header("set-cookie").ends_with("Max-Age=1800"));
    assert_eq!(reply.json()["expiresIn"], 1800);
    let session = reply.json()["session"].clone();
    assert_eq!(session["expiresAt"], "2026-11-20T14:00:00.000Z", "at the latest");
    app.pass(TimeDelta::minutes(20));
    let renewed = browser.get("/api/sessions/current").await;
    assert!(renewed.header("set-cookie").ends_with("Max-Age=1800"));
    assert_eq!(renewed.json()["session"], session);
}

#[tokio::test]
async fn no_other_page_keeps_a_session_alive() {
    let app = app().await;
    let browser = Browser::new(&app.anon);
    let body = json!({"username": "alice", "password": PASSWORD, "carrier": "cookie"});
    browser.post("/api/users", body).await;
    app.pass(TimeDelta::minutes(20));
    for site in ["same-site", "cross-site"] {
        let reply = browser.send(Method::GET, "/api/verify", None, site).await;
        assert_eq!((reply.status(), reply.cookies().len()), (204, 0), "{site}");
    }
    assert_eq!(browser.send(Method::GET, "/api/verify", None, "none").await.cookies().len(), 1, "a person did");
}

#[tokio::test]
async fn what_was_signed_out_stays_out_whichever_of_its_tokens_is_shown() {
    let app = app().await;
    let first = app.alice().await;
    app.pass(TimeDelta::minutes(20));
    let renewed = first.with_token(first.get("/api/verify").await.header("daypass-session-token"));
    app.pass(TimeDelta::minutes(20));
    let reply = renewed.delete("/api/sessions/current").await;
    assert_eq!((reply.status(), reply.has_header("daypass-session-token")), (204, false));
    // The record of the end is kept until no token of the session could be accepted.
    for minutes in [0, 5] {
        app.pass(TimeDelta::minutes(minutes));
        daypass::background::clear_up_once(&app.app).await.unwrap();
        assert_eq!(renewed.get("/api/verify").await.refusal().1, "revoked");
    }
}

#[tokio::test]
async fn an_anonymous_session_rolls_as_well() {
    let app = app().await;
    let browser = Browser::new(&app.anon);
    browser.put("/api/sessions/current/variables/a", json!(1)).await;
    for _ in 0..5 {
        app.pass(TimeDelta::minutes(20));
        let reply = browser.get("/api/sessions/current/variables/a").await;
        assert_eq!((reply.status(), reply.cookies().len()), (200, 1));
    }
}

#[tokio::test]
async fn variables_survive_each_renewal_and_die_with_a_session_that_is_not_used() {
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
            app.pass(TimeDelta::minutes(20));
            for browser in [&alice, &visitor] {
                let before = browser.cookie("__Host-daypass");
                assert_eq!(browser.post(N, json!({})).await.json()["value"], count, "{store}");
                assert_ne!(browser.cookie("__Host-daypass"), before, "{store}: renewed");
            }
        }
        app.pass(TimeDelta::minutes(30));
        for browser in [&alice, &visitor] {
            let kept = browser.cookie("__Host-daypass-variables");
            assert_eq!(browser.get(ALL).await.refusal().1, "expired", "{store}");
            assert_eq!(browser.cookies(), None, "{store}");
            // Whoever shows them all the same, in the next session.
            kept.into_iter().for_each(|sealed| browser.plant("__Host-daypass-variables", &sealed));
        }
        assert_eq!(alice.post("/api/sessions", body).await.status(), 201, "{store}");
        assert_eq!(alice.get(ALL).await.json()["items"], json!([]), "{store}");
        assert_eq!(visitor.post(N, json!({})).await.json()["value"], 1, "{store}");
    }
}

#[tokio::test]
async fn unless_it_is_switched_on_nothing_is_renewed() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.pass(TimeDelta::hours(23));
    let reply = alice.get("/api/verify").await;
    assert_eq!((reply.status(), reply.has_header("daypass-session-token")), (204, false));
}
