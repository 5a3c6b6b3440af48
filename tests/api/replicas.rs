//! Several replicas on one database: what one ended, the others refuse.
//!
//! The replicas here share a process and a clock, and follow the feed when told to. `tests/replicas`
//! runs real ones behind a real proxy.

use chrono::TimeDelta;
use daypass::background::{self, Feed};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, PaginatorTrait as _, TransactionTrait as _};
use serde_json::json;

use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn what_one_replica_ended_another_refuses_after_its_next_look() {
    let here = TestApp::start().await;
    let there = here.replica().await;
    let mut feed = Feed::load(&there.app).await.unwrap();
    let alice = here.alice().await;
    let alice_there = there.anon.with_token(alice.token());
    assert_eq!(alice_there.get("/api/verify").await.status(), 204);
    alice.delete("/api/sessions/current").await;
    assert_eq!(alice_there.get("/api/verify").await.status(), 204, "not yet");
    feed.catch_up(&there.app).await.unwrap();
    assert_eq!(alice_there.get("/api/verify").await.refusal(), (401, "revoked".to_owned()));
}

#[tokio::test]
async fn a_replica_that_starts_later_knows_all_that_ended_before() {
    let here = TestApp::start().await;
    let alice = here.alice().await;
    alice.delete("/api/sessions/current").await;
    let late = here.replica().await;
    Feed::load(&late.app).await.unwrap();
    assert_eq!(late.anon.with_token(alice.token()).get("/api/verify").await.refusal(), (401, "revoked".to_owned()));
}

#[tokio::test]
async fn following_costs_no_statement_a_request_and_one_a_look() {
    let here = TestApp::start().await;
    let alice = here.alice().await;
    let mut feed = Feed::load(&here.app).await.unwrap();
    let before = here.statements();
    feed.catch_up(&here.app).await.unwrap();
    assert_eq!(here.statements(), before + 1);
    for _ in 0..100 {
        assert_eq!(alice.get("/api/verify").await.status(), 204);
    }
    assert_eq!(here.statements(), before + 1);
}

#[tokio::test]
async fn a_replica_that_cannot_follow_asks_the_database_for_each_request() {
    let here = TestApp::start().await;
    let there = here.replica().await;
    let alice = here.alice().await;
    let alice_there = there.anon.with_token(alice.token());
    here.pass(TimeDelta::milliseconds(5001));
    assert_eq!(there.anon.get("/health/ready").await.refusal(), (503, "not_ready".to_owned()));
    let before = there.statements();
    assert_eq!(alice_there.get("/api/verify").await.status(), 204);
    assert_eq!(there.statements(), before + 1);
    alice.delete("/api/sessions/current").await;
    assert_eq!(alice_there.get("/api/verify").await.refusal(), (401, "revoked".to_owned()), "without having followed");

    Feed::load(&there.app).await.unwrap();
    assert_eq!(there.anon.get("/health/ready").await.status(), 204);
}

#[tokio::test]
async fn a_replica_that_can_neither_follow_nor_ask_lets_nobody_in() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    bob.delete("/api/sessions/current").await;
    app.app.db.close_by_ref().await.unwrap();
    assert_eq!(alice.get("/api/verify").await.status(), 204, "the set is fresh enough");
    app.pass(TimeDelta::seconds(6));
    let refused = alice.get("/api/verify").await;
    assert_eq!(refused.refusal(), (503, "unavailable".to_owned()));
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(bob.get("/api/verify").await.refusal(), (401, "revoked".to_owned()), "what is known stays known");
}

#[tokio::test]
async fn what_has_expired_is_forgotten_in_the_table_and_in_memory() {
    let app = TestApp::start_with(&["--jwt-leeway=30s"]).await;
    let alice = app.alice().await;
    app.alice_again().await;
    alice.delete("/api/sessions/current").await;
    let count = async || {
        let db = &app.app.db;
        let sessions = daypass::models::session::Entity::find().count(db).await.unwrap();
        (sessions, daypass::models::revocation::Entity::find().count(db).await.unwrap(), app.app.revocations.len())
    };
    assert_eq!(count().await, (1, 1, 1));
    app.pass(TimeDelta::hours(24) + TimeDelta::seconds(29));
    background::clear_up_once(&app.app).await.unwrap();
    assert_eq!(count().await, (1, 1, 1), "within the leeway the token could still be presented");
    app.pass(TimeDelta::seconds(2));
    background::clear_up_once(&app.app).await.unwrap();
    assert_eq!(count().await, (0, 0, 0));
}

#[tokio::test]
async fn a_revocation_that_commits_late_is_not_passed_by() {
    let here = TestApp::start().await;
    if here.app.db.get_database_backend() != sea_orm::DbBackend::Postgres {
        crate::support::not_run("the database is not PostgreSQL: revocations that commit out of order");
        return;
    }
    let there = here.replica().await;
    let (alice, bob) = (here.alice().await, here.bob().await);
    let mut feed = Feed::load(&there.app).await.unwrap();

    // Alice's revocation takes the lower number and commits after Bob's.
    let late = here.app.db.begin().await.unwrap();
    let session = here.app.tokens.verify(alice.token(), here.clock.now()).unwrap();
    let row = daypass::models::revocation::ActiveModel {
        session_id: Set(session.id.to_string()),
        reason: Set("sign-out".to_owned()),
        revoked_at: Set(sea_orm::prelude::ChronoUnixTimestampMillis(here.clock.now())),
        expires_at: Set(sea_orm::prelude::ChronoUnixTimestampMillis(session.expires_at)),
        ..Default::default()
    };
    row.insert(&late).await.unwrap();
    bob.delete("/api/sessions/current").await;
    feed.catch_up(&there.app).await.unwrap();
    assert_eq!(there.anon.with_token(bob.token()).get("/api/verify").await.status(), 401);
    assert_eq!(there.anon.with_token(alice.token()).get("/api/verify").await.status(), 204);

    late.commit().await.unwrap();
    feed.catch_up(&there.app).await.unwrap();
    assert_eq!(there.anon.with_token(alice.token()).get("/api/verify").await.refusal(), (401, "revoked".to_owned()));
}

impl TestApp {
    /// Another session of Alice's.
    async fn alice_again(&self) {
        let body = json!({"username": "alice", "password": PASSWORD});
        assert_eq!(self.anon.post("/api/sessions", body).await.status(), 201);
    }
}
