//! P2: validating a session costs no SQL statement and no I/O.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use chrono::TimeDelta;
use daypass::auth::token::keys::KeyRing;
use daypass::router;
use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use secrecy::SecretString;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_thousand_validated_requests_send_no_sql() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let before = app.statements();
    assert!(before > 0, "the counter works");
    for _ in 0..1000 {
        assert_eq!(alice.get("/api/verify").await.status(), 204);
    }
    assert_eq!(app.statements(), before);
}

/// The future of each request is copied several times, and its size doubles with each `async fn` that has the request as
/// an argument.
#[tokio::test]
async fn future_of_a_request_is_small() {
    let app = TestApp::start().await;
    let service = router::build(&app.app);
    let future = service.answer(Request::new(Body::empty()));
    assert!(size_of_val(&future) <= 1536, "{} bytes", size_of_val(&future));
}

/// The result of the first verification is stored, so each check must also apply to the second one.
#[tokio::test]
async fn token_that_was_verified_before_can_expire_and_be_revoked_and_its_copies_are_verified() {
    let app = TestApp::start().await;
    let (alice, bob, carol) = (app.alice().await, app.bob().await, app.sign_up("carol").await);
    for client in [&alice, &bob, &carol] {
        assert_eq!(client.get("/api/verify").await.status(), 204);
        assert_eq!(client.get("/api/verify").await.status(), 204);
    }
    let token = alice.token().to_owned();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (_, others) = bob.token().rsplit_once('.').unwrap();
    let payload = token.split('.').nth(1).unwrap();
    let upper = token.replacen(payload, &payload.to_uppercase(), 1);
    for changed in [format!("{message}.{others}"), upper, format!("{message}x.{signature}")] {
        let reply = app.anon.with_token(&changed).get("/api/verify").await;
        assert_eq!(reply.error(), (401, "bad_signature".to_owned()), "{changed}");
    }
    assert_eq!(bob.delete("/api/sessions/current").await.status(), 204);
    assert_eq!(bob.get("/api/verify").await.error(), (401, "revoked".to_owned()));
    app.clock.step_wall_clock(TimeDelta::minutes(-2));
    assert_eq!(alice.get("/api/verify").await.error(), (401, "not_yet_valid".to_owned()));
    app.clock.step_wall_clock(TimeDelta::hours(25));
    assert_eq!(alice.get("/api/verify").await.error(), (401, "expired".to_owned()));
    app.clock.step_wall_clock(TimeDelta::hours(-24));
    app.app.tokens.rotate(KeyRing::hmac(&SecretString::from("another secret, long enough to be used"), &[]).unwrap());
    assert_eq!(carol.get("/api/verify").await.error(), (401, "unknown_key".to_owned()));
}

#[tokio::test]
async fn listing_items_sends_one_statement() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let before = app.statements();
    assert_eq!(alice.get("/api/items").await.status(), 200);
    assert_eq!(app.statements(), before + 1);
}

#[tokio::test]
async fn session_is_validated_without_a_database() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.app.db.close_by_ref().await.unwrap();
    assert_eq!(alice.get("/api/verify").await.status(), 204);
    assert_eq!(alice.get("/api/items").await.error(), (503, "unavailable".to_owned()));
    assert_eq!(alice.get("/api/items").await.header("retry-after"), "1");
}

#[tokio::test]
async fn reads_do_not_wait_for_writes() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let other_process = app.another_process().await;
    let held = other_process.begin().await.unwrap();
    held.execute_unprepared("UPDATE users SET updated_at = updated_at").await.unwrap();
    let writing: Vec<_> = (0..30)
        .map(|number| {
            let alice = alice.clone();
            // On a busy machine the reads may take longer than a write waits. The client then retries.
            tokio::spawn(async move {
                let mut status = 503;
                while status == 503 {
                    status = alice.post("/api/items", json!({"name": format!("item {number}")})).await.status();
                }
                status
            })
        })
        .collect();
    tokio::task::yield_now().await;
    // Readiness first, because it depends on a recent write.
    for path in ["/health/ready", "/api/items", "/api/users/me"] {
        // Writers wait until `held` is committed below, so a read that waited for them would never end.
        let reading = tokio::time::timeout(Duration::from_secs(20), alice.get(path)).await;
        assert!(reading.is_ok_and(|reply| reply.status() < 300), "{path}");
    }
    held.commit().await.unwrap();
    for written in writing {
        assert_eq!(written.await.unwrap(), 201);
    }
}
