//! Audit events: what users see, and what the database has.

mod attempts;
mod operations;
mod providers;

use daypass::models::{event, user};
use sea_orm::{ConnectionTrait as _, EntityTrait as _, PaginatorTrait as _, QueryOrder as _};
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, TestApp, until_available};

const PATH: &str = "/api/users/me/events";

/// The events that a user sees, newest first.
async fn events(client: &Client) -> Vec<Value> {
    let reply = client.get(&format!("{PATH}?limit=100")).await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let page = reply.json();
    assert_eq!(page["nextCursor"], json!(null));
    page["items"].as_array().unwrap().clone()
}

/// The kinds of the events that a user sees, newest first.
async fn kinds(client: &Client) -> Vec<String> {
    events(client).await.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
}

/// All rows, oldest first.
async fn rows(app: &TestApp) -> Vec<event::Model> {
    event::Entity::find().order_by_asc(event::Column::Id).all(&app.app.db).await.unwrap()
}

/// The rows of a kind.
async fn rows_of(app: &TestApp, kind: &str) -> Vec<event::Model> {
    rows(app).await.into_iter().filter(|row| row.kind == kind).collect()
}

#[tokio::test]
async fn user_sees_own_events_newest_first() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.bob().await;
    let body = json!({"username": "ALICE", "password": PASSWORD});
    let request = app.anon.request(axum::http::Method::POST, "/api/sessions");
    let request = request.header("user-agent", "x".repeat(300)).header("x-request-id", "request-7");
    assert_eq!(request.json(&body).send().await.status(), 201);
    let id = alice.get("/api/users/me").await.json()["id"].clone();
    let seen = events(&alice).await;
    assert_eq!(seen.len(), 2, "{seen:#?}");
    let session = seen[0]["sessionId"].as_str().unwrap();
    let expected = json!({
        "id": 3,
        "at": "2026-11-20T12:00:00.250Z",
        "kind": "sign_in",
        "actor": "user",
        "userId": id,
        "sessionId": session,
        "network": "127.0.0.0/24",
        "userAgent": "x".repeat(255),
        "requestId": "request-7",
        "count": 1,
        "ended": 0,
    });
    assert_eq!(seen[0], expected);
    assert_eq!((&seen[1]["kind"], &seen[1]["id"]), (&json!("sign_up"), &json!(1)));
    let sessions = alice.get("/api/sessions").await.json();
    assert!(sessions["items"].as_array().unwrap().iter().any(|row| row["id"] == session), "{sessions}");
    assert_eq!(app.anon.get(PATH).await.error(), (401, "no_token".to_owned()));
}

