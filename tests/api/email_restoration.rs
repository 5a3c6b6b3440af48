//! Restoring the previous e-mail address after another person changed it.

use chrono::TimeDelta;
use daypass::accounts::administration;
use daypass::models::one_time_code;
use daypass::types::email::Email;
use sea_orm::EntityTrait as _;
use serde_json::json;

use crate::email::{change, remove, set, some, stored, verify};
use crate::support::{Outbox, PASSWORD};

#[tokio::test]
async fn previous_address_can_be_restored_for_a_week() {
    let outbox = Outbox::new();
    let app = outbox.start(&[]).await;
    let alice = app.alice().await;
    set(&app, &outbox, &alice, "alice@example.com").await;
    // An intruder knows the password and replaces the address twice.
    let intruder = app.sign_in("alice").await;
    set(&app, &outbox, &intruder, "eve@example.com").await;
    let notice = outbox.deliver_one(&app).await;
    assert_eq!(notice.to, "alice@example.com");
    assert_eq!(notice.link, format!("https://accounts.example.com/#restore-email={}", notice.code));
    set(&app, &outbox, &intruder, "eve@example.org").await;
    let later_notice = outbox.deliver_one(&app).await;
    assert_eq!(later_notice.to, "eve@example.com");

    app.advance_clock(TimeDelta::days(6));
    let intruder = app.sign_in("alice").await;
    let restored = verify(&app, &notice.code).await;
    assert_eq!(restored.json(), json!({"email": "alice@example.com"}));
    assert_eq!(stored(&app, "alice").await, (some("alice@example.com"), None));
    let rejected = intruder.get("/api/verify").await;
    assert_eq!(rejected.error(), (401, "revoked".to_owned()));
    assert!(rejected.text().contains("e-mail address"), "{}", rejected.text());
    let body = json!({"username": "alice", "password": PASSWORD});
    assert_eq!(app.anon.post("/api/sessions", body).await.status(), 401, "the intruder knows the password");
    let reset = outbox.deliver_one(&app).await;
    assert_eq!(reset.to, "alice@example.com");
    let body = json!({"code": reset.code, "newPassword": "another horse, another staple"});
    assert_eq!(app.anon.put("/api/password-resets", body).await.status(), 200);
    for code in [&notice.code, &later_notice.code] {
        assert_eq!(verify(&app, code).await.error(), (403, "code_invalid".to_owned()), "the intruder cannot undo it");
    }
}

#[tokio::test]
async fn restoration_voids_later_changes_although_the_first_notice_was_sent_late() {
    let outbox = Outbox::new();
    let app = outbox.start(&[]).await;
    let alice = app.alice().await;
    set(&app, &outbox, &alice, "alice@example.com").await;
    // The first attempt to send the notice fails. Meanwhile, an intruder replaces the address again.
    let change_to = async |address: &str| {
        change(&alice, address).await;
        let letters = outbox.deliver(&app).await;
        letters.into_iter().find(|letter| letter.to == address).unwrap().code
    };
    let first = change_to("eve@example.com").await;
    verify(&app, &first).await;
    outbox.break_folder();
    app.app.outgoing_mail.clone().unwrap().run_once().await.unwrap();
    outbox.repair_folder();
    let second = change_to("eve@example.org").await;
    verify(&app, &second).await;
    let eves = outbox.deliver_one(&app).await;
    assert_eq!(eves.to, "eve@example.com");
    let third = change_to("eve@example.net").await;
    verify(&app, &third).await;
    app.advance_clock(TimeDelta::seconds(30));
    let notices = outbox.deliver(&app).await;
    let [late] = notices.iter().filter(|letter| letter.to == "alice@example.com").collect::<Vec<_>>()[..] else {
        panic!("{notices:#?}");
    };
    assert_eq!(verify(&app, &late.code).await.status(), 200);
    for letter in notices.iter().chain([&eves]) {
        assert_eq!(verify(&app, &letter.code).await.error(), (403, "code_invalid".to_owned()), "{}", letter.to);
    }
    assert_eq!(stored(&app, "alice").await, (some("alice@example.com"), None));
    let letters = outbox.deliver(&app).await;
    assert!(letters.iter().all(|letter| letter.to == "alice@example.com"), "{letters:#?}");
}

#[tokio::test]
async fn disabled_user_cannot_use_codes() {
    let outbox = Outbox::new();
    let app = outbox.start(&[]).await;
    let alice = app.alice().await;
    set(&app, &outbox, &alice, "alice@example.com").await;
    remove(&alice, PASSWORD).await;
    let restore = outbox.deliver_one(&app).await.code;
    change(&alice, "alice@example.org").await;
    let verification = outbox.deliver_one(&app).await.code;
    let lock = || administration::lock_user(&app.app.db, "alice");
    lock().await.unwrap().unwrap().disable(app.app.ended_at()).await.unwrap();
    for code in [&restore, &verification] {
        assert_eq!(verify(&app, code).await.error(), (403, "code_invalid".to_owned()));
    }
    assert_eq!(stored(&app, "alice").await, (None, some("alice@example.org")));
    lock().await.unwrap().unwrap().enable(app.clock.now()).await.unwrap();
    assert_eq!(verify(&app, &restore).await.status(), 200, "the code was not used up");
}

#[tokio::test]
async fn operator_sets_an_address_and_voids_all_codes() {
    let outbox = Outbox::new();
    let app = outbox.start(&[]).await;
    let alice = app.alice().await;
    set(&app, &outbox, &alice, "alice@example.com").await;
    remove(&alice, PASSWORD).await;
    let restore = outbox.deliver_one(&app).await.code;
    change(&alice, "eve@example.com").await;
    let user = administration::lock_user(&app.app.db, "alice").await.unwrap().unwrap();
    let address = Email::parse("alice@example.org").unwrap();
    user.set_email(Some(&address), app.clock.now()).await.unwrap();
    assert_eq!(stored(&app, "alice").await, (some("alice@example.org"), None));
    assert!(outbox.deliver(&app).await.is_empty(), "no message is sent");
    assert_eq!(verify(&app, &restore).await.status(), 403);
    assert!(one_time_code::Entity::find().all(&app.app.db).await.unwrap().is_empty());
}

#[tokio::test]
async fn restore_code_survives_a_password_change_and_expires_after_a_week() {
    let outbox = Outbox::new();
    let app = outbox.start(&[]).await;
    for (name, days, expected) in [("alice", 6, 200), ("bob", 7, 403)] {
        let client = app.sign_up(name).await;
        let address = format!("{name}@example.com");
        set(&app, &outbox, &client, &address).await;
        let body = json!({"currentPassword": PASSWORD, "newPassword": "another horse, another staple"});
        assert_eq!(remove(&client, PASSWORD).await.status(), 204);
        let notice = outbox.deliver_one(&app).await;
        assert_eq!(notice.to, address);
        assert_eq!(client.put("/api/users/me/password", body).await.status(), 200);
        app.advance_clock(TimeDelta::days(days));
        assert_eq!(verify(&app, &notice.code).await.status(), expected, "{name}");
    }
    assert_eq!(stored(&app, "alice").await.0, some("alice@example.com"));
    assert_eq!(stored(&app, "bob").await, (None, None));
}
