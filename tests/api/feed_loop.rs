//! The background task that polls the revocation feed: it survives an outage of the database.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use daypass::jobs;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, TransactionTrait as _};
use tokio::time::{Instant, timeout};

use crate::support::TestApp;

/// Takes all connections of the pool, so that every query has to wait.
async fn block_database(app: &TestApp) -> Vec<DatabaseTransaction> {
    let db = &app.app.db;
    let size = match db.get_database_backend() {
        #[cfg(feature = "postgres")]
        DbBackend::Postgres => db.get_postgres_connection_pool().options().get_max_connections(),
        #[cfg(feature = "mysql")]
        DbBackend::MySql => db.get_mysql_connection_pool().options().get_max_connections(),
        _ => db.get_sqlite_connection_pool().options().get_max_connections(),
    };
    let mut connections = Vec::new();
    let block = async {
        while connections.len() < size as usize {
            // Opening a connection may take longer than its time-out on a busy machine.
            connections.extend(db.begin().await.ok());
        }
    };
    timeout(Duration::from_secs(60), block).await.expect("the pool should have all its connections");
    connections
}

async fn release(connections: Vec<DatabaseTransaction>) {
    for connection in connections {
        connection.rollback().await.unwrap();
    }
}

async fn wait_until_ready(app: &TestApp) {
    let ready = async {
        while app.anon.get("/health/ready").await.status() != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), ready).await.expect("the feed should be polled again");
}

#[tokio::test]
async fn poll_times_out_after_two_seconds_when_the_database_does_not_answer() {
    let app = TestApp::start().await;
    let connections = block_database(&app).await;
    tokio::time::pause();
    let started = Instant::now();
    let error = app.app.revocation_feed.poll().await.unwrap_err();
    let elapsed = started.elapsed();
    tokio::time::resume();
    assert_eq!(error.code(), "unavailable");
    assert!(elapsed >= Duration::from_secs(1) && elapsed < Duration::from_secs(3), "{elapsed:?}");
    release(connections).await;
    app.app.revocation_feed.poll().await.unwrap();
}

#[tokio::test]
async fn feed_loop_continues_after_an_outage() {
    let here = TestApp::start().await;
    let there = here.replica().await;
    let feed_loop = tokio::spawn(jobs::follow(Arc::clone(&here.app.revocation_feed)));
    let (alice, bob) = (there.alice().await, there.bob().await);
    let [alice_here, bob_here] = [&alice, &bob].map(|client| here.anon.with_token(client.token()));
    wait_until_ready(&here).await;
    assert_eq!(alice_here.get("/api/verify").await.status(), 204);

    let connections = block_database(&here).await;
    assert_eq!(alice.delete("/api/sessions/current").await.status(), 204);
    // Several polls time out meanwhile, and the revocations that are known become too old.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(7)).await;
    here.advance_clock(TimeDelta::seconds(6));
    assert_eq!(alice_here.get("/api/verify").await.error(), (503, "unavailable".to_owned()));
    tokio::time::resume();

    release(connections).await;
    wait_until_ready(&here).await;
    assert_eq!(alice_here.get("/api/verify").await.error(), (401, "revoked".to_owned()));
    assert_eq!(bob_here.get("/api/verify").await.status(), 204);
    assert!(!feed_loop.is_finished(), "the loop runs on");
    feed_loop.abort();
}
