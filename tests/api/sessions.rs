//! `/api/sessions`: signing in, and the session of a request.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Forge, PASSWORD, TestApp};

#[tokio::test]
async fn signing_in_begins_a_session_of_its_own() {
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
async fn an_unknown_name_and_a_wrong_password_are_refused_alike() {
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
    assert_eq!(wrong.refusal(), (401, "bad_credentials".to_owned()));
    for name in ["nobody", "", "%", "' OR 1=1 --", "alice\u{0}", &"x".repeat(10_000)] {
        let unknown = attempt(name, PASSWORD).await;
        assert_eq!((unknown.status(), unknown.text()), (401, wrong.text()), "{name:?}");
        assert_eq!(unknown.header("www-authenticate"), wrong.header("www-authenticate"));
    }
    assert_eq!(wrong.header("www-authenticate"), r#"Bearer realm="daypass""#);
}

#[tokio::test]
async fn composed_and_decomposed_accents_sign_in_to_one_account() {
    let app = TestApp::start().await;
    let sign_up = json!({"username": "r\u{e9}n\u{e9}e", "password": "caf\u{e9} cr\u{e8}me"});
    assert_eq!(app.anon.post("/api/users", sign_up).await.status(), 201);
    let sign_in = json!({"username": "RE\u{301}NE\u{301}E", "password": "cafe\u{301} cre\u{300}me"});
    assert_eq!(app.anon.post("/api/sessions", sign_in).await.status(), 201);
}

#[tokio::test]
async fn a_password_over_the_cap_is_refused_without_being_hashed() {
    let app = TestApp::start().await;
    app.alice().await;
    let reply = app.anon.post("/api/sessions", json!({"username": "alice", "password": "x".repeat(1025)})).await;
    assert_eq!(reply.field_errors(), [("/password".to_owned(), "password_too_long".to_owned())]);
}

#[tokio::test]
async fn the_current_session_tells_whose_it_is_and_what_signed_in() {
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
async fn a_token_lives_exactly_24_hours_and_holds_no_personal_data() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let token = Forge::from(alice.token());
    assert_eq!(token.header["alg"], "HS256");
    assert_eq!(token.header["typ"], "at+jwt");
    assert_eq!(token.header["kid"].as_str().unwrap().len(), 11);
    let mut names: Vec<_> = token.claims.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["amr", "aud", "auth_time", "exp", "iat", "iss", "jti", "sid", "sub"]);
    assert_eq!(token.claims["exp"].as_i64().unwrap() - token.claims["iat"].as_i64().unwrap(), 86_400);
    assert_eq!(token.claims["sub"], "1");
    assert_eq!(token.claims["amr"], json!(["pwd"]));
    assert!(alice.token().len() < 1024);

    app.pass(TimeDelta::seconds(86_400) - TimeDelta::milliseconds(251));
    assert_eq!(alice.get("/api/verify").await.status(), 204);
    app.pass(TimeDelta::milliseconds(1));
    assert_eq!(alice.get("/api/verify").await.refusal(), (401, "expired".to_owned()));
}

#[tokio::test]
async fn the_lifetime_and_the_leeway_are_settings() {
    let app = TestApp::start_with(&["--jwt-ttl=5m", "--jwt-leeway=10s"]).await;
    let alice = app.alice().await;
    app.pass(TimeDelta::seconds(309));
    assert_eq!(alice.get("/api/verify").await.status(), 204);
    app.pass(TimeDelta::seconds(1));
    assert_eq!(alice.get("/api/verify").await.refusal(), (401, "expired".to_owned()));
}

#[tokio::test]
async fn a_token_whose_user_is_no_more_is_refused() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let stranger = Forge::from(alice.token()).claim("sub", json!("4711")).signed();
    let stranger = app.anon.with_token(&stranger);
    for path in ["/api/users/me", "/api/sessions/current"] {
        assert_eq!(stranger.get(path).await.refusal(), (401, "revoked".to_owned()), "{path}");
    }
    let create = stranger.post("/api/items", json!({"name": "orphan"})).await;
    assert_eq!(create.refusal(), (401, "revoked".to_owned()));
}
