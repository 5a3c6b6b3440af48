//! Seeds beside a running service: what they make is as real as anyone's, and they take back that alone.

use daypass::models::{item, seed, test_row, user, workout_log};
use daypass::seeds::{self, Seed};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::json;

use crate::support::{Client, TestApp};

async fn run(app: &TestApp, seed: Seed) -> bool {
    seeds::run(&app.app.db, seed, &app.app.config, app.clock.now()).await.unwrap()
}

async fn revert(app: &TestApp, seed: Seed) -> Option<u64> {
    seeds::revert(&app.app.db, seed.name(), app.clock.now()).await.unwrap()
}

/// Rows of users, items, workout logs, the course's table, and seeds.
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
async fn a_seed_run_twice_changes_nothing() {
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
async fn of_many_who_run_a_seed_at_once_one_does() {
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
async fn a_seed_takes_back_its_own_rows_changed_or_not_and_no_others() {
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
    assert_eq!(counts(&app).await, [4, 5, 6, 1, 1], "the demo stays");
    assert_eq!(revert(&app, Seed::Demo).await, Some(12), "one item was gone already");
    assert_eq!(counts(&app).await, [1, 1, 1, 1, 0]);
    assert_eq!(bob.get("/api/items").await.json()["items"][0]["name"], "bob's");
    assert_eq!(revert(&app, Seed::Demo).await, None);
}

#[tokio::test]
async fn sessions_of_people_who_are_taken_back_end() {
    let app = TestApp::start().await;
    run(&app, Seed::Demo).await;
    let token = ada(&app).await.token().to_owned();
    let gone = ada(&app).await.get("/api/users/me").await.json()["id"].as_i64().unwrap();
    revert(&app, Seed::Demo).await;
    let replica = app.replica().await;
    daypass::background::Feed::load(&replica.app).await.unwrap();
    assert_eq!(replica.anon.with_token(&token).get("/api/verify").await.refusal(), (401, "revoked".to_owned()));
    run(&app, Seed::Demo).await;
    let again = ada(&app).await.get("/api/users/me").await.json()["id"].as_i64().unwrap();
    assert!(again > gone, "who is made again is another user");
}

#[tokio::test]
async fn a_demo_account_that_deleted_itself_is_in_no_ones_way() {
    let app = TestApp::start().await;
    run(&app, Seed::Demo).await;
    let (_, password) = Seed::Demo.accounts()[0];
    let goodbye = json!({"currentPassword": password});
    let ada = ada(&app).await;
    assert_eq!(ada.request(axum::http::Method::DELETE, "/api/users/me").json(&goodbye).send().await.status(), 204);
    assert_eq!(revert(&app, Seed::Demo).await, Some(6));
    assert_eq!(counts(&app).await, [0; 5]);
}

#[tokio::test]
async fn a_seed_that_fails_half_way_leaves_nothing() {
    let app = TestApp::start().await;
    app.sign_up(Seed::Demo.accounts()[1].0).await;
    let refused = seeds::run(&app.app.db, Seed::Demo, &app.app.config, app.clock.now()).await.unwrap_err();
    assert_eq!(refused.code(), "username_taken");
    assert_eq!(counts(&app).await, [1, 0, 0, 0, 0]);
}
