//! `--max-items`, and `anonymous-data` of `--rate-limits`: the maximum of what one client can make the service store.

use axum::http::Method;
use chrono::TimeDelta;
use daypass::models::session_variables;
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};

use crate::support::{Client, TestApp, until_available};

/// The routes that create a row of a user, with a body that all of them accept.
const CREATE: [&str; 2] = ["/api/items", "/api/workout-logs"];

fn body() -> Value {
    json!({"name": "a", "description": "a"})
}

async fn owned(client: &Client, resource: &str) -> usize {
    let page = client.get(resource).await.json();
    page.as_object().unwrap().values().find_map(Value::as_array).unwrap().len()
}

#[tokio::test]
async fn user_with_the_maximum_of_items_deletes_one_before_the_next() {
    for resource in CREATE {
        let app = TestApp::start_with(&["--max-items=3"]).await;
        let (alice, bob) = (app.alice().await, app.bob().await);
        for _ in 0..3 {
            assert_eq!(alice.post(resource, body()).await.status(), 201, "{resource}");
        }
        let refused = alice.post(resource, body()).await;
        assert_eq!(refused.error(), (409, "quota_exceeded".to_owned()), "{resource}");
        assert_eq!(owned(&alice, resource).await, 3, "{resource}");
        assert_eq!(bob.post(resource, body()).await.status(), 201, "{resource}: another user has a quota of their own");
        assert_eq!(alice.delete(&format!("{resource}/1")).await.status(), 204, "{resource}");
        assert_eq!(alice.post(resource, body()).await.status(), 201, "{resource}");
        assert_eq!(owned(&alice, resource).await, 3, "{resource}");
    }
}

#[tokio::test]
async fn each_kind_of_row_has_a_quota_of_its_own() {
    let app = TestApp::start_with(&["--max-items=1"]).await;
    let alice = app.alice().await;
    for resource in CREATE {
        assert_eq!(alice.post(resource, body()).await.status(), 201, "{resource}");
    }
}

#[tokio::test]
async fn parallel_requests_do_not_pass_the_quota_together() {
    for resource in CREATE {
        let app = TestApp::start_with(&["--max-items=5"]).await;
        let alice = app.alice().await;
        let attempts = (0..30).map(|_| {
            let alice = alice.clone();
            tokio::spawn(async move { until_available(|| alice.post(resource, body())).await.status() })
        });
        let mut statuses = Vec::new();
        for attempt in attempts.collect::<Vec<_>>() {
            statuses.push(attempt.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [[201_u16; 5].as_slice(), &[409; 25]].concat(), "{resource}");
        assert_eq!(owned(&alice, resource).await, 5, "{resource}");
    }
}

/// Stores `bytes` in a new anonymous session from this address. Returns the last status, and the client of the session.
async fn store(app: &TestApp, from: &str, bytes: usize) -> (u16, Client) {
    let values = bytes / 4000;
    let mut visitor = app.anon.clone();
    for value in 0..values {
        let path = format!("/api/sessions/current/variables/v{value}?carrier=bearer");
        let request = visitor.request(Method::PUT, &path).header("x-forwarded-for", from);
        let reply = request.json(&json!("a".repeat(3998))).send().await;
        if reply.status() != 201 {
            assert_eq!(reply.error(), (429, "too_many_attempts".to_owned()));
            return (429, visitor);
        }
        if value == 0 {
            visitor = visitor.with_token(reply.header("daypass-session-token"));
        }
    }
    (201, visitor)
}

async fn stored_bytes(app: &TestApp) -> usize {
    let rows = session_variables::Entity::find().all(&app.app.db).await.unwrap();
    rows.iter().map(|row| row.data.len()).sum()
}

const LIMITED: [&str; 2] = ["--rate-limits=anonymous-data=1MiB/24h", "--trusted-proxies=127.0.0.0/8,::1"];

#[tokio::test]
async fn anonymous_sessions_of_one_address_store_a_limited_number_of_bytes() {
    let app = TestApp::start_with(&LIMITED).await;
    let mut sessions = 0;
    while store(&app, "192.0.2.1", 50_000).await.0 == 201 {
        sessions += 1;
    }
    let stored = stored_bytes(&app).await;
    assert!((900_000..1_100_000).contains(&stored), "{stored} bytes of {sessions} sessions");
    for _ in 0..10 {
        assert_eq!(store(&app, "192.0.2.1", 50_000).await.0, 429);
    }
    assert!(stored_bytes(&app).await < 1_100_000);
    assert_eq!(store(&app, "192.0.2.2", 50_000).await.0, 201, "another address has a budget of its own");
    app.advance_clock(TimeDelta::hours(13));
    assert_eq!(store(&app, "192.0.2.1", 50_000).await.0, 201, "half of the budget is back");
}

#[tokio::test]
async fn only_growth_is_charged_and_only_to_anonymous_sessions() {
    let app = TestApp::start_with(&LIMITED).await;
    let (status, visitor) = store(&app, "192.0.2.1", 4000).await;
    assert_eq!(status, 201);
    for client in [visitor, app.alice().await] {
        for _ in 0..600 {
            let path = "/api/sessions/current/variables/v0";
            let request = client.request(Method::PUT, path).header("x-forwarded-for", "192.0.2.1");
            assert!(request.json(&json!("b".repeat(3998))).send().await.status() < 300);
        }
    }
    assert_eq!(store(&app, "192.0.2.1", 50_000).await.0, 201);
}

#[tokio::test]
async fn refused_change_of_an_anonymous_session_is_not_charged() {
    let app = TestApp::start_with(&LIMITED).await;
    let (_, visitor) = store(&app, "192.0.2.1", 4000).await;
    for _ in 0..600 {
        let request = visitor.request(Method::PUT, "/api/sessions/current/variables/v1").header("if-match", "\"5\"");
        let request = request.header("x-forwarded-for", "192.0.2.1");
        assert_eq!(request.json(&json!("b".repeat(3998))).send().await.status(), 412);
    }
    assert_eq!(store(&app, "192.0.2.1", 50_000).await.0, 201);
}
