//! Events of failed attempts, which are counted in memory and written by a job.

use daypass::platform::telemetry;
use sea_orm::ConnectionTrait as _;
use serde_json::json;

use super::{events, kinds, rows, rows_of};
use crate::support::{Reply, TestApp, until_available};

async fn fail(app: &TestApp, name: &str) -> Reply {
    let body = json!({"username": name, "password": "a wrong password"});
    until_available(|| app.anon.post("/api/sessions", body.clone())).await
}

impl TestApp {
    async fn write_events(&self) {
        self.app.event_writer.write_all().await.unwrap();
    }
}

#[tokio::test]
async fn user_sees_failed_sign_ins_at_the_own_account() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    for name in ["alice", "nobody", " ALICE ", "alice", "bob", "no\u{0}body"] {
        assert_eq!(fail(&app, name).await.error(), (401, "bad_credentials".to_owned()));
    }
    assert_eq!(kinds(&alice).await, ["sign_up"], "not written yet");
    app.write_events().await;
    let failed = &events(&alice).await[0];
    assert_eq!((&failed["kind"], &failed["count"]), (&json!("sign_in_failed"), &json!(3)));
    assert_eq!((&failed["reason"], &failed["network"]), (&json!("bad_credentials"), &json!("127.0.0.0/24")));
    assert_eq!(events(&bob).await[0]["count"], 1);
    let failures = rows_of(&app, "sign_in_failed").await;
    let counts: Vec<_> = failures.iter().map(|row| (row.user_id.is_some(), row.count)).collect();
    assert_eq!(counts, [(true, 3), (false, 2), (true, 1)]);
    assert!(!format!("{failures:?}").contains("nobody"), "names are not stored");
    app.write_events().await;
    assert_eq!(rows_of(&app, "sign_in_failed").await.len(), 3, "each attempt is written once");
}

#[tokio::test]
async fn failed_sign_in_sends_the_same_statements_for_every_name() {
    let app = TestApp::start().await;
    app.alice().await;
    let mut counts = Vec::new();
    for name in ["alice", "nobody"] {
        let before = app.statements();
        fail(&app, name).await;
        counts.push(app.statements() - before);
    }
    assert_eq!(counts, [1, 1], "the user is looked up, and nothing is written");
}

#[tokio::test]
async fn wrong_current_passwords_are_events_of_the_user() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let body = json!({"currentPassword": "wrong", "newPassword": "another horse, another staple"});
    let refused = until_available(|| alice.put("/api/users/me/password", body.clone())).await;
    assert_eq!(refused.error(), (403, "wrong_password".to_owned()));
    app.write_events().await;
    let failed = &events(&alice).await[0];
    assert_eq!((&failed["kind"], &failed["reason"]), (&json!("password_check_failed"), &json!("wrong_password")));
}

#[tokio::test]
async fn rejected_tokens_are_counted_by_reason_without_a_statement() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    bob.delete("/api/sessions/current").await;
    let before = app.statements();
    for _ in 0..50 {
        assert_eq!(app.anon.with_token("nonsense").get("/api/verify").await.status(), 401);
        assert_eq!(bob.get("/api/verify").await.status(), 401);
        assert_eq!(app.anon.get("/api/verify").await.status(), 401);
        assert_eq!(alice.get("/api/verify").await.status(), 204);
    }
    assert_eq!(app.statements(), before);
    app.write_events().await;
    let refused = rows_of(&app, "token_refused").await;
    let counted: Vec<_> = refused.iter().map(|row| (row.details().unwrap().reason.unwrap(), row.count)).collect();
    assert_eq!(counted, [("malformed_token".into(), 50), ("revoked".into(), 50)], "a missing token is not counted");
    for row in refused {
        assert_eq!((row.user_id, row.network, row.user_agent, row.request_id), (None, None, None, None));
    }
}

#[tokio::test]
async fn flood_of_failed_sign_ins_makes_few_rows() {
    let app = TestApp::start_with(&["--rate-limits=sign-in-address=20/15m"]).await;
    let alice = app.alice().await;
    let before = rows(&app).await.len();
    let mut limited = 0;
    for number in 0..10_000 {
        let name = if number % 2 == 0 { "alice".to_owned() } else { format!("user {number}") };
        let reply = app.anon.post("/api/sessions", json!({"username": name, "password": "wrong"})).await;
        limited += usize::from(reply.status() == 429);
    }
    assert!(limited > 9_000, "{limited}");
    let statements = app.statements();
    app.write_events().await;
    assert!(app.statements() - statements <= 2, "one query and one insert, however many attempts failed");
    let written = rows(&app).await.split_off(before);
    assert!(written.len() <= 4, "{written:#?}");
    assert!(written.iter().map(|row| row.count).sum::<i64>() > 9_000);
    let reasons: Vec<_> = written.iter().map(|row| row.details().unwrap().reason.unwrap()).collect();
    assert!(reasons.contains(&"too_many_attempts".into()), "{reasons:?}");
    let seen = events(&alice).await;
    assert!(seen.iter().any(|event| event["reason"] == "bad_credentials"), "{seen:#?}");
}

#[tokio::test]
async fn attempts_that_cannot_be_written_are_dropped_and_counted() {
    telemetry::metrics();
    let app = TestApp::start().await;
    app.alice().await;
    fail(&app, "alice").await;
    app.app.db.execute_unprepared("ALTER TABLE events RENAME TO renamed").await.unwrap();
    assert!(app.app.event_writer.write_all().await.is_err());
    app.app.db.execute_unprepared("ALTER TABLE renamed RENAME TO events").await.unwrap();
    app.write_events().await;
    assert_eq!(rows_of(&app, "sign_in_failed").await.len(), 0);
    let metrics = app.anon.get("/metrics").await;
    let dropped = metrics.text().lines().find_map(|line| line.strip_prefix("daypass_events_dropped_total "));
    assert!(dropped.unwrap().parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn job_writes_attempts_every_second() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let job = tokio::spawn(app.app.event_writer.clone().run());
    fail(&app, "alice").await;
    let written = async {
        while kinds(&alice).await.len() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), written).await.unwrap();
    job.abort();
}
