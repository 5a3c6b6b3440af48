//! The background task that purges expired data.

use std::time::Duration;

use chrono::TimeDelta;
use daypass::models::session_variables::Entity;
use daypass::platform::database;
use sea_orm::{ConnectionTrait as _, DbBackend, EntityTrait as _, PaginatorTrait as _};
use serde_json::json;
use tokio::time::timeout;

use crate::support::{Browser, TestApp, skipped};

#[tokio::test]
async fn purge_task_runs_every_minute_after_ten_minutes_of_a_steady_clock() {
    let app = TestApp::start().await;
    if app.app.db.get_database_backend() != DbBackend::Sqlite {
        skipped("the test of the purge task cannot move the clock of a database server");
        return;
    }
    store_expired_data(&app).await;
    let task = tokio::spawn(app.app.purge().run());
    run_task(&app, 0).await;
    for _ in 0..9 {
        run_task(&app, 60).await;
        assert_eq!(stored_rows(&app).await, 1, "the clock may have been wrong since the start");
    }
    run_task(&app, 60).await;
    wait_until_purged(&app).await;
    for _ in 0..3 {
        store_expired_data(&app).await;
        advance_clocks(&app, 30).await;
        assert_eq!(stored_rows(&app).await, 1);
        run_task(&app, 30).await;
        wait_until_purged(&app).await;
    }
    store_expired_data(&app).await;
    app.advance_clock(TimeDelta::hours(25));
    for _ in 0..10 {
        run_task(&app, 60).await;
        assert_eq!(stored_rows(&app).await, 1, "the clock has jumped");
    }
    run_task(&app, 60).await;
    wait_until_purged(&app).await;
    task.abort();
}

#[tokio::test]
async fn purge_task_of_a_replica_with_a_clock_ahead_of_the_database_deletes_nothing() {
    let Some(now) = database::now(&TestApp::start().await.app.db).await.unwrap() else {
        skipped("SQLite has no clock: the purge task of a replica with a wrong clock");
        return;
    };
    let app = TestApp::start_at(now + TimeDelta::hours(26)).await;
    store_expired_data(&app).await;
    let task = tokio::spawn(app.app.purge().run());
    run_task(&app, 0).await;
    for _ in 0..15 {
        run_task(&app, 60).await;
        assert_eq!(stored_rows(&app).await, 1, "the row has not expired by the clock of the database");
    }
    task.abort();
}

async fn store_expired_data(app: &TestApp) {
    let visitor = Browser::new(&app.anon);
    assert_eq!(visitor.put("/api/sessions/current/variables/a", json!(1)).await.status(), 201);
    // A millisecond later than the limit, so that a purge that still runs does not delete the row.
    let expired = (app.clock.now() - TimeDelta::hours(1) + TimeDelta::milliseconds(1)).timestamp_millis();
    let statement = format!("UPDATE session_variables SET expires_at = {expired}");
    app.app.db.execute_unprepared(&statement).await.unwrap();
    assert_eq!(stored_rows(app).await, 1);
}

async fn stored_rows(app: &TestApp) -> u64 {
    Entity::find().count(&app.app.db).await.unwrap()
}

/// Moves the clocks to the next run of the task, and waits until the task has read the clock of the database and the
/// ended sessions. SQLite has no clock.
async fn run_task(app: &TestApp, seconds: u64) {
    let statements = if app.app.db.get_database_backend() == DbBackend::Sqlite { 1 } else { 2 };
    let expected = app.statements() + statements;
    advance_clocks(app, seconds).await;
    let has_run = async {
        while app.statements() < expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), has_run).await.expect("the task should run every minute");
}

/// Moves the clock of the service and that of tokio. The clock of tokio is not paused meanwhile: a paused clock jumps
/// ahead whenever the test waits for the database.
async fn advance_clocks(app: &TestApp, seconds: u64) {
    app.advance_clock(TimeDelta::seconds(seconds.try_into().unwrap()));
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

/// Waits until no row is left, for less than a minute, and until the task has done the rest of its work. Its last
/// statements would otherwise count as those of its next run.
async fn wait_until_purged(app: &TestApp) {
    let purged = async {
        while stored_rows(app).await > 0 {}
        let mut before = 0;
        while before < app.statements() {
            before = app.statements();
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    timeout(Duration::from_secs(20), purged).await.unwrap();
}
