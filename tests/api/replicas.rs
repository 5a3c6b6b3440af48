//! Several replicas on one database: all reject the sessions that one of them ended.
//!
//! These replicas share a process and a clock, and poll the feed only when a test calls `poll`. `tests/replicas` runs
//! real processes behind a real proxy.

use chrono::TimeDelta;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, PaginatorTrait as _, TransactionTrait as _};
use serde_json::json;

use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn sign_out_is_seen_by_another_replica_after_its_next_poll() {
    let here = TestApp::start().await;
    let there = here.replica().await;
    there.app.revocation_feed.poll().await.unwrap();
    let alice = here.alice().await;
    let alice_there = there.anon.with_token(alice.token());
    assert_eq!(alice_there.get("/api/verify").await.status(), 204);
    alice.delete("/api/sessions/current").await;
    assert_eq!(alice_there.get("/api/verify").await.status(), 204, "not yet");
    there.app.revocation_feed.poll().await.unwrap();
    assert_eq!(alice_there.get("/api/verify").await.error(), (401, "revoked".to_owned()));
}

#[tokio::test]
async fn new_replica_loads_earlier_revocations() {
    let here = TestApp::start().await;
    let alice = here.alice().await;
    alice.delete("/api/sessions/current").await;
    let late = here.replica().await;
    late.app.revocation_feed.poll().await.unwrap();
    assert_eq!(late.anon.with_token(alice.token()).get("/api/verify").await.error(), (401, "revoked".to_owned()));
}

#[tokio::test]
async fn feed_costs_one_statement_per_poll_and_none_per_request() {
    let here = TestApp::start().await;
    let alice = here.alice().await;
    here.app.revocation_feed.poll().await.unwrap();
    let before = here.statements();
    here.app.revocation_feed.poll().await.unwrap();
    assert_eq!(here.statements(), before + 1);
    for _ in 0..100 {
        assert_eq!(alice.get("/api/verify").await.status(), 204);
    }
    assert_eq!(here.statements(), before + 1);
}

#[tokio::test]
async fn replica_with_a_stale_feed_queries_the_table_per_request() {
    let here = TestApp::start().await;
    let there = here.replica().await;
    let alice = here.alice().await;
    let alice_there = there.anon.with_token(alice.token());
    here.advance_clock(TimeDelta::milliseconds(5001));
    assert_eq!(there.anon.get("/health/ready").await.error(), (503, "not_ready".to_owned()));
    let before = there.statements();
    assert_eq!(alice_there.get("/api/verify").await.status(), 204);
    assert_eq!(there.statements(), before + 1);
    alice.delete("/api/sessions/current").await;
    here.advance_clock(TimeDelta::milliseconds(5001));
    assert_eq!(alice_there.get("/api/verify").await.error(), (401, "revoked".to_owned()), "without a poll");

    there.app.revocation_feed.poll().await.unwrap();
    assert_eq!(there.anon.get("/health/ready").await.status(), 200);
}

#[tokio::test]
async fn replica_without_a_database_returns_503_when_its_feed_is_stale() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    bob.delete("/api/sessions/current").await;
    app.app.db.close_by_ref().await.unwrap();
    assert_eq!(alice.get("/api/verify").await.status(), 204, "the set is fresh enough");
    app.advance_clock(TimeDelta::seconds(6));
    let rejected = alice.get("/api/verify").await;
    assert_eq!(rejected.error(), (503, "unavailable".to_owned()));
    assert_eq!(rejected.header("retry-after"), "1");
    assert_eq!(bob.get("/api/verify").await.error(), (401, "revoked".to_owned()), "known revocations still apply");
}

#[tokio::test]
async fn expired_revocations_are_purged_from_the_table_and_from_memory() {
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
    app.advance_clock(TimeDelta::hours(24) + TimeDelta::seconds(29));
    app.app.purge().run_once().await.unwrap();
    assert_eq!(count().await, (1, 1, 1), "within the leeway the token could still be presented");
    app.advance_clock(TimeDelta::hours(1));
    app.app.purge().run_once().await.unwrap();
    assert_eq!(count().await, (1, 1, 1), "a replica whose clock is behind could still accept it");
    app.advance_clock(TimeDelta::seconds(2));
    app.app.purge().run_once().await.unwrap();
    // The newest row stays in the table, so that a restored backup can be detected.
    assert_eq!(count().await, (0, 1, 0));
}

#[tokio::test]
async fn late_committed_revocation_is_not_missed() {
    let here = TestApp::start().await;
    if here.app.db.get_database_backend() != sea_orm::DbBackend::Postgres {
        crate::support::skipped("the database is not PostgreSQL: revocations that commit out of order");
        return;
    }
    let there = here.replica().await;
    let (alice, bob) = (here.alice().await, here.bob().await);
    there.app.revocation_feed.poll().await.unwrap();

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
    there.app.revocation_feed.poll().await.unwrap();
    assert_eq!(there.anon.with_token(bob.token()).get("/api/verify").await.status(), 401);
    assert_eq!(there.anon.with_token(alice.token()).get("/api/verify").await.status(), 204);

    late.commit().await.unwrap();
    there.app.revocation_feed.poll().await.unwrap();
    assert_eq!(there.anon.with_token(alice.token()).get("/api/verify").await.error(), (401, "revoked".to_owned()));
}

impl TestApp {
    /// Starts another session of alice.
    async fn alice_again(&self) {
        let body = json!({"username": "alice", "password": PASSWORD});
        assert_eq!(self.anon.post("/api/sessions", body).await.status(), 201);
    }
}
