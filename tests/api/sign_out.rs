//! Sign-out of the current session, of another one and of all. The replica that handled it rejects the tokens immediately.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Client, PASSWORD, TestApp, until_available};

async fn sign_in(app: &TestApp, name: &str, device: &str) -> Client {
    let request = app.anon.request(Method::POST, "/api/sessions").header("user-agent", device);
    let reply = request.json(&json!({"username": name, "password": PASSWORD})).send().await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    app.anon.with_token(reply.json()["sessionToken"].as_str().unwrap())
}

async fn id_of(client: &Client) -> String {
    client.get("/api/sessions/current").await.json()["session"]["id"].as_str().unwrap().to_owned()
}

async fn assert_revoked(client: &Client, reason: &str) {
    for (method, path) in [(Method::GET, "/api/verify"), (Method::GET, "/api/items"), (Method::POST, "/api/items")] {
        let reply = client.request(method, path).json(&json!({"name": "x"})).send().await;
        assert_eq!(reply.error(), (401, "revoked".to_owned()));
        assert!(reply.json()["detail"].as_str().unwrap().contains(reason), "{}", reply.text());
        assert!(reply.header("www-authenticate").contains(r#"error="invalid_token""#));
    }
}

#[tokio::test]
async fn sign_out_revokes_the_token_immediately_and_no_other() {
    let app = TestApp::start().await;
    let (first, bob) = (app.alice().await, app.bob().await);
    let second = sign_in(&app, "alice", "phone").await;
    let reply = first.delete("/api/sessions/current").await;
    assert_eq!((reply.status(), reply.text()), (204, ""));
    assert_revoked(&first, "signed out").await;
    for client in [&second, &bob] {
        assert_eq!(client.get("/api/verify").await.status(), 204);
    }
    assert_eq!(first.delete("/api/sessions/current").await.error(), (401, "revoked".to_owned()), "a second sign-out");
}

#[tokio::test]
async fn sessions_are_listed_newest_first_with_user_agents() {
    let app = TestApp::start().await;
    let first = app.alice().await;
    app.advance_clock(TimeDelta::seconds(1));
    let second = sign_in(&app, "alice", "phone").await;
    app.advance_clock(TimeDelta::seconds(1));
    sign_in(&app, "alice", "laptop").await;
    app.bob().await;
    let list = second.get("/api/sessions").await.json();
    let seen: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| (session["userAgent"].clone(), session["current"].clone()))
        .collect();
    assert_eq!(seen, [(json!("laptop"), json!(false)), (json!("phone"), json!(true)), (json!(null), json!(false))]);

    first.delete("/api/sessions/current").await;
    assert_eq!(
        second.get("/api/sessions").await.json()["items"].as_array().unwrap().len(),
        2,
        "ended sessions are not listed"
    );
    app.advance_clock(TimeDelta::hours(24) - TimeDelta::seconds(1));
    let last = sign_in(&app, "alice", "watch").await;
    app.advance_clock(TimeDelta::seconds(1));
    let expired = last.get("/api/sessions").await.json();
    assert_eq!(expired["items"].as_array().unwrap().len(), 1, "expired sessions are not listed: {expired}");
}

#[tokio::test]
async fn session_can_be_ended_from_another_session() {
    let app = TestApp::start().await;
    let (first, second) = (app.alice().await, sign_in(&app, "alice", "lost phone").await);
    let id = id_of(&second).await;
    assert_eq!(first.delete(&format!("/api/sessions/{id}")).await.status(), 204);
    assert_revoked(&second, "signed out").await;
    assert_eq!(first.delete(&format!("/api/sessions/{id}")).await.error(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn session_of_another_user_is_not_found() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    let id = id_of(&alice).await;
    for id in
        [id.as_str(), "AAAAAAAAAAAAAAAAAAAAAA", "nonsense", "1", "%00", "x' OR '1'='1"].map(|id| id.replace(' ', "%20"))
    {
        assert_eq!(bob.delete(&format!("/api/sessions/{id}")).await.error(), (404, "not_found".to_owned()), "{id}");
    }
    assert_eq!(alice.get("/api/verify").await.status(), 204);
}

#[tokio::test]
async fn sign_out_everywhere_ends_all_or_all_other_sessions() {
    let app = TestApp::start().await;
    let bob = app.bob().await;
    let (first, second, third) =
        (app.alice().await, sign_in(&app, "alice", "b").await, sign_in(&app, "alice", "c").await);
    let reply = second.delete("/api/sessions?except=current").await;
    assert_eq!((reply.status(), reply.json()), (200, json!({"ended": 2})));
    assert_revoked(&first, "other sessions").await;
    assert_revoked(&third, "other sessions").await;
    assert_eq!(second.get("/api/verify").await.status(), 204);

    sign_in(&app, "alice", "d").await;
    assert_eq!(second.delete("/api/sessions").await.json(), json!({"ended": 2}));
    assert_revoked(&second, "other sessions").await;
    assert_eq!(bob.get("/api/verify").await.status(), 204);
    assert_eq!(
        bob.delete("/api/sessions?except=me").await.field_errors(),
        [("?except".to_owned(), "not_allowed".to_owned())]
    );
}

#[tokio::test]
async fn oldest_session_ends_when_the_maximum_is_exceeded() {
    let app = TestApp::start_with(&["--max-sessions=3"]).await;
    let mut sessions = vec![app.alice().await];
    for device in ["b", "c", "d"] {
        app.advance_clock(TimeDelta::milliseconds(10));
        sessions.push(sign_in(&app, "alice", device).await);
    }
    assert_revoked(&sessions[0], "maximum number of sessions").await;
    for active in &sessions[1..] {
        assert_eq!(active.get("/api/verify").await.status(), 204);
    }
    assert_eq!(sessions[3].get("/api/sessions").await.json()["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn concurrent_sign_outs_of_a_session_store_one_revocation() {
    use sea_orm::{EntityTrait as _, PaginatorTrait as _};
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let attempts: Vec<_> = (0..20)
        .map(|_| {
            let alice = alice.clone();
            tokio::spawn(async move { until_available(|| alice.delete("/api/sessions/current")).await.status() })
        })
        .collect();
    for attempt in attempts {
        let status = attempt.await.unwrap();
        assert!([204, 401].contains(&status), "{status}");
    }
    assert_eq!(alice.get("/api/verify").await.status(), 401);
    assert_eq!(daypass::models::revocation::Entity::find().count(&app.app.db).await.unwrap(), 1);
}

#[tokio::test]
async fn token_within_the_leeway_can_be_signed_out() {
    let app = TestApp::start_with(&["--jwt-leeway=30s"]).await;
    let alice = app.alice().await;
    app.advance_clock(TimeDelta::hours(24) + TimeDelta::seconds(10));
    assert_eq!(alice.get("/api/verify").await.status(), 204);
    assert_eq!(alice.delete("/api/sessions/current").await.status(), 204);
    assert_eq!(alice.get("/api/verify").await.error(), (401, "revoked".to_owned()));
}

#[tokio::test]
async fn get_request_does_not_end_the_bearer_session() {
    let app = TestApp::start_with(&["--classroom=false"]).await;
    let alice = app.alice().await;
    for path in ["/api/signout", "/api/sign-out", "/api/logout", "/api/sessions/current/delete"] {
        assert_eq!(alice.get(path).await.status(), 404, "{path}");
    }
    assert_eq!(alice.request(Method::POST, "/api/sessions/current").send().await.status(), 405);
    assert_eq!(alice.get("/api/verify").await.status(), 204);
}

#[tokio::test]
async fn requests_after_the_sign_out_response_are_rejected() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let hammer: Vec<_> = (0..4)
        .map(|_| {
            let alice = alice.clone();
            tokio::spawn(async move {
                let mut statuses = Vec::new();
                for _ in 0..200 {
                    statuses.push(alice.get("/api/verify").await.status());
                    tokio::task::yield_now().await;
                }
                statuses
            })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(alice.delete("/api/sessions/current").await.status(), 204);
    for _ in 0..100 {
        assert_eq!(alice.get("/api/verify").await.status(), 401);
    }
    for worker in hammer {
        let statuses = worker.await.unwrap();
        let first_rejection = statuses.iter().position(|status| *status == 401).unwrap_or(statuses.len());
        assert!(statuses[..first_rejection].iter().all(|status| *status == 204));
        assert!(
            statuses[first_rejection..].iter().all(|status| *status == 401),
            "a request was accepted after a rejected one"
        );
    }
}
