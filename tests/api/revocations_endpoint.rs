//! `GET /api/revocations`: pages of limited size, and one query for many clients.

use chrono::TimeDelta;
use daypass::auth::revocation::reason::Reason;
use daypass::auth::revocation::{Ended, Ending};
use daypass::auth::token::session_id::SessionId;
use daypass::models::revocation;
use daypass::platform::random;
use futures_util::future::join_all;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, DbBackend};
use serde_json::Value;

use crate::support::{Reply, TestApp, until_available};

/// Records this many ended sessions.
async fn revoke(app: &TestApp, number: usize) {
    let (now, mut rng) = (app.clock.now(), random::secure());
    let expires_at = now + TimeDelta::hours(24);
    let ended = |_| Ended { id: SessionId::random(&mut rng), reason: Reason::SignOut, expires_at };
    let ending = Ending { sessions: (0..number).map(ended).collect(), ..Ending::default() };
    revocation::create(&app.app.db, &ending, now).await.unwrap();
}

/// Inserts a row with a lower number than existing rows, as a transaction that commits late does.
async fn insert_late(app: &TestApp, seq: i64) -> String {
    let id = SessionId::random(&mut random::secure()).to_string();
    let row = revocation::ActiveModel {
        seq: Set(seq),
        session_id: Set(id.clone()),
        reason: Set("sign_out".to_owned()),
        revoked_at: Set(sea_orm::prelude::ChronoUnixTimestampMillis(app.clock.now())),
        expires_at: Set(sea_orm::prelude::ChronoUnixTimestampMillis(app.clock.now() + TimeDelta::hours(1))),
        ..Default::default()
    };
    row.insert(&app.app.db).await.unwrap();
    id
}

async fn get(app: &TestApp, cursor: &str) -> Value {
    let reply = app.anon.get(&format!("/api/revocations?since={cursor}")).await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
    reply.json()
}

fn ids(page: &Value) -> Vec<String> {
    page["revocations"].as_array().unwrap().iter().map(|row| row["sessionId"].as_str().unwrap().to_owned()).collect()
}

/// Reads pages until the cursor does not change, as the documented verifier does. Returns the ids and the last cursor.
async fn read_on(app: &TestApp, mut cursor: String) -> (Vec<String>, String) {
    let mut all = Vec::new();
    for _ in 0..20 {
        let page = get(app, &cursor).await;
        assert!(ids(&page).len() <= 1000);
        all.extend(ids(&page));
        let next = page["cursor"].as_str().unwrap().to_owned();
        if next == cursor {
            all.sort_unstable();
            all.dedup();
            return (all, cursor);
        }
        cursor = next;
    }
    panic!("the cursor keeps changing: {cursor}");
}

fn open_connections(app: &TestApp) -> u32 {
    let db = &app.app.db;
    match db.get_database_backend() {
        DbBackend::Postgres => db.get_postgres_connection_pool().size(),
        #[cfg(feature = "mysql")]
        DbBackend::MySql => db.get_mysql_connection_pool().size(),
        _ => db.get_sqlite_connection_pool().size(),
    }
}

async fn parallel(app: &TestApp, path: impl Fn(usize) -> String) -> Vec<Reply> {
    let requests = (0..100).map(|number| {
        let (client, path) = (app.anon.clone(), path(number));
        tokio::spawn(async move { until_available(|| client.get(&path)).await })
    });
    join_all(requests).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_feed_requests_share_one_statement() {
    let app = TestApp::start().await;
    revoke(&app, 300).await;
    let before = app.statements();
    let replies = parallel(&app, |_| "/api/revocations".to_owned()).await;
    assert_eq!(app.statements(), before + 1);
    for reply in &replies {
        assert_eq!((reply.status(), ids(&reply.json()).len()), (200, 300));
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.header("etag"), replies[0].header("etag"));
    }
    app.advance_clock(TimeDelta::milliseconds(249));
    get(&app, "0").await;
    assert_eq!(app.statements(), before + 1, "a page is cached for one poll interval");
    app.advance_clock(TimeDelta::milliseconds(1));
    get(&app, "0").await;
    assert_eq!(app.statements(), before + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_for_different_pages_run_one_at_a_time() {
    let mut opened = Vec::new();
    // Queries run one at a time, but a connection returns to the pool a moment after its statement. On a busy machine
    // this moment can be long, so one of five rounds has to need few connections.
    while opened.len() < 5 && opened.last().is_none_or(|opened| *opened > 3) {
        let app = TestApp::start().await;
        revoke(&app, 200).await;
        let open = open_connections(&app);
        let replies = parallel(&app, |number| format!("/api/revocations?since={number}")).await;
        assert!(replies.iter().all(|reply| reply.status() == 200));
        opened.push(open_connections(&app) - open);
    }
    assert!(opened.last() <= Some(&3), "{opened:?} connections were opened");
}

#[tokio::test]
async fn long_list_is_served_in_complete_pages_of_1000() {
    let app = TestApp::start().await;
    revoke(&app, 600).await;
    app.advance_clock(TimeDelta::seconds(11));
    revoke(&app, 1900).await;
    let first = get(&app, "0").await;
    assert_eq!((ids(&first).len(), &first["more"]), (1000, &Value::Bool(true)));
    let (all, cursor) = read_on(&app, "0".to_owned()).await;
    assert_eq!(all.len(), 2500);

    app.advance_clock(TimeDelta::seconds(11));
    let (_, settled) = read_on(&app, cursor).await;
    let (rest, _) = read_on(&app, settled).await;
    assert!(rest.is_empty(), "settled rows are not sent again: {}", rest.len());
}

#[tokio::test]
async fn late_committed_row_is_sent_even_before_a_full_page() {
    let app = TestApp::start().await;
    revoke(&app, 10).await;
    // Numbers 11 and 12 are assigned, but not committed yet.
    insert_late(&app, 13).await;
    if app.app.db.get_database_backend() == DbBackend::Postgres {
        use sea_orm::ConnectionTrait as _;
        app.app.db.execute_unprepared("SELECT setval('revocations_seq_seq', 13)").await.unwrap();
    }
    revoke(&app, 1500).await;
    let (all, cursor) = read_on(&app, "0".to_owned()).await;
    assert_eq!(all.len(), 1511);
    let late = insert_late(&app, 12).await;
    app.advance_clock(TimeDelta::milliseconds(250));
    let (found, cursor) = read_on(&app, cursor).await;
    assert!(found.contains(&late));
    app.advance_clock(TimeDelta::seconds(11));
    revoke(&app, 1).await;
    app.advance_clock(TimeDelta::seconds(11));
    let (_, cursor) = read_on(&app, cursor).await;
    assert_eq!(cursor, "1514", "after the settling time the cursor passes all rows");
}
