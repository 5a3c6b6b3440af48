//! The outbox, and the job that sends its messages.

use chrono::TimeDelta;
use daypass::error::Error;
use daypass::models::{one_time_code, outbox, user};
use daypass::types::MailId;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::json;

use crate::support::{Client, Outbox, PASSWORD, TestApp};

async fn change(client: &Client, email: &str) {
    let body = json!({"email": email, "currentPassword": PASSWORD});
    assert_eq!(client.put("/api/users/me/email", body).await.status(), 202);
}

async fn waiting(app: &TestApp) -> Vec<outbox::Model> {
    outbox::Entity::find().all(&app.app.db).await.unwrap()
}

/// Runs the job once.
async fn run(app: &TestApp) {
    app.app.outgoing_mail.clone().unwrap().run_once().await.unwrap();
}

#[tokio::test]
async fn message_is_sent_once_by_many_replicas() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    let mut replicas = Vec::new();
    for _ in 0..4 {
        replicas.push(app.replica().await);
    }
    for number in 0..30 {
        let body = json!({"username": format!("user {number}"), "password": PASSWORD,
            "email": format!("user{number}@example.com")});
        assert_eq!(app.anon.post("/api/users", body).await.status(), 201);
    }
    let jobs = replicas.iter().map(|replica| replica.app.outgoing_mail.clone().unwrap());
    let runs = jobs.map(|job| tokio::spawn(async move { job.run_once().await }));
    for run in runs.collect::<Vec<_>>() {
        // A replica that waits too long for SQLite's lock tries again a second later.
        assert!(matches!(run.await.unwrap(), Ok(()) | Err(Error::Busy | Error::Unavailable(_))));
    }
    let codes = one_time_code::Entity::find().count(&app.app.db).await.unwrap();
    assert!(codes <= 30, "each message has one code, but there are {codes}");
    app.advance_clock(TimeDelta::minutes(10));
    let mut recipients: Vec<_> = mail.deliver(&app).await.into_iter().map(|letter| letter.to).collect();
    recipients.sort();
    let count = recipients.len();
    recipients.dedup();
    assert_eq!((count, recipients.len(), waiting(&app).await.len()), (30, 30, 0));
}

#[tokio::test]
async fn failed_message_is_sent_again_with_growing_pauses_for_a_day() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    let alice = app.alice().await;
    change(&alice, "alice@example.com").await;
    mail.break_folder();
    let mut attempts = Vec::new();
    for minute in 0..(25 * 60 * 2) {
        run(&app).await;
        let Some(row) = waiting(&app).await.pop() else { break };
        if attempts.len() < usize::try_from(row.attempts).unwrap() {
            attempts.push(f64::from(minute) / 2.0);
        }
        app.advance_clock(TimeDelta::seconds(30));
    }
    assert_eq!(attempts[..8], [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 63.5]);
    assert!((28..=34).contains(&attempts.len()) && *attempts.last().unwrap() < 24.0 * 60.0, "{attempts:?}");
    assert!(waiting(&app).await.is_empty(), "the message is discarded after a day");
}

#[tokio::test]
async fn message_that_failed_is_sent_later_and_its_earlier_codes_stay_valid() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    let alice = app.alice().await;
    change(&alice, "alice@example.com").await;
    mail.break_folder();
    run(&app).await;
    mail.repair_folder();
    assert!(mail.deliver(&app).await.is_empty(), "not before the pause");
    app.advance_clock(TimeDelta::seconds(30));
    let letter = mail.deliver_one(&app).await;
    assert_eq!(one_time_code::Entity::find().count(&app.app.db).await.unwrap(), 2);
    let verified = app.anon.post("/api/email-verifications", json!({"code": letter.code})).await;
    assert_eq!(verified.status(), 200);
    assert_eq!(one_time_code::Entity::find().count(&app.app.db).await.unwrap(), 0);
}

