//! The events of operations on accounts, by users and by operators.

use axum::http::Method;
use daypass::accounts::administration;
use daypass::models::invitation::NewInvitation;
use daypass::platform::random;
use daypass::types::role::Roles;
use daypass::types::secret_code::SecretCode;
use serde_json::json;

use super::{events, kinds, rows, rows_of};
use crate::support::{Outbox, PASSWORD, TestApp, until_available};

const NEW_PASSWORD: &str = "another horse, another staple";

#[tokio::test]
async fn changes_of_an_account_are_events() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    let alice = app.alice().await;
    let phone = app.sign_in("alice").await;
    assert_eq!(alice.patch("/api/users/me", json!({"username": "alicia"})).await.status(), 200);
    let email = json!({"email": "alice@example.com", "currentPassword": PASSWORD});
    assert_eq!(until_available(|| alice.put("/api/users/me/email", email.clone())).await.status(), 202);
    let code = mail.deliver_one(&app).await.code;
    assert_eq!(app.anon.post("/api/email-verifications", json!({"code": code})).await.status(), 200);
    let session = phone.get("/api/sessions/current").await.json()["session"]["id"].as_str().unwrap().to_owned();
    assert_eq!(alice.delete(&format!("/api/sessions/{session}")).await.status(), 204);
    let change = json!({"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD});
    let changed = until_available(|| alice.put("/api/users/me/password", change.clone())).await;
    let alice = app.anon.with_token(changed.json()["sessionToken"].as_str().unwrap());
    let removed = until_available(|| {
        let request = alice.request(Method::DELETE, "/api/users/me/email");
        request.json(&json!({"currentPassword": NEW_PASSWORD})).send()
    });
    assert_eq!(removed.await.status(), 204);
    let restore = mail.deliver_one(&app).await.code;
    assert_eq!(app.anon.post("/api/email-verifications", json!({"code": restore})).await.status(), 200);
    let code = mail.deliver_one(&app).await.code;
    let reset = json!({"code": code, "newPassword": PASSWORD});
    let reset = until_available(|| app.anon.put("/api/password-resets", reset.clone())).await;
    let alice = app.anon.with_token(reset.json()["sessionToken"].as_str().unwrap());
    let expected = [
        "password_reset",
        "password_reset_sent",
        "email_restored",
        "email_removed",
        "password_changed",
        "session_ended",
        "email_verified",
        "email_change_requested",
        "username_changed",
        "sign_in",
        "sign_up",
    ];
    assert_eq!(kinds(&alice).await, expected);
    let seen = events(&alice).await;
    assert_eq!((&seen[1]["actor"], &seen[4]["ended"]), (&json!("system"), &json!(1)));
    assert_eq!((&seen[5]["sessionId"], &seen[5]["reason"]), (&json!(session), &json!("sign-out")));
    assert_eq!(app.anon.post("/api/password-resets", json!({"username": "alicia"})).await.status(), 202);
    let requested = rows_of(&app, "password_reset_requested").await;
    assert_eq!((requested.len(), requested[0].user_id), (1, None), "the request does not look for the user");
    let stored = format!("{:?}", rows(&app).await);
    for secret in ["alice@example.com", "alicia", PASSWORD, NEW_PASSWORD, &code, &restore] {
        assert!(!stored.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn sign_outs_are_events_except_those_of_anonymous_sessions() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.sign_in("alice").await;
    let laptop = app.sign_in("alice").await;
    assert_eq!(laptop.delete("/api/sessions?except=current").await.json(), json!({"ended": 2}));
    assert_eq!(laptop.delete("/api/sessions/current").await.status(), 204);
    assert_eq!(alice.get("/api/verify").await.status(), 401);
    let visitor = app.anon.put("/api/sessions/current/variables/a?carrier=bearer", 1.into()).await;
    let visitor = app.anon.with_token(visitor.header("daypass-session-token"));
    assert_eq!(visitor.delete("/api/sessions/current").await.status(), 204);
    let tablet = app.sign_in("alice").await;
    assert_eq!(kinds(&tablet).await, ["sign_in", "sign_out", "sign_out_everywhere", "sign_in", "sign_in", "sign_up"]);
    assert_eq!(rows(&app).await.len(), 6);
}

#[tokio::test]
async fn routes_of_the_classroom_make_events() {
    let app = TestApp::start_with(&["--classroom=true"]).await;
    let body = json!({"user": {"username": "alice", "password": PASSWORD}});
    let signed_up = until_available(|| app.anon.post("/user/register", body.clone())).await;
    assert_eq!(signed_up.status(), 200, "{}", signed_up.text());
    let signed_in = until_available(|| app.anon.post("/user/login", body.clone())).await;
    let alice = app.anon.with_token(signed_in.json()["sessionToken"].as_str().unwrap());
    assert_eq!(kinds(&alice).await, ["sign_in", "sign_up"]);
}

#[tokio::test]
async fn user_sees_what_operators_did() {
    let app = TestApp::start().await;
    app.alice().await;
    let lock = async || administration::lock_user(&app.app.db, "alice").await.unwrap().unwrap();
    let (at, now) = (app.app.ended_at(), app.clock.now());
    let roles = Roles::from_stored("admin,editor");
    lock().await.set_roles(&roles, at).await.unwrap();
    lock().await.set_roles(&roles, at).await.unwrap();
    lock().await.disable(at).await.unwrap();
    lock().await.enable(now).await.unwrap();
    let rolled_back = lock().await.reset_password("x".to_owned(), at).await.unwrap();
    rolled_back.roll_back().await.unwrap();
    let alice = app.sign_in("alice").await;
    assert_eq!(kinds(&alice).await, ["sign_in", "account_enabled", "account_disabled", "roles_changed", "sign_up"]);
    let seen = events(&alice).await;
    assert_eq!((&seen[3]["actor"], &seen[3]["roles"]), (&json!("operator"), &json!(["admin", "editor"])));
    assert_eq!((&seen[2]["ended"], seen[2].get("network")), (&json!(1), None));
}

#[tokio::test]
async fn use_of_an_invitation_is_an_event_if_the_sign_up_succeeds() {
    let app = TestApp::start_with(&["--sign-up=invited"]).await;
    let (code, now) = (SecretCode::random(&mut random::secure()), app.clock.now());
    let new = NewInvitation {
        max_uses: 2,
        roles: Roles::from_stored("editor"),
        note: Some("for the editors".to_owned()),
        expires_at: now + chrono::TimeDelta::days(1),
    };
    let (transaction, row) = administration::create_invitation(&app.app.db, &code, new, now).await.unwrap();
    transaction.commit().await.unwrap();
    let body = json!({"username": "alice", "password": PASSWORD, "invitation": code.expose()});
    for status in [201, 409] {
        assert_eq!(until_available(|| app.anon.post("/api/users", body.clone())).await.status(), status);
    }
    administration::revoke_invitation(&app.app.db, row.id, now).await.unwrap();
    let all = rows(&app).await;
    let kinds: Vec<_> = all.iter().map(|row| &*row.kind).collect();
    assert_eq!(kinds, ["invitation_created", "sign_up", "invitation_used", "invitation_revoked"]);
    for event in &all {
        let invited = event.details().unwrap().invitation_id;
        assert_eq!(invited == Some(row.id), event.kind.starts_with("invitation"), "{event:?}");
        assert!(!format!("{event:?}").contains("for the editors"));
    }
    assert_eq!(all[1].user_id, all[2].user_id);
}