#[tokio::test]
async fn pages_have_every_event_once() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for _ in 0..4 {
        app.sign_in("alice").await;
    }
    let (mut path, mut ids) = (format!("{PATH}?limit=2"), Vec::new());
    loop {
        let page = alice.get(&path).await.json();
        ids.extend(page["items"].as_array().unwrap().iter().map(|event| event["id"].as_i64().unwrap()));
        // A later event does not move the pages.
        app.sign_in("alice").await;
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("{PATH}?limit=2&cursor={cursor}");
    }
    assert_eq!(ids, [5, 4, 3, 2, 1]);
    for (query, expected) in
        [("cursor=x", "bad_cursor"), ("limit=0", "invalid_fields"), ("limit=101", "invalid_fields")]
    {
        assert_eq!(alice.get(&format!("{PATH}?{query}")).await.error().1, expected, "{query}");
    }
    let items = alice.post("/api/items", json!({"name": "a"})).await;
    assert_eq!(items.status(), 201);
    alice.post("/api/items", json!({"name": "b"})).await;
    let of_items = alice.get("/api/items?limit=1&sort=-createdAt").await.json()["nextCursor"].clone();
    let foreign = alice.get(&format!("{PATH}?cursor={}", of_items.as_str().unwrap())).await;
    assert_eq!(foreign.error(), (400, "bad_cursor".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_sign_ups_of_one_name_make_one_event() {
    let app = TestApp::start().await;
    let mut sign_ups = Vec::new();
    for _ in 0..10 {
        let anon = app.anon.clone();
        sign_ups.push(tokio::spawn(async move {
            let body = json!({"username": "alice", "password": PASSWORD});
            until_available(|| anon.post("/api/users", body.clone())).await.status()
        }));
    }
    let mut statuses = Vec::new();
    for sign_up in sign_ups {
        statuses.push(sign_up.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(rows_of(&app, "sign_up").await.len(), 1);
    assert_eq!(rows(&app).await.len(), 1);
}

#[tokio::test]
async fn rejected_change_has_no_event() {
    let app = TestApp::start().await;
    let (alice, _bob) = (app.alice().await, app.bob().await);
    assert_eq!(alice.patch("/api/users/me", json!({"username": "bob"})).await.status(), 409);
    let missing = alice.delete("/api/sessions/AAAAAAAAAAAAAAAAAAAAAA").await;
    assert_eq!(missing.error(), (404, "not_found".to_owned()));
    assert_eq!(alice.delete("/api/sessions?except=current").await.json(), json!({"ended": 0}));
    assert_eq!(kinds(&alice).await, ["sign_up"]);
}

#[tokio::test]
async fn change_whose_event_cannot_be_written_is_rolled_back() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.app.db.execute_unprepared("ALTER TABLE events RENAME TO renamed").await.unwrap();
    let body = json!({"username": "bob", "password": PASSWORD});
    assert_eq!(app.anon.post("/api/users", body).await.status(), 500);
    assert_eq!(alice.delete("/api/sessions/current").await.status(), 500);
    app.app.db.execute_unprepared("ALTER TABLE renamed RENAME TO events").await.unwrap();
    assert_eq!(user::Entity::find().count(&app.app.db).await.unwrap(), 1);
    assert_eq!(kinds(&alice).await, ["sign_up"], "the session is active");
}

#[tokio::test]
async fn authenticated_requests_send_no_statement_and_make_no_event() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let before = app.statements();
    for _ in 0..100 {
        assert_eq!(alice.get("/api/verify").await.status(), 204);
    }
    assert_eq!(app.statements(), before);
    app.app.event_writer.write_all().await.unwrap();
    assert_eq!(app.statements(), before, "nothing waits to be written");
    assert_eq!(rows(&app).await.len(), 1);
}

#[tokio::test]
async fn deleted_account_leaves_events_without_personal_data() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    app.sign_in("alice").await;
    let id = alice.get("/api/users/me").await.json()["id"].as_i64().unwrap();
    let deleted = until_available(|| {
        let request = alice.request(axum::http::Method::DELETE, "/api/users/me");
        request.header("user-agent", "a browser").json(&json!({"currentPassword": PASSWORD})).send()
    })
    .await;
    assert_eq!(deleted.status(), 204);
    let left: Vec<_> =
        rows(&app).await.into_iter().filter(|row| row.user_id.is_some_and(|user| user.0 == id)).collect();
    let kinds: Vec<_> = left.iter().map(|row| &*row.kind).collect();
    assert_eq!(kinds, ["sign_up", "sign_in", "account_deleted"]);
    for row in left {
        assert_eq!([row.session_id, row.network, row.user_agent, row.request_id], [const { None }; 4], "{}", row.kind);
    }
    assert_eq!(events(&bob).await[0]["network"], "127.0.0.0/24", "other users' events are unchanged");
}

#[tokio::test]
async fn events_are_deleted_after_the_retention_time() {
    for (retention, left) in [("--audit-retention=2d", 1), ("--audit-retention=false", 2)] {
        let app = TestApp::start_with(&[retention, "--jwt-ttl=30d"]).await;
        app.alice().await;
        app.advance_clock(chrono::TimeDelta::hours(48));
        app.sign_in("alice").await;
        app.advance_clock(-chrono::TimeDelta::milliseconds(1));
        app.app.purge().run_once().await.unwrap();
        assert_eq!(rows(&app).await.len(), 2, "{retention}: not yet");
        app.advance_clock(chrono::TimeDelta::milliseconds(1));
        app.app.purge().run_once().await.unwrap();
        assert_eq!(rows(&app).await.len(), left, "{retention}");
    }
}

#[tokio::test]
async fn export_has_all_events_of_the_user() {
    let app = TestApp::start().await;
    let (alice, _bob) = (app.alice().await, app.bob().await);
    // More than a page of the export.
    let row = rows(&app).await.remove(0);
    for _ in 0..450 {
        let copy = event::ActiveModel { id: sea_orm::ActiveValue::NotSet, ..row.clone().into() };
        event::Entity::insert(copy).exec_without_returning(&app.app.db).await.unwrap();
    }
    let export = alice.get("/api/users/me/export").await.json();
    let exported: Vec<_> = export["events"].as_array().unwrap().iter().map(|event| event["id"].as_i64()).collect();
    assert_eq!(exported.len(), 451);
    assert!(exported.is_sorted());
    let mut path = format!("{PATH}?limit=100");
    while let page = alice.get(&path).await.json()
        && let Some(cursor) = page["nextCursor"].as_str()
    {
        path = format!("{PATH}?limit=100&cursor={cursor}");
    }
    let last = alice.get(&path).await.json()["items"].as_array().unwrap().last().cloned();
    assert_eq!(Some(&export["events"][0]), last.as_ref(), "the members are the same");
}

#[test]
fn every_kind_and_member_is_documented() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/events.md")).unwrap();
    let documented: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    for kind in daypass::events::EventKind::ALL {
        let found = documented.iter().filter(|name| **name == kind.code()).count();
        assert_eq!(found, 1, "{}", kind.code());
    }
    let document = serde_json::to_value(daypass::router::document()).unwrap();
    let members = document["components"]["schemas"]["Event"]["properties"].as_object().unwrap();
    for member in members.keys() {
        assert!(documented.contains(&&**member), "{member}");
    }
    assert_eq!(documented.len(), daypass::events::EventKind::ALL.len() + members.len(), "{documented:?}");
}
