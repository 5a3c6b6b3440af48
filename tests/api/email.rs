//! The e-mail address of a user: changes, verification, removal, and restoring the previous address.

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use daypass::models::one_time_code;
use daypass::models::user;
use sea_orm::EntityTrait as _;
use serde_json::json;

use crate::support::{Client, Outbox, PASSWORD, Reply, TestApp};

pub(crate) async fn change(client: &Client, email: &str) -> Reply {
    client.put("/api/users/me/email", json!({"email": email, "currentPassword": PASSWORD})).await
}

pub(crate) async fn remove(client: &Client, password: &str) -> Reply {
    let body = json!({"currentPassword": password});
    client.request(Method::DELETE, "/api/users/me/email").json(&body).send().await
}

pub(crate) async fn verify(app: &TestApp, code: &str) -> Reply {
    app.anon.post("/api/email-verifications", json!({"code": code})).await
}

/// Gives the user of the session a verified address.
pub(crate) async fn set(app: &TestApp, outbox: &Outbox, client: &Client, email: &str) {
    assert_eq!(change(client, email).await.status(), 202);
    let code = outbox.deliver(app).await.into_iter().find(|letter| letter.to == email).unwrap().code;
    assert_eq!(verify(app, &code).await.status(), 200);
}

pub(crate) async fn stored(app: &TestApp, name: &str) -> (Option<String>, Option<String>) {
    let user = user::find_by_username(&app.app.db, name).await.unwrap().unwrap();
    (user.email, user.pending_email)
}

pub(crate) fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[tokio::test]
async fn address_is_used_after_its_code_was_sent_back() {
    let outbox = Outbox::new();
    let app = outbox.start(&[]).await;
    let alice = app.alice().await;
    assert!(alice.get("/api/users/me").await.json().get("email").is_none());

    let accepted = change(&alice, "Alice@B\u{fc}cher.Example").await;
    assert_eq!((accepted.status(), accepted.text()), (202, ""));
    let address = "Alice@xn--bcher-kva.example";
    let letter = outbox.deliver_one(&app).await;
    assert_eq!((&*letter.to, letter.code.len()), (address, 8));
    assert_eq!(letter.link, format!("https://accounts.example.com/#verify-email={}", letter.code));
    let me = alice.get("/api/users/me").await.json();
    assert_eq!((&me["email"], &me["emailVerified"]), (&json!(address), &json!(false)));
    assert_eq!(stored(&app, "alice").await, (None, some(address)));

    let typed = format!(" {}-{} ", letter.code[..4].to_lowercase(), letter.code[4..].to_lowercase());
    let verified = verify(&app, &typed).await;
    assert_eq!((verified.status(), verified.json()), (200, json!({"email": address})));
    let me = alice.get("/api/users/me").await.json();
    assert_eq!((&me["email"], &me["emailVerified"]), (&json!(address), &json!(true)));
    assert!(me.get("pendingEmail").is_none());
    assert_eq!(stored(&app, "alice").await, (some(address), None));
    assert_eq!(verify(&app, &letter.code).await.error(), (403, "code_invalid".to_owned()), "used twice");
    assert!(outbox.deliver(&app).await.is_empty(), "there was no previous address");
}

#[tokio::test]
async fn database_and_token_have_no_code_and_no_address() {
    let outbox = Outbox::new();
    let app = outbox.start(&[]).await;
    let alice = app.alice().await;
    set(&app, &outbox, &alice, "alice@example.com").await;
    change(&alice, "alice@example.org").await;
    let letter = outbox.deliver_one(&app).await;
    let codes = one_time_code::Entity::find().all(&app.app.db).await.unwrap();
    assert_eq!(codes.len(), 1);
    assert!(!format!("{codes:?}").contains(&letter.code));
    let alice = app.sign_in("alice").await;
    let claims = URL_SAFE_NO_PAD.decode(alice.token().split('.').nth(1).unwrap()).unwrap();
    let claims = String::from_utf8(claims).unwrap();
    assert!(claims.contains("\"sub\"") && !claims.contains("example"), "{claims}");
}

