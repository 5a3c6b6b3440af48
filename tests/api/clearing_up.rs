//! What goes on by itself beside the requests: what has expired is removed, minute by minute.

use std::time::Duration;

use chrono::TimeDelta;
use daypass::background::clear_up;
use daypass::models::session_variables::Entity;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::json;

use crate::support::{Browser, TestApp};

#[tokio::test]
async fn what_has_expired_is_removed_at_the_start_and_each_minute() {
    let app = TestApp::start().await;
    leave_a_variable_that_expires(&app).await;
    let clearing = tokio::spawn(clear_up(app.app.clone()));
    until_nothing_is_kept(&app).await;
    for _ in 0..3 {
        leave_a_variable_that_expires(&app).await;
        pass_seconds(30).await;
        assert_eq!(kept(&app).await, 1);
        pass_seconds(30).await;
        until_nothing_is_kept(&app).await;
    }
    clearing.abort();
}

async fn leave_a_variable_that_expires(app: &TestApp) {
    let visitor = Browser::new(&app.anon);
    assert_eq!(visitor.put("/api/sessions/current/variables/a", json!(1)).await.status(), 201);
    app.pass(TimeDelta::hours(25));
    assert_eq!(kept(app).await, 1);
}

async fn kept(app: &TestApp) -> u64 {
    Entity::find().count(&app.app.db).await.unwrap()
}

/// Moves the clock of what waits. It runs on by itself meanwhile: paused, it would leap whenever the database is
/// waited for, and no answer would come in time.
async fn pass_seconds(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

/// Looks until it is so, for a time in which no minute passes.
async fn until_nothing_is_kept(app: &TestApp) {
    let gone = async { while kept(app).await > 0 {} };
    tokio::time::timeout(Duration::from_secs(20), gone).await.unwrap();
}
