//! The codes of password resets: when they can be used, and when not.

use axum::http::Method;
use chrono::TimeDelta;
use daypass::accounts::administration;
use daypass::models::{one_time_code, session, user};
use daypass::platform::random;
use daypass::types::generation::Generation;
use daypass::types::secret_code::SecretCode;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::json;

use crate::password_resets::{NEW_PASSWORD, assert_invalid, request, reset, sign_in};
use crate::support::{Outbox, PASSWORD, Reply, TestApp};

#[tokio::test]
async fn reading_the_link_does_not_use_up_the_code() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    mail.sign_up(&app, "alice").await;
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
    let alice = mail.sign_up(&app, "alice").await;
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
    let mut alice = mail.sign_up(&app, "alice").await;
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
    lock().await.unwrap().unwrap().enable(app.clock.now()).await.unwrap();
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
    mail.sign_up(&app, "alice").await;
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
    let alice = mail.sign_up(&app, "alice").await;
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
    mail.sign_up(&app, "alice").await;
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
async fn operator_can_create_a_code_without_mail() {
    let app = TestApp::start_with(&["--mailer=none"]).await;
    app.alice().await;
    let code = SecretCode::random(&mut random::secure());
    let user = administration::lock_user(&app.app.db, "alice").await.unwrap().unwrap();
    user.create_reset_code(&code, app.clock.now()).await.unwrap().commit().await.unwrap();
    assert_eq!(reset(&app, code.expose(), NEW_PASSWORD).await.status(), 200);
    assert_eq!(sign_in(&app, NEW_PASSWORD).await, 201);
}