#[tokio::test]
async fn message_of_a_replica_that_stopped_is_sent_after_its_lease() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    let alice = app.alice().await;
    change(&alice, "alice@example.com").await;
    let row = waiting(&app).await.pop().unwrap();
    let transaction = app.app.db.begin_write().await.unwrap();
    let until = app.clock.now() + TimeDelta::minutes(5);
    assert!(row.clone().claim(&transaction, until).await.unwrap().is_some());
    assert!(row.claim(&transaction, until).await.unwrap().is_none(), "another replica cannot claim it");
    transaction.commit().await.unwrap();
    assert!(mail.deliver(&app).await.is_empty());
    app.advance_clock(TimeDelta::minutes(5));
    mail.deliver_one(&app).await;
}

#[tokio::test]
async fn message_that_was_deleted_after_it_was_claimed_gets_no_code() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    let alice = app.alice().await;
    change(&alice, "alice@example.com").await;
    let row = waiting(&app).await.pop().unwrap();
    let transaction = app.app.db.begin_write().await.unwrap();
    let claimed = row.claim(&transaction, app.clock.now()).await.unwrap().unwrap();
    assert!(claimed.lock(&transaction).await.unwrap());
    assert!(claimed.clone().claim(&transaction, app.clock.now()).await.unwrap().is_some());
    assert!(!claimed.lock(&transaction).await.unwrap(), "another replica claimed it");
    claimed.delete(&transaction).await.unwrap();
    claimed.postpone(&transaction, app.clock.now() + TimeDelta::hours(1)).await.unwrap();
    let row = outbox::Entity::find().one(&transaction).await.unwrap().unwrap();
    assert_eq!((row.attempts, row.next_attempt_at.0), (2, app.clock.now()), "only the other replica changes it");
    outbox::delete_newer(&transaction, claimed.user_id.unwrap(), MailId(0)).await.unwrap();
    assert!(!claimed.lock(&transaction).await.unwrap(), "it was deleted");
    transaction.commit().await.unwrap();
    assert!(mail.deliver(&app).await.is_empty());
}

#[tokio::test]
async fn messages_of_deleted_and_disabled_users_are_not_sent() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    change(&alice, "alice@example.com").await;
    change(&bob, "bob@example.com").await;
    let user = user::find_by_username(&app.app.db, "alice").await.unwrap().unwrap();
    user.delete(&app.app.db).await.unwrap();
    let user = user::find_by_username(&app.app.db, "bob").await.unwrap().unwrap();
    user.disable(&app.app.db, app.clock.now()).await.unwrap();
    assert_eq!(waiting(&app).await.len(), 1, "the database deletes the messages of a deleted user");
    assert!(mail.deliver(&app).await.is_empty());
    assert!(waiting(&app).await.is_empty());
}

#[tokio::test]
async fn purge_deletes_old_messages_of_a_service_that_no_longer_sends_them() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    app.anon.post("/api/password-resets", json!({"username": "nobody"})).await;
    app.advance_clock(TimeDelta::hours(24));
    app.app.purge().run_once().await.unwrap();
    assert_eq!(waiting(&app).await.len(), 1);
    app.advance_clock(TimeDelta::hours(1));
    app.app.purge().run_once().await.unwrap();
    assert!(waiting(&app).await.is_empty());
}

#[tokio::test]
async fn message_of_a_rolled_back_request_is_not_sent() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    app.alice().await;
    let body = json!({"username": "ALICE", "password": PASSWORD, "email": "alice@example.com"});
    assert_eq!(app.anon.post("/api/users", body).await.error(), (409, "username_taken".to_owned()));
    assert!(waiting(&app).await.is_empty());
}

#[tokio::test]
async fn message_of_an_unknown_kind_is_discarded() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    let alice = app.alice().await;
    change(&alice, "alice@example.com").await;
    use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel as _};
    let mut row = waiting(&app).await.pop().unwrap().into_active_model();
    row.content = Set(r#"{"kind":"of-a-newer-release"}"#.to_owned());
    row.update(&app.app.db).await.unwrap();
    change(&alice, "alice@example.org").await;
    assert_eq!(mail.deliver_one(&app).await.to, "alice@example.org");
    assert!(waiting(&app).await.is_empty());
}
