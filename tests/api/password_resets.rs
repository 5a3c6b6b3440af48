//! Password resets by message.

use axum::http::Method;
use chrono::TimeDelta;
use daypass::accounts::administration;
use daypass::models::outbox;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};

use crate::support::{Outbox, PASSWORD, Reply, TestApp};

pub(crate) const NEW_PASSWORD: &str = "another horse, another staple";

pub(crate) async fn request(app: &TestApp, account: Value) -> Reply {
    app.anon.post("/api/password-resets", account).await
}

pub(crate) async fn reset(app: &TestApp, code: &str, password: &str) -> Reply {
    app.anon.put("/api/password-resets", json!({"code": code, "newPassword": password})).await
}

pub(crate) async fn sign_in(app: &TestApp, password: &str) -> u16 {
    app.anon.post("/api/sessions", json!({"username": "alice", "password": password})).await.status()
}

pub(crate) async fn assert_invalid(app: &TestApp, code: &str, why: &str) {
    assert_eq!(reset(app, code, NEW_PASSWORD).await.error(), (403, "code_invalid".to_owned()), "{why}");
}

#[tokio::test]
async fn code_of_the_message_sets_a_password_and_ends_all_other_sessions() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    let (alice, bob) = (mail.sign_up(&app, "alice").await, app.bob().await);
    let replica = app.replica().await;
    assert_eq!(request(&app, json!({"username": " ALICE"})).await.status(), 202);
    let letter = mail.deliver_one(&app).await;
    assert_eq!((&*letter.to, letter.code.len()), ("alice@example.com", 22));
    assert_eq!(letter.subject, "Set a new password for Daypass");
    assert!(letter.text.contains("the account \"alice\" at Daypass"), "{}", letter.text);
    assert_eq!(letter.link, format!("https://accounts.example.com/#reset={}", letter.code));

    let new = reset(&app, &letter.code, NEW_PASSWORD).await;
    assert_eq!(new.status(), 200, "{}", new.text());
    assert_eq!((new.header("cache-control"), &new.json()["user"]["username"]), ("no-store", &json!("alice")));
    let new = app.anon.with_token(new.json()["sessionToken"].as_str().unwrap());
    assert_eq!(new.get("/api/verify").await.status(), 204);
    assert_eq!(bob.get("/api/verify").await.status(), 204);
    let ended = alice.get("/api/verify").await;
    assert_eq!(ended.error(), (401, "revoked".to_owned()));
    assert!(ended.text().contains("password was reset"), "{}", ended.text());
    replica.app.revocation_feed.poll().await.unwrap();
    assert_eq!(replica.anon.with_token(alice.token()).get("/api/verify").await.status(), 401);
    assert_eq!((sign_in(&app, PASSWORD).await, sign_in(&app, NEW_PASSWORD).await), (401, 201));
    assert_invalid(&app, &letter.code, "it was used").await;
}

#[tokio::test]
async fn response_is_the_same_for_every_account() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    mail.sign_up(&app, "alice").await;
    app.bob().await;
    mail.sign_up(&app, "carol").await;
    let locked = administration::lock_user(&app.app.db, "carol").await.unwrap().unwrap();
    locked.disable(app.app.ended_at()).await.unwrap();
    let replies = [
        request(&app, json!({"username": "alice"})).await,
        request(&app, json!({"username": "bob"})).await,
        request(&app, json!({"username": "carol"})).await,
        request(&app, json!({"username": "nobody"})).await,
        request(&app, json!({"email": "alice@EXAMPLE.com"})).await,
        request(&app, json!({"email": "ALICE@example.com"})).await,
        request(&app, json!({"email": "nobody@example.com"})).await,
    ];
    for reply in &replies {
        assert_eq!(reply.status(), 202);
        assert_eq!(reply.text(), replies[0].text());
        let ignored = ["x-request-id", "date"];
        assert_eq!(reply.headers_except(&ignored), replies[0].headers_except(&ignored));
    }
    let rows = outbox::Entity::find().count(&app.app.db).await.unwrap();
    assert_eq!(rows, replies.len() as u64, "each request inserts one row");
    let letters = mail.deliver(&app).await;
    let recipients: Vec<_> = letters.iter().map(|letter| &*letter.to).collect();
    assert_eq!(recipients, ["alice@example.com", "alice@example.com"], "by name and by address");
    assert_eq!(outbox::Entity::find().count(&app.app.db).await.unwrap(), 0);
}