#[tokio::test]
async fn change_requires_the_password_and_a_valid_address() {
    let outbox = Outbox::new();
    let app = outbox.start(&[]).await;
    let alice = app.alice().await;
    let wrong = json!({"email": "a@example.com", "currentPassword": "not her password"});
    assert_eq!(alice.put("/api/users/me/email", wrong).await.error(), (403, "wrong_password".to_owned()));
    assert_eq!(remove(&alice, "not her password").await.error(), (403, "wrong_password".to_owned()));
    for invalid in ["", "alice", "a@b@c", "a@example.com\r\nBcc: eve@example.com", "Alice <a@example.com>"] {
        let rejected = change(&alice, invalid).await;
        assert_eq!(rejected.field_errors(), [("/email".to_owned(), "email".to_owned())], "{invalid:?}");
    }
    assert_eq!(app.anon.put("/api/users/me/email", json!({})).await.status(), 401);
    assert!(outbox.deliver(&app).await.is_empty());
    assert_eq!(stored(&app, "alice").await, (None, None));
}

#[tokio::test]
async fn only_the_latest_request_for_an_address_counts() {
    let outbox = Outbox::new();
    let app = outbox.start(&[]).await;
    let alice = app.alice().await;
    change(&alice, "first@example.com").await;
    let first = outbox.deliver_one(&app).await;
    change(&alice, "second@example.com").await;
    change(&alice, "third@example.com").await;
    let third = outbox.deliver_one(&app).await;
    assert_eq!(third.to, "third@example.com", "the second message was not needed any more");
    assert_eq!(verify(&app, &first.code).await.error(), (403, "code_invalid".to_owned()));
    assert_eq!(verify(&app, &third.code).await.status(), 200);
}

#[tokio::test]
async fn code_expires_after_a_day() {
    let outbox = Outbox::new();
    let app = outbox.start(&[]).await;
    let alice = app.alice().await;
    change(&alice, "alice@example.com").await;
    let code = outbox.deliver_one(&app).await.code;
    app.advance_clock(TimeDelta::hours(24));
    assert_eq!(verify(&app, &code).await.error(), (403, "code_invalid".to_owned()));
    assert_eq!(stored(&app, "alice").await, (None, some("alice@example.com")));
}

#[tokio::test]
async fn verified_address_is_unique_and_requests_do_not_reveal_it() {
    let outbox = Outbox::new();
    let app = outbox.start(&[]).await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    change(&bob, "shared@example.com").await;
    let late = outbox.deliver_one(&app).await.code;
    set(&app, &outbox, &alice, "shared@example.com").await;
    let taken = change(&bob, "shared@example.com").await;
    assert_eq!((taken.status(), taken.text()), (202, ""));
    for code in [late, outbox.deliver_one(&app).await.code] {
        assert_eq!(verify(&app, &code).await.error(), (409, "email_taken".to_owned()));
    }
    assert_eq!(stored(&app, "bob").await.0, None);
    change(&bob, "Shared@example.com").await;
    let other = outbox.deliver_one(&app).await.code;
    assert_eq!(verify(&app, &other).await.status(), 200, "case matters before the @");
}

#[tokio::test]
async fn codes_of_an_earlier_request_for_another_address_stay_invalid() {
    let outbox = Outbox::new();
    let app = outbox.start(&[]).await;
    let alice = app.alice().await;
    let mut codes = Vec::new();
    for address in ["one@example.com", "two@example.com", "one@example.com"] {
        change(&alice, address).await;
        codes.push(outbox.deliver_one(&app).await.code);
    }
    for (code, expected) in codes.iter().zip([403, 403, 200]) {
        assert_eq!(verify(&app, code).await.status(), expected);
    }
}

