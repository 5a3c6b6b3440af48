//! The database is reset, or a backup is restored, while replicas run.

use chrono::TimeDelta;
use daypass::models::session;
use migration::{Migrator, MigratorTrait as _};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::json;

use crate::support::{Backup, Client, PASSWORD, TestApp};

async fn rejected(replicas: &[&TestApp], token: &str) {
    for replica in replicas {
        let reply = replica.anon.with_token(token).get("/api/verify").await;
        assert_eq!(reply.error(), (401, "revoked".to_owned()));
    }
}

async fn accepted(replicas: &[&TestApp], client: &Client) {
    for replica in replicas {
        assert_eq!(replica.anon.with_token(client.token()).get("/api/verify").await.status(), 204);
    }
}

async fn poll(replicas: &[&TestApp]) {
    for replica in replicas {
        replica.app.revocation_feed.poll().await.unwrap();
    }
}

#[tokio::test]
async fn token_from_before_a_reset_is_not_valid_for_a_new_user_with_the_same_id() {
    let here = TestApp::start().await;
    let there = here.replica().await;
    for replicas in [&[&here][..], &[&here, &there], &[&there, &here]] {
        let alice = replicas[0].sign_up("alice").await;
        poll(replicas).await;
        accepted(replicas, &alice).await;
        Migrator::fresh(&here.another_process().await).await.unwrap();
        // The first request after the reset is a sign-up, before any replica polls.
        let bob = replicas[0].sign_up("bob").await;
        assert_eq!(bob.get("/api/users/me").await.json()["id"], 1);
        poll(replicas).await;
        rejected(replicas, alice.token()).await;
        accepted(replicas, &bob).await;
        bob.delete("/api/sessions/current").await;
        poll(replicas).await;
        rejected(replicas, bob.token()).await;
    }
}

#[tokio::test]
async fn replica_accepts_tokens_of_a_new_generation_before_its_next_poll() {
    let here = TestApp::start().await;
    let there = here.replica().await;
    let alice = here.alice().await;
    Migrator::fresh(&here.another_process().await).await.unwrap();
    let bob = there.sign_up("bob").await;
    let before = here.statements();
    accepted(&[&here], &bob).await;
    rejected(&[&here], alice.token()).await;
    let polled = here.statements();
    assert!(polled > before);
    accepted(&[&here], &bob).await;
    rejected(&[&here], alice.token()).await;
    assert_eq!(here.statements(), polled, "a known generation needs no statement");
}

#[tokio::test]
async fn restored_backup_ends_all_sessions_on_running_and_restarted_replicas() {
    for restarted_first in [false, true] {
        let here = TestApp::start().await;
        let there = here.replica().await;
        let (alice, carol) = (here.alice().await, here.sign_up("carol").await);
        let db = here.another_process().await;
        let backup = Backup::of(&db).await;
        // After the backup: a sign-out, a new user, a password change.
        carol.delete("/api/sessions/current").await;
        let bob = here.bob().await;
        let change = json!({"currentPassword": PASSWORD, "newPassword": "another horse, another staple"});
        let changed = alice.put("/api/users/me/password", change).await;
        let changed = here.anon.with_token(changed.json()["sessionToken"].as_str().unwrap());
        poll(&[&here, &there]).await;
        accepted(&[&here, &there], &changed).await;

        backup.restore(&db).await;
        // `there` is restarted and has no memory; `here` ran all the time.
        let there = here.replica().await;
        let dora = if restarted_first { there.sign_up("dora").await } else { here.sign_up("dora").await };
        assert_eq!(dora.get("/api/users/me").await.json()["id"], 3, "the id that bob had");
        let replicas = if restarted_first { [&there, &here] } else { [&here, &there] };
        poll(&replicas).await;
        poll(&replicas).await;
        for lost in [&bob, &changed, &carol, &alice] {
            rejected(&replicas, lost.token()).await;
        }
        assert_eq!(session::Entity::find().count(&db).await.unwrap(), 0, "no ended session is listed");
        let carol = here.sign_in("carol").await;
        accepted(&replicas, &carol).await;
        carol.delete("/api/sessions/current").await;
        poll(&replicas).await;
        rejected(&replicas, carol.token()).await;
    }
}

#[tokio::test]
async fn restore_and_new_rows_between_two_polls_are_detected() {
    let here = TestApp::start().await;
    let there = here.replica().await;
    let (alice, bob) = (here.alice().await, here.bob().await);
    let db = here.another_process().await;
    let backup = Backup::of(&db).await;
    alice.delete("/api/sessions/current").await;
    poll(&[&here, &there]).await;
    backup.restore(&db).await;
    // Bob's revocation gets the number that Alice's had.
    bob.delete("/api/sessions/current").await;
    poll(&[&there]).await;
    rejected(&[&there], bob.token()).await;
    let late = here.replica().await;
    rejected(&[&there, &late], alice.token()).await;
}

#[tokio::test]
async fn purge_is_not_mistaken_for_a_restore() {
    let here = TestApp::start().await;
    let there = here.replica().await;
    let alice = here.alice().await;
    alice.delete("/api/sessions/current").await;
    poll(&[&there]).await;
    for _ in 0..3 {
        here.advance_clock(TimeDelta::hours(30));
        here.app.purge().run_once().await.unwrap();
        let carol = here.sign_in("alice").await;
        poll(&[&here, &there]).await;
        accepted(&[&here, &there], &carol).await;
        carol.delete("/api/sessions/current").await;
        let other = here.sign_in("alice").await;
        poll(&[&here, &there]).await;
        accepted(&[&here, &there], &other).await;
    }
}

#[tokio::test]
async fn replica_is_not_ready_until_the_table_of_another_generation_is_read() {
    let app = TestApp::start().await;
    assert_eq!(app.anon.get("/health/ready").await.status(), 200);
    let generation = app.app.revocations.generation().unwrap();
    app.app.revocations.restart(generation);
    assert_eq!(app.anon.get("/health/ready").await.error(), (503, "not_ready".to_owned()));
    app.app.revocation_feed.poll().await.unwrap();
    assert_eq!(app.anon.get("/health/ready").await.status(), 200);
}

#[tokio::test]
async fn account_deletion_is_not_mistaken_for_a_restore() {
    let here = TestApp::start().await;
    let there = here.replica().await;
    let (alice, bob) = (here.alice().await, here.bob().await);
    poll(&[&there]).await;
    let body = json!({"currentPassword": PASSWORD});
    let deleted = bob.request(axum::http::Method::DELETE, "/api/users/me").json(&body).send().await;
    assert_eq!(deleted.status(), 204);
    poll(&[&here, &there]).await;
    accepted(&[&here, &there], &alice).await;
}

#[tokio::test]
async fn anonymous_session_does_not_survive_a_reset() {
    let app = TestApp::start().await;
    let reply = app.anon.put("/api/sessions/current/variables/a?carrier=bearer", json!(1)).await;
    let visitor = app.anon.with_token(reply.header("daypass-session-token"));
    Migrator::fresh(&app.another_process().await).await.unwrap();
    poll(&[&app]).await;
    let reply = visitor.get("/api/sessions/current/variables").await;
    assert_eq!(reply.error(), (401, "revoked".to_owned()));
    assert!(reply.text().contains("database was reset or restored"), "{}", reply.text());
}
