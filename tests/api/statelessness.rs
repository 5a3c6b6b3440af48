//! P2: validating a session costs no SQL statement and no I/O.

use std::time::Duration;

use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_thousand_validated_requests_send_not_one_statement() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let before = app.statements();
    assert!(before > 0, "the counter counts");
    for _ in 0..1000 {
        assert_eq!(alice.get("/api/verify").await.status(), 204);
    }
    assert_eq!(app.statements(), before);
}

#[tokio::test]
async fn listing_items_sends_one_statement_the_list() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let before = app.statements();
    assert_eq!(alice.get("/api/items").await.status(), 200);
    assert_eq!(app.statements(), before + 1);
}

#[tokio::test]
async fn a_session_is_validated_while_the_database_is_gone() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.app.db.close_by_ref().await.unwrap();
    assert_eq!(alice.get("/api/verify").await.status(), 204);
    assert_eq!(alice.get("/api/items").await.refusal(), (503, "unavailable".to_owned()));
    assert_eq!(alice.get("/api/items").await.header("retry-after"), "1");
}

#[tokio::test]
async fn who_reads_does_not_wait_for_those_who_write() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let other_process = app.another_process().await;
    let held = other_process.begin().await.unwrap();
    held.execute_unprepared("UPDATE users SET updated_at = updated_at").await.unwrap();
    let writing: Vec<_> = (0..30)
        .map(|number| {
            let alice = alice.clone();
            tokio::spawn(
                async move { alice.post("/api/items", json!({"name": format!("item {number}")})).await.status() },
            )
        })
        .collect();
    tokio::task::yield_now().await;
    for path in ["/api/items", "/api/users/me", "/health/ready"] {
        let reading = tokio::time::timeout(Duration::from_secs(1), alice.get(path)).await;
        assert!(reading.is_ok_and(|reply| reply.status() < 300), "{path}");
    }
    held.commit().await.unwrap();
    for written in writing {
        assert_eq!(written.await.unwrap(), 201);
    }
}
