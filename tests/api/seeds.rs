//! Seeds next to a running service: they create ordinary rows, and a revert deletes only those.

use daypass::models::{item, seed, test_row, user, workout_log};
use daypass::seeds;
use daypass::seeds::Seed;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::json;

use crate::support::{Client, TestApp};

async fn run(app: &TestApp, seed: Seed) -> bool {
    seeds::run(&app.app.db, seed, &app.app.config, app.clock.now()).await.unwrap()
}

async fn revert(app: &TestApp, seed: Seed) -> Option<u64> {
    seeds::revert(&app.app.db, seed.name(), app.app.ended_at()).await.unwrap()
}

/// The numbers of users, items, workout logs, test rows and seeds.
async fn counts(app: &TestApp) -> [u64; 5] {
    let db = &app.app.db;
    [
        user::Entity::find().count(db).await.unwrap(),
        item::Entity::find().count(db).await.unwrap(),
        workout_log::Entity::find().count(db).await.unwrap(),
        test_row::Entity::find().count(db).await.unwrap(),
        seed::Entity::find().count(db).await.unwrap(),
    ]
}

async fn ada(app: &TestApp) -> Client {
    let (username, password) = Seed::Demo.accounts()[0];
    let reply = app.anon.post("/api/sessions", json!({"username": username, "password": password})).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    app.anon.with_token(reply.json()["sessionToken"].as_str().unwrap())
}

#[tokio::test]
async fn second_run_of_a_seed_changes_nothing() {
    let app = TestApp::start().await;
    assert!(run(&app, Seed::Demo).await && run(&app, Seed::TestRows).await);
    assert_eq!(counts(&app).await, [3, 5, 5, 1, 2]);
    let recorded = seed::all(&app.app.db).await.unwrap();
    assert!(!run(&app, Seed::Demo).await && !run(&app, Seed::TestRows).await);
    assert_eq!((counts(&app).await, seed::all(&app.app.db).await.unwrap()), ([3, 5, 5, 1, 2], recorded));
    let row = test_row::Entity::find().one(&app.app.db).await.unwrap().unwrap();
    assert_eq!((row.first_name.as_deref(), row.created_at.0), (Some("Gary"), app.clock.now()));
}

#[tokio::test]
async fn concurrent_runs_of_a_seed_run_it_once() {
    let app = TestApp::start().await;
    let attempts = (0..6).map(|_| {
        let (app, now) = (app.app.clone(), app.clock.now());
        tokio::spawn(async move { seeds::run(&app.db, Seed::Demo, &app.config, now).await.unwrap() })
    });
    let mut ran = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        ran += usize::from(attempt.await.unwrap());
    }
    assert_eq!((ran, counts(&app).await), (1, [3, 5, 5, 0, 1]));
}

#[tokio::test]
async fn seed_revert_deletes_only_its_own_rows() {
    let app = TestApp::start().await;
    let bob = app.bob().await;
    bob.post("/api/items", json!({"name": "bob's"})).await;
    bob.post("/api/workout-logs", json!({"description": "bob's"})).await;
    test_row::create(&app.app.db, "the course's", None, app.clock.now()).await.unwrap();
    run(&app, Seed::Demo).await;
    run(&app, Seed::TestRows).await;

    let ada = ada(&app).await;
    let page = ada.get("/api/items").await.json();
    let item = format!("/api/items/{}", page["items"][0]["id"]);
    assert_eq!(ada.put(&item, json!({"name": "changed since"})).await.status(), 200);
    assert_eq!(ada.delete(&format!("/api/items/{}", page["items"][1]["id"])).await.status(), 204);
    assert_eq!(counts(&app).await, [4, 5, 6, 2, 2]);

    assert_eq!(revert(&app, Seed::TestRows).await, Some(1));
    assert_eq!(counts(&app).await, [4, 5, 6, 1, 1], "the demo rows are still there");
    assert_eq!(revert(&app, Seed::Demo).await, Some(12), "one item was already deleted");
    assert_eq!(counts(&app).await, [1, 1, 1, 1, 0]);
    assert_eq!(bob.get("/api/items").await.json()["items"][0]["name"], "bob's");
    assert_eq!(revert(&app, Seed::Demo).await, None);
}

#[tokio::test]
async fn seed_revert_ends_the_sessions_of_its_users() {
    let app = TestApp::start().await;
    run(&app, Seed::Demo).await;
    let token = ada(&app).await.token().to_owned();
    let deleted_id = ada(&app).await.get("/api/users/me").await.json()["id"].as_i64().unwrap();
    revert(&app, Seed::Demo).await;
    let replica = app.replica().await;
    replica.app.revocation_feed.poll().await.unwrap();
    assert_eq!(replica.anon.with_token(&token).get("/api/verify").await.error(), (401, "revoked".to_owned()));
    run(&app, Seed::Demo).await;
    let again = ada(&app).await.get("/api/users/me").await.json()["id"].as_i64().unwrap();
    assert!(again > deleted_id, "a new run creates another user");
}

#[tokio::test]
async fn seed_revert_works_after_a_demo_account_was_deleted() {
    let app = TestApp::start().await;
    run(&app, Seed::Demo).await;
    let (_, password) = Seed::Demo.accounts()[0];
    let body = json!({"currentPassword": password});
    let ada = ada(&app).await;
    assert_eq!(ada.request(axum::http::Method::DELETE, "/api/users/me").json(&body).send().await.status(), 204);
    assert_eq!(revert(&app, Seed::Demo).await, Some(6));
    assert_eq!(counts(&app).await, [0; 5]);
}

#[tokio::test]
async fn failed_seed_is_rolled_back() {
    let app = TestApp::start().await;
    app.sign_up(Seed::Demo.accounts()[1].0).await;
    let refused = seeds::run(&app.app.db, Seed::Demo, &app.app.config, app.clock.now()).await.unwrap_err();
    assert_eq!(refused.code(), "username_taken");
    assert_eq!(counts(&app).await, [1, 0, 0, 0, 0]);
}
