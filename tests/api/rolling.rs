//! `SESSION_ROLLING`: a session that is not used ends sooner, one that is used goes on, up to its lifetime.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Browser, PASSWORD, TestApp};

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
async fn unless_it_is_switched_on_nothing_is_renewed() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.pass(TimeDelta::hours(23));
    let reply = alice.get("/api/verify").await;
    assert_eq!((reply.status(), reply.has_header("daypass-session-token")), (204, false));
}