#[tokio::test]
async fn request_sends_the_same_statements_for_every_account() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    mail.sign_up(&app, "alice").await;
    let mut counts = Vec::new();
    app.bob().await;
    for account in [
        json!({"username": "alice"}),
        json!({"username": "bob"}),
        json!({"username": "nobody"}),
        json!({"email": "alice@example.com"}),
    ] {
        let before = app.statements();
        request(&app, account).await;
        counts.push(app.statements() - before);
    }
    assert!(counts[0] > 0 && counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}

#[tokio::test]
async fn request_names_one_account() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    for body in [json!({}), json!({"username": "alice", "email": "alice@example.com"}), json!({"username": null})] {
        assert_eq!(request(&app, body).await.field_errors(), [(String::new(), "username_or_email".to_owned())]);
    }
    assert_eq!(request(&app, json!({"email": "alice"})).await.field_errors()[0].0, "/email");
    assert_eq!(request(&app, json!({"username": ""})).await.field_errors()[0].0, "/username");
}

#[tokio::test]
async fn session_can_be_returned_in_a_cookie_and_ends_the_presented_one() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    mail.sign_up(&app, "alice").await;
    let bob = app.bob().await;
    request(&app, json!({"username": "alice"})).await;
    let code = mail.deliver_one(&app).await.code;
    let body = json!({"code": code, "newPassword": NEW_PASSWORD, "carrier": "cookie"});
    let new = bob.request(Method::PUT, "/api/password-resets").json(&body).send().await;
    assert_eq!((new.status(), new.cookies().len()), (200, 1), "{}", new.text());
    assert!(new.json().get("sessionToken").is_none());
    assert_eq!(bob.get("/api/verify").await.error(), (401, "revoked".to_owned()), "another user signed in here");
}

#[tokio::test]
async fn requests_and_codes_are_limited() {
    let mail = Outbox::new();
    let app = mail.start(&["--rate-limits=mail=2/1h,password-reset=4/1h,code=3/15m"]).await;
    for (account, expected) in [
        (json!({"username": "nobody"}), 202),
        (json!({"username": "NOBODY"}), 202),
        (json!({"username": "nobody"}), 429),
        (json!({"username": "other"}), 202),
        (json!({"username": "another"}), 202),
        (json!({"username": "a third"}), 429),
    ] {
        let reply = request(&app, account.clone()).await;
        assert_eq!(reply.status(), expected, "{account}: {}", reply.text());
    }
    for expected in [403, 403, 403, 429] {
        assert_eq!(reset(&app, "AAAAAAAAAAAAAAAAAAAAAA", NEW_PASSWORD).await.status(), expected);
    }
    let guess = app.anon.post("/api/email-verifications", json!({"code": "AAAAAAAA"})).await;
    assert_eq!(guess.status(), 429, "both routes share the limit");
}

#[tokio::test]
async fn user_gets_at_most_ten_messages_per_hour() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    mail.sign_up(&app, "alice").await;
    for _ in 0..13 {
        assert_eq!(request(&app, json!({"username": "alice"})).await.status(), 202);
    }
    assert_eq!(mail.deliver(&app).await.len(), 10);
    app.advance_clock(TimeDelta::minutes(61));
    request(&app, json!({"username": "alice"})).await;
    assert_eq!(mail.deliver(&app).await.len(), 1);
}

#[tokio::test]
async fn reset_message_is_sent_after_many_failed_attempts() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    mail.sign_up(&app, "alice").await;
    mail.break_folder();
    request(&app, json!({"username": "alice"})).await;
    for _ in 0..40 {
        app.app.outgoing_mail.clone().unwrap().run_once().await.unwrap();
        app.advance_clock(TimeDelta::seconds(90));
    }
    mail.repair_folder();
    app.advance_clock(TimeDelta::hours(1));
    let letter = mail.deliver_one(&app).await;
    assert_eq!(reset(&app, &letter.code, NEW_PASSWORD).await.status(), 200);
}
