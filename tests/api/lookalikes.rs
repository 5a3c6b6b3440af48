//! Names that look alike: the second to come is told that the name is taken.

use daypass::models::user;
use sea_orm::{DbBackend, EntityTrait as _, PaginatorTrait as _};
use serde_json::json;

use crate::support::{PASSWORD, TestApp};

/// `alice` with Cyrillic letters, a digit, a Greek iota.
const LOOKALIKES: [&str; 4] = ["\u{430}lice", "a1ice", "al\u{3b9}ce", "\u{430}li\u{441}\u{435}"];

async fn users(app: &TestApp) -> u64 {
    user::Entity::find().count(&app.app.db).await.unwrap()
}

#[tokio::test]
async fn nobody_signs_up_as_a_lookalike() {
    let app = TestApp::start().await;
    app.alice().await;
    for name in LOOKALIKES {
        let reply = app.anon.post("/api/users", json!({"username": name, "password": PASSWORD})).await;
        assert_eq!(reply.refusal(), (409, "username_taken".to_owned()), "{name}");
    }
    assert_eq!(users(&app).await, 1);
}

#[tokio::test]
async fn of_lookalikes_that_sign_up_at_once_exactly_one_gets_in() {
    let app = TestApp::start().await;
    let attempts = (0..40).map(|number| {
        let body = json!({"username": LOOKALIKES[number % 4], "password": PASSWORD});
        let anon = app.anon.clone();
        tokio::spawn(async move { anon.post("/api/users", body).await.status() })
    });
    let mut statuses = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        statuses.push(attempt.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    // MariaDB locks two unique indexes and may give one transaction up for another's sake: come again.
    let mariadb = app.app.db.get_database_backend() == DbBackend::MySql;
    let lost = |status: &u16| *status == 409 || mariadb && *status == 503;
    assert!(statuses.iter().all(|status| *status == 201 || lost(status)), "{statuses:?}");
    assert_eq!(users(&app).await, 1);
}

#[tokio::test]
async fn nobody_signs_in_by_a_lookalike_of_their_name() {
    let app = TestApp::start().await;
    app.alice().await;
    for name in LOOKALIKES {
        let reply = app.anon.post("/api/sessions", json!({"username": name, "password": PASSWORD})).await;
        assert_eq!(reply.refusal(), (401, "bad_credentials".to_owned()), "{name}");
    }
}

#[tokio::test]
async fn a_user_may_take_a_lookalike_of_their_own_name_but_not_of_anothers() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    for name in LOOKALIKES {
        assert_eq!(alice.patch("/api/users/me", json!({"username": name})).await.status(), 200, "{name}");
        let reply = bob.patch("/api/users/me", json!({"username": "alice"})).await;
        assert_eq!(reply.refusal(), (409, "username_taken".to_owned()), "{name}");
    }
    assert_eq!(alice.patch("/api/users/me", json!({"username": "grace"})).await.status(), 200);
    assert_eq!(bob.patch("/api/users/me", json!({"username": LOOKALIKES[0]})).await.status(), 200, "it is free again");
}
