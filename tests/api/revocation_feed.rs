//! The revocation feed under load: shared queries, many revocations in one transaction.

use chrono::{DateTime, TimeDelta, Utc};
use daypass::auth::revocation::reason::Reason;
use daypass::auth::revocation::{Ended, Ending};
use daypass::auth::token::session_id::SessionId;
use daypass::models::{revocation, session, user};
use daypass::platform::random;
use daypass::types::{KeyId, UserId};
use futures_util::future::join_all;
use sea_orm::{ActiveValue::Set, EntityTrait as _, TransactionTrait as _};

use crate::support::{Reply, TestApp, skipped};

#[tokio::test]
async fn requests_with_a_stale_revocation_set_share_one_query() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.advance_clock(TimeDelta::seconds(6));
    let before = app.statements();
    let replies = join_all((0..200).map(|_| alice.get("/api/verify"))).await;
    assert!(replies.iter().all(|reply| reply.status() == 204));
    // One for the first request, one for all requests that came while it ran.
    assert!(app.statements() - before <= 2, "{}", app.statements() - before);
}

#[tokio::test]
async fn waiting_requests_over_the_limit_are_rejected_immediately() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.advance_clock(TimeDelta::seconds(6));
    let replies: Vec<Reply> = join_all((0..1_500).map(|_| alice.get("/api/verify"))).await;
    let with = |status| replies.iter().filter(|reply| reply.status() == status).count();
    assert_eq!((with(204), with(503)), (1_024, 476));
    assert_eq!(alice.get("/api/verify").await.status(), 204);
}

#[tokio::test]
async fn failing_database_fails_all_waiting_requests_with_one_query() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.app.db.close_by_ref().await.unwrap();
    app.advance_clock(TimeDelta::seconds(6));
    let started = std::time::Instant::now();
    let replies = join_all((0..200).map(|_| alice.get("/api/verify"))).await;
    assert!(replies.iter().all(|reply| reply.status() == 503));
    // One query after the other, each with its time-out, would take minutes.
    assert!(started.elapsed() < std::time::Duration::from_secs(30), "{:?}", started.elapsed());
}

/// Stores sessions of this user as sign-ins would. Returns their ids.
async fn store_sessions(app: &TestApp, user_id: UserId, count: usize) -> Vec<SessionId> {
    let ids: Vec<_> = (0..count).map(|_| SessionId::random(&mut random::secure())).collect();
    let now = sea_orm::prelude::ChronoUnixTimestampMillis(app.clock.now());
    let later = sea_orm::prelude::ChronoUnixTimestampMillis(app.clock.now() + TimeDelta::days(1));
    let row = |id: &SessionId| session::ActiveModel {
        id: Set(id.to_string()),
        user_id: Set(user_id),
        created_at: Set(now),
        expires_at: Set(later),
        user_agent: Set(None),
        key_id: Set(KeyId("key".to_owned())),
        ..Default::default()
    };
    for chunk in ids.chunks(1_000) {
        session::Entity::insert_many(chunk.iter().map(row)).exec_without_returning(&app.app.db).await.unwrap();
    }
    ids
}

#[tokio::test]
async fn sign_out_of_ten_thousand_sessions_reaches_other_replicas() {
    let here = TestApp::start().await;
    let there = here.replica().await;
    let alice = here.alice().await;
    let user = user::find_by_username(&here.app.db, "alice").await.unwrap().unwrap();
    let ids = store_sessions(&here, user.id, 10_000).await;
    assert_eq!(alice.delete("/api/sessions").await.json()["ended"], 10_001);
    there.app.revocation_feed.poll().await.unwrap();
    for replica in [&here, &there, &here.replica().await] {
        let is_ended = |id: &&SessionId| replica.app.revocations.ended(**id) == Some(Reason::SignOutEverywhere);
        assert_eq!(ids.iter().filter(is_ended).count(), 10_000);
    }
}

fn ended(expires_at: DateTime<Utc>, count: usize) -> Ending {
    let id = || SessionId::random(&mut random::secure());
    let sessions = (0..count).map(|_| Ended { id: id(), reason: Reason::SignOut, expires_at });
    Ending { sessions: sessions.collect(), ..Ending::default() }
}

#[tokio::test]
async fn thousands_of_late_committed_revocations_are_not_missed() {
    let here = TestApp::start().await;
    if here.app.db.get_database_backend() == sea_orm::DbBackend::Sqlite {
        skipped("the database is SQLite, which has one writer: revocations that commit out of order");
        return;
    }
    let there = here.replica().await;
    let (now, expires_at) = (here.clock.now(), here.clock.now() + TimeDelta::days(1));
    let late = here.app.db.begin().await.unwrap();
    let many = ended(expires_at, 6_001);
    revocation::create(&late, &many, now).await.unwrap();
    let other = here.app.db.begin().await.unwrap();
    revocation::create(&other, &ended(expires_at, 1), now).await.unwrap();
    other.commit().await.unwrap();
    there.app.revocation_feed.poll().await.unwrap();
    assert_eq!(there.app.revocations.len(), 1);
    late.commit().await.unwrap();
    there.app.revocation_feed.poll().await.unwrap();
    assert!(many.sessions.iter().all(|ended| there.app.revocations.ended(ended.id).is_some()));
}
