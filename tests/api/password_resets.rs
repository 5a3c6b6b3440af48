//! Password resets by message.

use axum::http::Method;
use chrono::TimeDelta;
use daypass::accounts::administration;
use daypass::models::{one_time_code, outbox, session, user};
use daypass::platform::random;
use daypass::types::generation::Generation;
use daypass::types::secret_code::SecretCode;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};

use crate::support::{Client, Outbox, PASSWORD, Reply, TestApp};

const NEW_PASSWORD: &str = "another horse, another staple";

/// Signs up a user with a verified address.
async fn sign_up(app: &TestApp, mail: &Outbox, name: &str) -> Client {
    let address = format!("{name}@example.com");
    let body = json!({"username": name, "password": PASSWORD, "email": address});
    let created = app.anon.post("/api/users", body).await;
    assert_eq!(created.status(), 201, "{}", created.text());
    let code = mail.deliver_one(app).await.code;
    assert_eq!(app.anon.post("/api/email-verifications", json!({"code": code})).await.status(), 200);
    app.anon.with_token(created.json()["sessionToken"].as_str().unwrap())
}

async fn request(app: &TestApp, account: Value) -> Reply {
    app.anon.post("/api/password-resets", account).await
}

async fn reset(app: &TestApp, code: &str, password: &str) -> Reply {
    app.anon.put("/api/password-resets", json!({"code": code, "newPassword": password})).await
}

async fn sign_in(app: &TestApp, password: &str) -> u16 {
    app.anon.post("/api/sessions", json!({"username": "alice", "password": password})).await.status()
}

async fn assert_invalid(app: &TestApp, code: &str, why: &str) {
    assert_eq!(reset(app, code, NEW_PASSWORD).await.error(), (403, "code_invalid".to_owned()), "{why}");
}

#[tokio::test]
async fn code_of_the_message_sets_a_password_and_ends_all_other_sessions() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    let (alice, bob) = (sign_up(&app, &mail, "alice").await, app.bob().await);
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
    sign_up(&app, &mail, "alice").await;
    app.bob().await;
    sign_up(&app, &mail, "carol").await;
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
    sign_up(&app, &mail, "alice").await;
    let mut counts = Vec::new();
    for account in [json!({"username": "alice"}), json!({"username": "nobody"}), json!({"email": "alice@example.com"})]
    {
        let before = app.statements();
        request(&app, account).await;
        counts.push(app.statements() - before);
    }
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
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
async fn reading_the_link_does_not_use_up_the_code() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    sign_up(&app, &mail, "alice").await;
    request(&app, json!({"username": "alice"})).await;
    let code = mail.deliver_one(&app).await.code;
    for _ in 0..100 {
        for path in [format!("/?reset={code}"), "/".to_owned(), format!("/api/password-resets?code={code}")] {
            for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
                app.anon.request(method, &path).send().await;
            }
        }
    }
    assert_eq!(reset(&app, &code, NEW_PASSWORD).await.status(), 200);
}

#[tokio::test]
async fn rejected_password_does_not_use_up_the_code() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    let alice = sign_up(&app, &mail, "alice").await;
    request(&app, json!({"username": "alice"})).await;
    let code = mail.deliver_one(&app).await.code;
    for (password, expected) in [
        ("short", "password_too_short"),
        ("password1", "password_too_common"),
        ("alice12345", "password_like_username"),
    ] {
        let rejected = reset(&app, &code, password).await;
        assert_eq!(rejected.field_errors(), [("/newPassword".to_owned(), expected.to_owned())]);
    }
    assert_eq!((alice.get("/api/verify").await.status(), sign_in(&app, PASSWORD).await), (204, 201));
    assert_eq!(reset(&app, &code, NEW_PASSWORD).await.status(), 200);
}

#[tokio::test]
async fn code_is_void_after_any_change_of_the_account() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    let mut alice = sign_up(&app, &mail, "alice").await;
    let codes = async |count: usize| {
        let mut codes = Vec::new();
        for _ in 0..count {
            request(&app, json!({"username": "alice"})).await;
            codes.push(mail.deliver_one(&app).await.code);
        }
        codes
    };
    let [first, second] = codes(2).await.try_into().unwrap();
    let new = reset(&app, &second, PASSWORD).await;
    alice = alice.with_token(new.json()["sessionToken"].as_str().unwrap());
    assert_invalid(&app, &first, "another code was used").await;

    let code = &codes(1).await[0];
    let change = json!({"currentPassword": PASSWORD, "newPassword": PASSWORD});
    let new = alice.put("/api/users/me/password", change).await;
    alice = alice.with_token(new.json()["sessionToken"].as_str().unwrap());
    assert_invalid(&app, code, "the password was changed").await;

    let code = &codes(1).await[0];
    let change = json!({"email": "alice@example.org", "currentPassword": PASSWORD});
    assert_eq!(alice.put("/api/users/me/email", change).await.status(), 202);
    let verification = mail.deliver_one(&app).await.code;
    assert_eq!(app.anon.post("/api/email-verifications", json!({"code": verification})).await.status(), 200);
    assert_invalid(&app, code, "the address was changed").await;
    mail.deliver_one(&app).await;

    let code = &codes(1).await[0];
    let lock = || administration::lock_user(&app.app.db, "alice");
    lock().await.unwrap().unwrap().disable(app.app.ended_at()).await.unwrap();
    assert_invalid(&app, code, "the user is disabled").await;
    lock().await.unwrap().unwrap().enable().await.unwrap();
    assert_invalid(&app, code, "the user was disabled").await;

    let code = &codes(1).await[0];
    let transaction = app.app.db.begin_write().await.unwrap();
    session::end_every(&transaction, Generation::random(&mut random::secure())).await.unwrap();
    transaction.commit().await.unwrap();
    assert_invalid(&app, code, "all sessions were ended").await;
}

