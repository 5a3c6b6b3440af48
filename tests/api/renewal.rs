//! `POST /api/sessions/current/renew` and `SESSION_MAX`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Browser, Client, PASSWORD, Reply, TestApp};

const RENEW: &str = "/api/sessions/current/renew";

async fn renew(client: &Client) -> Reply {
    client.post(RENEW, json!({})).await
}

fn renewed(app: &TestApp, reply: &Reply) -> Client {
    assert_eq!(reply.status(), 200, "{}", reply.text());
    app.anon.with_token(reply.json()["sessionToken"].as_str().unwrap())
}

async fn month() -> TestApp {
    TestApp::start_with(&["--session-max=30d", "--jwt-ttl=1h"]).await
}

async fn session_of(client: &Client) -> Value {
    client.get("/api/sessions/current").await.json()["session"].clone()
}

#[tokio::test]
async fn renewed_token_belongs_to_the_same_session() {
    let app = month().await;
    let alice = app.alice().await;
    let session = session_of(&alice).await;
    assert_eq!(session["expiresAt"], "2026-12-20T12:00:00.000Z", "the session, not the token");
    app.advance_clock(TimeDelta::minutes(50));
    let reply = renew(&alice).await;
    let body = reply.json();
    assert_eq!((&body["message"], &body["expiresIn"], &body["session"]), (&json!("renewed"), &json!(3600), &session));
    assert_eq!((&body["tokenType"], &body["user"]["username"]), (&json!("Bearer"), &json!("alice")));
    assert!(!reply.has_header("daypass-device"));
    assert_eq!(reply.header("cache-control"), "no-store");
    let new = renewed(&app, &reply);
    assert_ne!(new.token(), alice.token());
    assert_eq!(session_of(&new).await, session);
    assert_eq!(alice.get("/api/verify").await.status(), 204, "the old token stays valid until it expires");
    app.advance_clock(TimeDelta::minutes(50));
    assert_eq!(alice.get("/api/verify").await.error().1, "expired");
    assert_eq!(new.get("/api/verify").await.status(), 204);
}

#[tokio::test]
async fn expired_token_can_be_renewed_until_its_session_ends() {
    let app = month().await;
    let alice = app.alice().await;
    app.advance_clock(TimeDelta::hours(10));
    let refused = alice.get("/api/verify").await;
    assert_eq!(refused.error(), (401, "expired".to_owned()));
    assert!(refused.text().contains("POST /api/sessions/current/renew"), "{}", refused.text());
    assert_eq!(refused.json()["renewable"], true);
    let morning = renewed(&app, &renew(&alice).await);
    assert_eq!(morning.get("/api/verify").await.status(), 204);
    app.advance_clock(TimeDelta::days(29) + TimeDelta::hours(13) + TimeDelta::minutes(30));
    let last = renew(&alice).await;
    assert_eq!(last.json()["expiresIn"], 1800, "never beyond the end of the session");
    app.advance_clock(TimeDelta::minutes(30));
    for client in [&alice, &renewed(&app, &last)] {
        let refused = renew(client).await;
        assert_eq!(refused.error(), (401, "expired".to_owned()));
        assert!(refused.text().contains("Sign in again"), "{}", refused.text());
        assert!(refused.json().get("renewable").is_none());
    }
}

#[tokio::test]
async fn renewal_does_not_extend_a_session_by_default() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.advance_clock(TimeDelta::hours(23));
    let reply = renew(&alice).await;
    assert_eq!(reply.json()["expiresIn"], 3600);
    app.advance_clock(TimeDelta::hours(1));
    assert_eq!(renewed(&app, &reply).get("/api/verify").await.error().1, "expired");
    assert_eq!(renew(&alice).await.error().1, "expired");
}

#[tokio::test]
async fn a_hundred_tabs_can_renew_at_the_same_time() {
    let app = month().await;
    let alice = app.alice().await;
    app.advance_clock(TimeDelta::hours(2));
    let renewals: Vec<_> = (0..100)
        .map(|_| {
            let alice = alice.clone();
            tokio::spawn(async move { renew(&alice).await })
        })
        .collect();
    for reply in renewals {
        let tab = renewed(&app, &reply.await.unwrap());
        assert_eq!(tab.get("/api/verify").await.status(), 204);
    }
    assert_eq!(alice.get("/api/verify").await.error().1, "expired", "only the new tokens are valid");
    let session = renewed(&app, &renew(&alice).await).get("/api/sessions").await.json();
    assert_eq!(session["items"].as_array().unwrap().len(), 1, "all belong to one session");
}

#[tokio::test]
async fn ended_session_cannot_be_renewed_with_any_of_its_tokens() {
    let app = month().await;
    let alice = app.alice().await;
    app.advance_clock(TimeDelta::minutes(30));
    let new = renewed(&app, &renew(&alice).await);
    assert_eq!(new.delete("/api/sessions/current").await.status(), 204);
    for client in [&alice, &new] {
        assert_eq!(client.get("/api/verify").await.error(), (401, "revoked".to_owned()));
        assert_eq!(renew(client).await.error(), (401, "revoked".to_owned()));
    }
    app.advance_clock(TimeDelta::days(29));
    app.app.purge().run_once().await.unwrap();
    for client in [&alice, &new] {
        assert_eq!(renew(client).await.error(), (401, "revoked".to_owned()), "also after the token expired");
        let restarted = app.replica().await;
        assert_eq!(renew(&restarted.anon.with_token(client.token())).await.error(), (401, "revoked".to_owned()));
    }
}