#[tokio::test]
async fn rejected_requests_do_not_use_up_the_limit_of_the_address() {
    let outbox = Outbox::new();
    let app = outbox.start(&["--rate-limits=mail=1/1h"]).await;
    let alice = app.alice().await;
    let taken = json!({"username": "alice", "password": PASSWORD, "email": "bob@example.com"});
    assert_eq!(app.anon.post("/api/users", taken).await.error(), (409, "username_taken".to_owned()));
    let wrong = json!({"email": "bob@example.com", "currentPassword": "not her password"});
    assert_eq!(alice.put("/api/users/me/email", wrong).await.status(), 403);
    let body = json!({"username": "bob", "password": PASSWORD, "email": "bob@example.com"});
    assert_eq!(app.anon.post("/api/users", body).await.status(), 201);
    assert_eq!(change(&alice, "bob@example.com").await.error(), (429, "too_many_attempts".to_owned()));
}

#[tokio::test]
async fn removal_deletes_the_pending_address_and_its_code() {
    let outbox = Outbox::new();
    let app = outbox.start(&[]).await;
    let alice = app.alice().await;
    change(&alice, "alice@example.com").await;
    let code = outbox.deliver_one(&app).await.code;
    assert_eq!(remove(&alice, PASSWORD).await.status(), 204);
    assert_eq!(verify(&app, &code).await.error(), (403, "code_invalid".to_owned()));
    assert!(outbox.deliver(&app).await.is_empty(), "an address that was not verified gets no notice");
}

#[tokio::test]
async fn sign_up_can_have_an_address() {
    let outbox = Outbox::new();
    let app = outbox.start(&["--classroom=true"]).await;
    let body = json!({"username": "alice", "password": PASSWORD, "email": "alice@example.com"});
    let created = app.anon.post("/api/users", body).await;
    assert_eq!((created.status(), &created.json()["user"]["emailVerified"]), (201, &json!(false)));
    let code = outbox.deliver_one(&app).await.code;
    assert_eq!(verify(&app, &code).await.status(), 200);
    let invalid = json!({"username": "bob", "password": PASSWORD, "email": "bob"});
    assert_eq!(app.anon.post("/api/users", invalid).await.field_errors()[0].0, "/email");
    // Clients of the course send usernames as `email`.
    let course = json!({"user": {"email": "carol", "password": PASSWORD}});
    assert_eq!(app.anon.post("/api/user", course).await.status(), 200);
    assert_eq!(stored(&app, "carol").await, (None, None));
    assert!(outbox.deliver(&app).await.is_empty());
}

#[tokio::test]
async fn service_without_mailer_rejects_what_needs_a_message() {
    let app = TestApp::start_with(&["--mailer=none"]).await;
    let alice = app.alice().await;
    assert_eq!(change(&alice, "alice@example.com").await.error(), (403, "mail_disabled".to_owned()));
    for body in [json!({"username": "alice"}), json!({"username": "nobody"}), json!({"email": "alice@example.com"})] {
        assert_eq!(app.anon.post("/api/password-resets", body).await.error(), (403, "mail_disabled".to_owned()));
    }
    let sign_up = json!({"username": "bob", "password": PASSWORD, "email": "bob@example.com"});
    assert_eq!(app.anon.post("/api/users", sign_up).await.error(), (403, "mail_disabled".to_owned()));
    assert!(user::find_by_username(&app.app.db, "bob").await.unwrap().is_none());
    assert_eq!(app.anon.get("/api/sign-up").await.json()["sendsEmail"], false);
    assert_eq!(remove(&alice, PASSWORD).await.status(), 204);
}

#[tokio::test]
async fn concurrent_verifications_of_one_address_leave_one_owner() {
    let outbox = Outbox::new();
    let app = outbox.start(&[]).await;
    let mut codes = Vec::new();
    for number in 0..6 {
        let client = app.sign_up(&format!("user {number}")).await;
        change(&client, "shared@example.com").await;
        codes.push(outbox.deliver_one(&app).await.code);
    }
    let verified = codes.iter().chain(&codes).map(|code| verify(&app, code));
    let statuses: Vec<_> = futures_util::future::join_all(verified).await.iter().map(Reply::status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 403, 409, 503].contains(status)), "{statuses:?}");
    let winner = statuses.iter().position(|status| *status == 200).unwrap() % codes.len();
    for number in 0..codes.len() {
        let (email, _) = stored(&app, &format!("user {number}")).await;
        assert_eq!(email, (number == winner).then(|| "shared@example.com".to_owned()), "user {number}");
    }
}
