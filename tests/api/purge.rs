//! Purge: a wrong clock must not delete valid rows, and many expired rows must not block writers.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use daypass::auth::token::session_id::SessionId;
use daypass::jobs::{ClockCheck, Reading};
use daypass::models::{revocation, session};
use daypass::platform::{database, random};
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::ChronoUnixTimestampMillis;
use sea_orm::{ConnectionTrait as _, DbBackend, EntityTrait as _, PaginatorTrait as _};

use crate::support::{TestApp, moment};

/// Purges of a replica, one each minute.
struct Purging<'a> {
    replica: &'a TestApp,
    clocks: ClockCheck,
    minutes: u64,
}

impl<'a> Purging<'a> {
    fn of(replica: &'a TestApp) -> Self {
        Self { replica, clocks: ClockCheck::default(), minutes: 0 }
    }

    /// Purges once in each of `rounds` minutes. The test moves all clocks. The clock of a database server starts at its
    /// real time.
    async fn rounds(&mut self, rounds: u64) {
        for _ in 0..rounds {
            let app = &self.replica.app;
            let passed = TimeDelta::minutes(self.minutes.try_into().unwrap());
            let database = database::now(&app.db).await.unwrap().map(|now| now + passed);
            let reading = Reading { ours: app.clock.now(), database, monotonic: Duration::from_mins(self.minutes) };
            app.purge().run_if_trusted(&mut self.clocks, reading).await.unwrap();
            self.minutes += 1;
            self.replica.advance_clock(TimeDelta::minutes(1));
        }
    }
}

/// The number of rows in `sessions` and in `revocations`.
async fn rows(app: &TestApp) -> (u64, u64) {
    let db = &app.app.db;
    (session::Entity::find().count(db).await.unwrap(), revocation::Entity::find().count(db).await.unwrap())
}

/// Starts the service at the time of the database, if that has a clock.
async fn start() -> TestApp {
    let app = TestApp::start().await;
    match database::now(&app.app.db).await.unwrap() {
        Some(now) => TestApp::start_at(now).await,
        None => app,
    }
}

#[tokio::test]
async fn replica_with_a_clock_that_jumps_a_day_ahead_purges_nothing() {
    let here = start().await;
    let (alice, bob) = (here.alice().await, here.bob().await);
    let at_start = here.clock.now();
    let ahead = here.replica_at(at_start).await;
    ahead.app.revocation_feed.poll().await.unwrap();
    let mut purging = Purging::of(&ahead);
    purging.rounds(15).await;
    alice.delete("/api/sessions/current").await;
    ahead.app.revocation_feed.poll().await.unwrap();
    assert_eq!((rows(&here).await, ahead.app.revocations.len()), ((1, 1), 1));

    ahead.advance_clock(TimeDelta::hours(25) + TimeDelta::minutes(30));
    purging.rounds(3).await;
    ahead.advance_clock(-TimeDelta::hours(25) - TimeDelta::minutes(30));
    purging.rounds(15).await;
    assert_eq!((rows(&here).await, ahead.app.revocations.len()), ((1, 1), 1));
    let late = here.replica().await;
    assert_eq!(late.anon.with_token(alice.token()).get("/api/verify").await.error(), (401, "revoked".to_owned()));
    assert_eq!(late.anon.with_token(bob.token()).get("/api/verify").await.status(), 204);
}

#[tokio::test]
async fn replica_that_starts_with_a_clock_a_day_ahead_purges_nothing_for_ten_minutes() {
    let here = start().await;
    let (alice, _bob) = (here.alice().await, here.bob().await);
    alice.delete("/api/sessions/current").await;
    let ahead = here.replica_at(here.clock.now() + TimeDelta::hours(26)).await;
    let mut purging = Purging::of(&ahead);
    purging.rounds(10).await;
    assert_eq!(rows(&here).await, (1, 1));
    if here.app.db.get_database_backend() != DbBackend::Sqlite {
        purging.rounds(100).await;
        assert_eq!(rows(&here).await, (1, 1), "the clock of the database differs");
    }
}

#[tokio::test]
async fn replica_with_a_correct_clock_purges_rows_that_expired_an_hour_ago() {
    let here = start().await;
    let (alice, _bob) = (here.alice().await, here.bob().await);
    alice.delete("/api/sessions/current").await;
    let expired = here.clock.now() - TimeDelta::minutes(61);
    for table in ["sessions", "revocations"] {
        let statement = format!("UPDATE {table} SET expires_at = {}", expired.timestamp_millis());
        here.app.db.execute_unprepared(&statement).await.unwrap();
    }
    Purging::of(&here).rounds(12).await;
    assert_eq!(rows(&here).await, (0, 1), "the newest revocation is not purged");
}

#[tokio::test]
async fn database_server_reports_its_time() {
    let app = TestApp::start().await;
    let Some(now) = database::now(&app.app.db).await.unwrap() else {
        assert_eq!(app.app.db.get_database_backend(), DbBackend::Sqlite);
        return;
    };
    let ours = daypass::platform::clock::Clock::System.now();
    assert!((now - ours).abs() < TimeDelta::seconds(5), "{now} {ours}");
}

const MANY: usize = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn purge_of_many_rows_does_not_block_writers() {
    let app = TestApp::start().await;
    expire(&app, moment("2026-11-19T00:00:00Z")).await;
    let (service, before) = (app.app.clone(), app.statements());
    let purging = tokio::spawn(async move { service.purge().run_once().await.unwrap() });
    let mut waits = Vec::new();
    while !purging.is_finished() {
        let started = Instant::now();
        app.app.db.begin_write().await.unwrap().commit().await.unwrap();
        waits.push(started.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    purging.await.unwrap();
    // The writes of this test send no statements. The purge finds at most a thousand rows with each of its own.
    assert!(app.statements() - before >= MANY / 1000, "only {} statements", app.statements() - before);
    assert_eq!(revocation::Entity::find().count(&app.app.db).await.unwrap(), 1, "the newest revocation is not purged");
    waits.sort_unstable();
    assert!(waits.len() >= MANY / 1000, "only {} writes were made meanwhile", waits.len());
    // Not the longest wait, and a long limit, because other tests use the processor and the disk, too.
    let late = waits[waits.len() * 8 / 10];
    assert!(late < Duration::from_secs(1), "{late:?}, at most {:?}", waits.last());
}

/// Inserts many revocations that expired at `then`.
async fn expire(app: &TestApp, then: DateTime<Utc>) {
    let mut rng = random::secure();
    let rows: Vec<_> = std::iter::repeat_with(|| revocation::ActiveModel {
        session_id: Set(SessionId::random(&mut rng).to_string()),
        reason: Set("sign-out".to_owned()),
        revoked_at: Set(ChronoUnixTimestampMillis(then)),
        expires_at: Set(ChronoUnixTimestampMillis(then)),
        ..Default::default()
    })
    .take(MANY)
    .collect();
    for rows in rows.chunks(1000) {
        revocation::Entity::insert_many(rows.to_vec()).exec_without_returning(&app.app.db).await.unwrap();
    }
}