#[tokio::test]
async fn sign_out_everywhere_ends_sessions_for_their_complete_lifetime() {
    let app = month().await;
    let (alice, other) = (app.alice().await, app.sign_in("alice").await);
    assert_eq!(other.delete("/api/sessions?except=current").await.status(), 200);
    app.advance_clock(TimeDelta::days(28));
    app.app.purge().run_once().await.unwrap();
    let restarted = app.replica().await;
    assert_eq!(renew(&restarted.anon.with_token(alice.token())).await.error(), (401, "revoked".to_owned()));
    assert_eq!(renew(&restarted.anon.with_token(other.token())).await.status(), 200);
}

#[tokio::test]
async fn other_routes_do_not_accept_an_expired_token() {
    let app = month().await;
    let alice = app.alice().await;
    app.advance_clock(TimeDelta::hours(2));
    for path in
        ["/api/verify", "/api/items", "/api/users/me", "/api/sessions/current", "/api/sessions/current/variables"]
    {
        assert_eq!(alice.get(path).await.error(), (401, "expired".to_owned()), "{path}");
    }
    assert_eq!(renew(&app.anon).await.error(), (401, "no_token".to_owned()));
}

/// Otherwise the session would not end, because its token can be renewed.
#[tokio::test]
async fn expired_token_can_sign_out_and_its_session_is_replaced_at_sign_in() {
    let app = month().await;
    let (alice, phone) = (app.alice().await, app.sign_in("alice").await);
    app.advance_clock(TimeDelta::hours(2));
    assert_eq!(alice.delete("/api/sessions/current").await.status(), 204);
    assert_eq!(renew(&alice).await.error(), (401, "revoked".to_owned()));
    let body = json!({"username": "alice", "password": PASSWORD});
    assert_eq!(phone.post("/api/sessions", body).await.status(), 201);
    assert_eq!(renew(&phone).await.error(), (401, "revoked".to_owned()));
    let sessions = app.sign_in("alice").await.get("/api/sessions").await.json();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn cookie_is_stored_until_the_session_ends_and_renewed_after_it_expired() {
    let app = month().await;
    let browser = Browser::new(&app.anon);
    let body = json!({"username": "alice", "password": PASSWORD, "carrier": "cookie"});
    let signed_up = browser.post("/api/users", body).await;
    assert!(signed_up.header("set-cookie").ends_with("Max-Age=2592000"), "{}", signed_up.header("set-cookie"));
    app.advance_clock(TimeDelta::hours(2));
    let expired = browser.get("/api/verify").await;
    assert_eq!((expired.error().1, expired.cookies().len()), ("expired".to_owned(), 0), "the cookie is not cleared");
    let reply = browser.post(RENEW, json!({})).await;
    assert_eq!((reply.status(), reply.cookies().len(), &reply.json()["tokenType"]), (200, 1, &json!("Cookie")));
    assert!(reply.json().get("sessionToken").is_none());
    assert_eq!(browser.get("/api/verify").await.status(), 204);
    app.advance_clock(TimeDelta::days(30));
    let over = browser.get("/api/verify").await;
    assert_eq!(over.error().1, "expired");
    assert!(over.cookies()[0].contains("Max-Age=0"), "the cookie of an ended session is cleared");
}

#[tokio::test]
async fn page_of_another_site_cannot_renew_a_cookie() {
    let app = month().await;
    let browser = Browser::new(&app.anon);
    browser.post("/api/users", json!({"username": "alice", "password": PASSWORD, "carrier": "cookie"})).await;
    for site in ["cross-site", "same-site"] {
        let reply = browser.send(axum::http::Method::POST, RENEW, Some(json!({})), site).await;
        assert_eq!(reply.error(), (403, "cross_site".to_owned()), "{site}");
    }
}

#[tokio::test]
async fn unused_session_that_expired_cannot_be_renewed() {
    let app = TestApp::start_with(&["--session-max=30d", "--jwt-ttl=2h", "--session-rolling=30m"]).await;
    let alice = app.alice().await;
    app.advance_clock(TimeDelta::minutes(20));
    let active = renewed(&app, &renew(&alice).await);
    app.advance_clock(TimeDelta::minutes(29));
    assert_eq!(active.get("/api/verify").await.status(), 204);
    app.advance_clock(TimeDelta::minutes(1));
    let refused = renew(&active).await;
    assert_eq!(refused.error().1, "expired");
    assert!(refused.text().contains("Sign in again"), "{}", refused.text());
}

#[tokio::test]
async fn anonymous_session_cannot_be_renewed() {
    let app = month().await;
    let browser = Browser::new(&app.anon);
    browser.put("/api/sessions/current/variables/colour", json!("red")).await;
    assert_eq!(browser.post(RENEW, json!({})).await.error(), (401, "anonymous".to_owned()));
}
