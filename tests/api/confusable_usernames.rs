//! Usernames that look like the username of another user.

use daypass::models::user;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::json;

use crate::support::{PASSWORD, TestApp, until_available};

/// `alice` with Cyrillic letters, a digit, a Greek iota.
const LOOKALIKES: [&str; 4] = ["\u{430}lice", "a1ice", "al\u{3b9}ce", "\u{430}li\u{441}\u{435}"];

async fn users(app: &TestApp) -> u64 {
    user::Entity::find().count(&app.app.db).await.unwrap()
}

#[tokio::test]
async fn sign_up_with_a_confusable_username_returns_409() {
    let app = TestApp::start().await;
    app.alice().await;
    for name in LOOKALIKES {
        let reply = app.anon.post("/api/users", json!({"username": name, "password": PASSWORD})).await;
        assert_eq!(reply.error(), (409, "username_taken".to_owned()), "{name}");
    }
    assert_eq!(users(&app).await, 1);
}

#[tokio::test]
async fn concurrent_sign_ups_with_confusable_usernames_create_one_user() {
    let app = TestApp::start().await;
    let attempts = (0..40).map(|number| {
        let body = json!({"username": LOOKALIKES[number % 4], "password": PASSWORD});
        let anon = app.anon.clone();
        tokio::spawn(async move { until_available(|| anon.post("/api/users", body.clone())).await.status() })
    });
    let mut statuses = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        statuses.push(attempt.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    assert_eq!(users(&app).await, 1);
}

#[tokio::test]
async fn sign_in_with_a_confusable_username_is_rejected() {
    let app = TestApp::start().await;
    app.alice().await;
    for name in LOOKALIKES {
        let reply = app.anon.post("/api/sessions", json!({"username": name, "password": PASSWORD})).await;
        assert_eq!(reply.error(), (401, "bad_credentials".to_owned()), "{name}");
    }
}

#[tokio::test]
async fn rename_to_a_confusable_username_is_allowed_only_for_its_owner() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    for name in LOOKALIKES {
        assert_eq!(alice.patch("/api/users/me", json!({"username": name})).await.status(), 200, "{name}");
        let reply = bob.patch("/api/users/me", json!({"username": "alice"})).await;
        assert_eq!(reply.error(), (409, "username_taken".to_owned()), "{name}");
    }
    assert_eq!(alice.patch("/api/users/me", json!({"username": "grace"})).await.status(), 200);
    assert_eq!(
        bob.patch("/api/users/me", json!({"username": LOOKALIKES[0]})).await.status(),
        200,
        "the username is free again"
    );
}