#[tokio::test]
async fn code_expires_after_half_an_hour_and_is_not_in_the_database() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    sign_up(&app, &mail, "alice").await;
    request(&app, json!({"username": "alice"})).await;
    // The time in the outbox does not count.
    app.advance_clock(TimeDelta::hours(2));
    let code = mail.deliver_one(&app).await.code;
    app.advance_clock(TimeDelta::minutes(29));
    let rows = one_time_code::Entity::find().all(&app.app.db).await.unwrap();
    assert!(!rows.is_empty() && !format!("{rows:?}").contains(&code));
    assert_eq!(reset(&app, "AAAAAAAAAAAAAAAAAAAAAA", NEW_PASSWORD).await.status(), 403);
    let token = app.anon.with_token(&code).get("/api/users/me").await;
    assert_eq!(token.status(), 401, "a code is not a token");
    app.advance_clock(TimeDelta::minutes(1));
    assert_invalid(&app, &code, "it has expired").await;
    app.advance_clock(TimeDelta::days(1));
    app.app.purge().run_once().await.unwrap();
    assert_eq!(one_time_code::Entity::find().count(&app.app.db).await.unwrap(), 0);
}

#[tokio::test]
async fn code_for_an_address_does_not_reset_the_password() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    let alice = sign_up(&app, &mail, "alice").await;
    let body = json!({"currentPassword": PASSWORD});
    alice.request(Method::DELETE, "/api/users/me/email").json(&body).send().await;
    let restore = mail.deliver_one(&app).await.code;
    assert_invalid(&app, &restore, "it restores an address").await;
    assert_eq!(app.anon.post("/api/email-verifications", json!({"code": restore})).await.status(), 200);
    let reset_code = mail.deliver_one(&app).await.code;
    let rejected = app.anon.post("/api/email-verifications", json!({"code": reset_code})).await;
    assert_eq!(rejected.error(), (403, "code_invalid".to_owned()));
}

#[tokio::test]
async fn concurrent_resets_with_one_code_succeed_once() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    sign_up(&app, &mail, "alice").await;
    request(&app, json!({"username": "alice"})).await;
    let code = mail.deliver_one(&app).await.code;
    let resets = (0..8).map(|_| reset(&app, &code, NEW_PASSWORD));
    let statuses: Vec<_> = futures_util::future::join_all(resets).await.iter().map(Reply::status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    let user = user::find_by_username(&app.app.db, "alice").await.unwrap().unwrap();
    let sessions = session::list(&app.app.db, user.id, app.clock.now()).await.unwrap();
    assert_eq!(sessions.len(), 1, "the rejected requests began no session");
}

#[tokio::test]
async fn session_can_be_returned_in_a_cookie_and_ends_the_presented_one() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    sign_up(&app, &mail, "alice").await;
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
async fn user_gets_at_most_five_messages_per_hour() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    sign_up(&app, &mail, "alice").await;
    for _ in 0..8 {
        assert_eq!(request(&app, json!({"username": "alice"})).await.status(), 202);
    }
    assert_eq!(mail.deliver(&app).await.len(), 5);
    app.advance_clock(TimeDelta::minutes(61));
    request(&app, json!({"username": "alice"})).await;
    assert_eq!(mail.deliver(&app).await.len(), 1);
}

#[tokio::test]
async fn reset_message_is_sent_after_many_failed_attempts() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    sign_up(&app, &mail, "alice").await;
    mail.break_folder();
    request(&app, json!({"username": "alice"})).await;
    for _ in 0..40 {
        app.app.outgoing_mail().unwrap().run_once().await.unwrap();
        app.advance_clock(TimeDelta::seconds(90));
    }
    mail.repair_folder();
    app.advance_clock(TimeDelta::hours(1));
    let letter = mail.deliver_one(&app).await;
    assert_eq!(reset(&app, &letter.code, NEW_PASSWORD).await.status(), 200);
}

#[tokio::test]
async fn operator_can_create_a_code_without_mail() {
    let app = TestApp::start_with(&["--mailer=none"]).await;
    app.alice().await;
    let code = SecretCode::random(&mut random::secure());
    let user = administration::lock_user(&app.app.db, "alice").await.unwrap().unwrap();
    user.create_reset_code(&code, app.clock.now()).await.unwrap().commit().await.unwrap();
    assert_eq!(reset(&app, code.expose(), NEW_PASSWORD).await.status(), 200);
    assert_eq!(sign_in(&app, NEW_PASSWORD).await, 201);
}
