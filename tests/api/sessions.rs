//! `/api/sessions`: sign-in and the current session.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Forge, PASSWORD, TestApp};

#[tokio::test]
async fn sign_in_creates_a_new_session() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let reply = app.anon.post("/api/sessions", json!({"username": "alice", "password": PASSWORD})).await;
    assert_eq!(reply.status(), 201);
    assert_eq!(reply.header("location"), "/api/sessions/current");
    assert_eq!(reply.header("cache-control"), "no-store");
    let credentials = reply.json();
    assert_eq!(credentials["message"], "successfully authenticated");
    assert_eq!(credentials["expiresIn"], 86_400);
    let first = alice.get("/api/sessions/current").await.json();
    assert_ne!(first["session"]["id"], credentials["session"]["id"]);
    assert_eq!(first["user"], credentials["user"]);
}

#[tokio::test]
async fn unknown_username_and_wrong_password_have_identical_responses() {
    let app = TestApp::start().await;
    app.alice().await;
    let attempt = async |name: &str, password: &str| {
        app.anon
            .request(axum::http::Method::POST, "/api/sessions")
            .header("x-request-id", "same-for-both")
            .json(&json!({"username": name, "password": password}))
            .send()
            .await
    };
    let wrong = attempt("alice", "not her password").await;
    assert_eq!(wrong.error(), (401, "bad_credentials".to_owned()));
    for name in ["unknown", "", "%", "' OR 1=1 --", "alice\u{0}", &"x".repeat(10_000)] {
        let unknown = attempt(name, PASSWORD).await;
        assert_eq!((unknown.status(), unknown.text()), (401, wrong.text()), "{name:?}");
        assert_eq!(unknown.header("www-authenticate"), wrong.header("www-authenticate"));
    }
    assert_eq!(wrong.header("www-authenticate"), r#"Bearer realm="daypass""#);
}

#[tokio::test]
async fn composed_and_decomposed_accents_are_equivalent() {
    let app = TestApp::start().await;
    let sign_up = json!({"username": "r\u{e9}n\u{e9}e", "password": "caf\u{e9} cr\u{e8}me"});
    assert_eq!(app.anon.post("/api/users", sign_up).await.status(), 201);
    let sign_in = json!({"username": "RE\u{301}NE\u{301}E", "password": "cafe\u{301} cre\u{300}me"});
    assert_eq!(app.anon.post("/api/sessions", sign_in).await.status(), 201);
}

#[tokio::test]
async fn password_over_the_limit_is_rejected() {
    let app = TestApp::start().await;
    app.alice().await;
    let reply = app.anon.post("/api/sessions", json!({"username": "alice", "password": "x".repeat(1025)})).await;
    assert_eq!(reply.field_errors(), [("/password".to_owned(), "password_too_long".to_owned())]);
}

#[tokio::test]
async fn current_session_shows_its_user_and_user_agent() {
    let app = TestApp::start().await;
    app.alice().await;
    let reply = app
        .anon
        .request(axum::http::Method::POST, "/api/sessions")
        .header("user-agent", "x".repeat(300))
        .json(&json!({"username": "alice", "password": PASSWORD}))
        .send()
        .await;
    let credentials = reply.json();
    let alice = app.anon.with_token(credentials["sessionToken"].as_str().unwrap());
    let current = alice.get("/api/sessions/current").await.json();
    assert_eq!(current["user"]["username"], "alice");
    assert_eq!(current["session"], credentials["session"]);
    assert_eq!(current["session"]["userAgent"], "x".repeat(255));
    assert_eq!(current["session"]["current"], true);
}

#[tokio::test]
async fn token_is_valid_for_24_hours_and_has_no_personal_data() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let token = Forge::from(alice.token());
    assert_eq!(token.header["alg"], "HS256");
    assert_eq!(token.header["typ"], "at+jwt");
    assert_eq!(token.header["kid"].as_str().unwrap().len(), 11);
    let mut names: Vec<_> = token.claims.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["amr", "aud", "auth_time", "exp", "gen", "iat", "iss", "jti", "sid", "sub"]);
    assert_eq!(token.claims["exp"].as_i64().unwrap() - token.claims["iat"].as_i64().unwrap(), 86_400);
    assert_eq!(token.claims["sub"], "1");
    assert_eq!(token.claims["amr"], json!(["pwd"]));
    assert!(alice.token().len() < 1024);

    app.advance_clock(TimeDelta::seconds(86_400) - TimeDelta::milliseconds(251));
    assert_eq!(alice.get("/api/verify").await.status(), 204);
    app.advance_clock(TimeDelta::milliseconds(1));
    assert_eq!(alice.get("/api/verify").await.error(), (401, "expired".to_owned()));
}

#[tokio::test]
async fn token_lifetime_and_leeway_are_configurable() {
    let app = TestApp::start_with(&["--jwt-ttl=5m", "--jwt-leeway=10s"]).await;
    let alice = app.alice().await;
    app.advance_clock(TimeDelta::seconds(309));
    assert_eq!(alice.get("/api/verify").await.status(), 204);
    app.advance_clock(TimeDelta::seconds(1));
    assert_eq!(alice.get("/api/verify").await.error(), (401, "expired".to_owned()));
}

#[tokio::test]
async fn token_of_a_deleted_user_is_rejected() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let deleted = Forge::from(alice.token()).claim("sub", json!("4711")).signed();
    let deleted = app.anon.with_token(&deleted);
    for path in ["/api/users/me", "/api/sessions/current"] {
        assert_eq!(deleted.get(path).await.error(), (401, "revoked".to_owned()), "{path}");
    }
    let create = deleted.post("/api/items", json!({"name": "orphan"})).await;
    assert_eq!(create.error(), (401, "revoked".to_owned()));
}
