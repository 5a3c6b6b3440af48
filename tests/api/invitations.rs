//! The sign-up policy and invitations.

use std::collections::HashMap;

use chrono::TimeDelta;
use daypass::accounts::administration;
use daypass::models::invitation::NewInvitation;
use daypass::models::{invitation, user};
use daypass::platform::random;
use daypass::types::InvitationId;
use daypass::types::role::Roles;
use daypass::types::secret_code::SecretCode;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Reply, TestApp, until_available};

/// Creates an invitation as the command line does. Returns its code and its id.
async fn invite(app: &TestApp, max_uses: i64, roles: &str) -> (String, InvitationId) {
    let (code, now) = (SecretCode::random(&mut random::secure()), app.clock.now());
    let roles = Roles::from_stored(roles);
    let new = NewInvitation { max_uses, roles, note: None, expires_at: now + TimeDelta::days(7) };
    let (transaction, row) = administration::create_invitation(&app.app.db, &code, new, now).await.unwrap();
    transaction.commit().await.unwrap();
    (code.expose().to_owned(), row.id)
}

async fn sign_up(anon: &Client, name: &str, invitation: Option<&str>) -> Reply {
    let body = json!({"username": name, "password": PASSWORD, "invitation": invitation});
    until_available(|| anon.post("/api/users", body.clone())).await
}

async fn uses(app: &TestApp, id: InvitationId) -> i64 {
    invitation::find_by_id(&app.app.db, id).await.unwrap().unwrap().uses
}

async fn exists(app: &TestApp, name: &str) -> bool {
    user::find_by_username(&app.app.db, name).await.unwrap().is_some()
}

#[tokio::test]
async fn policy_is_shown_to_clients() {
    for policy in ["open", "invited", "closed"] {
        let app = TestApp::start_with(&[&format!("--sign-up={policy}"), "--password-min-length=15"]).await;
        let shown = app.anon.get("/api/sign-up").await;
        let expected = json!({"policy": policy, "passwordMinLength": 15, "sendsEmail": true, "providers": []});
        assert_eq!((shown.status(), shown.json()), (200, expected));
    }
}

#[tokio::test]
async fn only_an_invited_user_can_sign_up_whatever_the_route() {
    let app = TestApp::start_with(&["--sign-up=invited", "--classroom=true"]).await;
    let (code, id) = invite(&app, 2, "").await;
    for (invitation, expected) in [
        (None, "invitation_required"),
        (Some(""), "invitation_invalid"),
        (Some("AAAAAAAAAAAAAAAAAAAAAA"), "invitation_invalid"),
        (Some(&*"x".repeat(1000)), "invitation_invalid"),
    ] {
        assert_eq!(sign_up(&app.anon, "alice", invitation).await.error(), (403, expected.to_owned()));
    }
    let course =
        |invitation: Value| json!({"user": {"username": "bob", "password": PASSWORD, "invitation": invitation}});
    for path in ["/api/user/createuser", "/user/register", "/api/user"] {
        let refused = app.anon.post(path, course(json!(null))).await;
        assert_eq!(refused.error(), (403, "invitation_required".to_owned()), "{path}");
    }
    assert_eq!((uses(&app, id).await, exists(&app, "alice").await, exists(&app, "bob").await), (0, false, false));
    assert_eq!(sign_up(&app.anon, "alice", Some(&format!(" {code} "))).await.status(), 201);
    assert_eq!(app.anon.post("/user/register", course(json!(code))).await.status(), 200);
    assert_eq!((uses(&app, id).await, exists(&app, "alice").await, exists(&app, "bob").await), (2, true, true));
    assert_eq!(sign_up(&app.anon, "carol", Some(&code)).await.error(), (403, "invitation_used_up".to_owned()));
}

#[tokio::test]
async fn closed_sign_up_accepts_no_invitation() {
    let app = TestApp::start_with(&["--sign-up=closed"]).await;
    let (code, id) = invite(&app, 1, "").await;
    assert_eq!(sign_up(&app.anon, "alice", Some(&code)).await.error(), (403, "sign_up_closed".to_owned()));
    assert_eq!((uses(&app, id).await, exists(&app, "alice").await), (0, false));
}

#[tokio::test]
async fn open_sign_up_needs_no_invitation_but_a_sent_one_must_be_valid() {
    let app = TestApp::start().await;
    assert_eq!(sign_up(&app.anon, "alice", None).await.status(), 201);
    assert_eq!(sign_up(&app.anon, "bob", Some("nonsense")).await.error().1, "invitation_invalid");
    let (code, id) = invite(&app, 1, "editor").await;
    let reply = sign_up(&app.anon, "bob", Some(&code)).await;
    assert_eq!((reply.status(), &reply.json()["user"]["roles"]), (201, &json!(["editor"])));
    assert_eq!(uses(&app, id).await, 1);
}

#[tokio::test]
async fn revoked_and_expired_invitations_are_rejected() {
    let app = TestApp::start_with(&["--sign-up=invited"]).await;
    let (revoked, id) = invite(&app, 5, "").await;
    assert!(administration::revoke_invitation(&app.app.db, id, app.clock.now()).await.unwrap());
    assert_eq!(sign_up(&app.anon, "alice", Some(&revoked)).await.error().1, "invitation_invalid");
    let (expired, _) = invite(&app, 5, "").await;
    app.advance_clock(TimeDelta::days(7) - TimeDelta::seconds(1));
    assert_eq!(sign_up(&app.anon, "alice", Some(&expired)).await.status(), 201);
    app.advance_clock(TimeDelta::seconds(1));
    assert_eq!(sign_up(&app.anon, "bob", Some(&expired)).await.error().1, "invitation_expired");
    assert!(!administration::revoke_invitation(&app.app.db, InvitationId(9_999), app.clock.now()).await.unwrap());
}

#[tokio::test]
async fn failed_sign_up_uses_up_nothing() {
    let app = TestApp::start_with(&["--sign-up=invited"]).await;
    let (code, id) = invite(&app, 2, "").await;
    assert_eq!(sign_up(&app.anon, "alice", Some(&code)).await.status(), 201);
    for (name, password, status) in [("alice", PASSWORD, 409), ("bob", "short", 422), ("", PASSWORD, 422)] {
        let body = json!({"username": name, "password": password, "invitation": code});
        assert_eq!(app.anon.post("/api/users", body).await.status(), status);
    }
    assert_eq!(uses(&app, id).await, 1);
}

/// P10: the limit also holds for requests that all found the invitation usable.
#[tokio::test]
async fn a_hundred_parallel_sign_ups_with_thirty_uses_create_thirty_users() {
    let app = TestApp::start_with(&["--sign-up=invited"]).await;
    let (code, id) = invite(&app, 30, "").await;
    let sign_ups = (0..100).map(|number| {
        let (anon, code) = (app.anon.clone(), code.clone());
        tokio::spawn(async move { sign_up(&anon, &format!("user{number}"), Some(&code)).await })
    });
    let mut results: HashMap<(u16, String), usize> = HashMap::new();
    for reply in sign_ups.collect::<Vec<_>>() {
        let reply = reply.await.unwrap();
        let code = reply.json()["code"].as_str().unwrap_or_default().to_owned();
        *results.entry((reply.status(), code)).or_default() += 1;
    }
    let expected = [((201, String::new()), 30), ((403, "invitation_used_up".to_owned()), 70)];
    assert_eq!(results, HashMap::from(expected));
    assert_eq!(uses(&app, id).await, 30);
    assert_eq!(user::page(&app.app.db, None, 200).await.unwrap().len(), 30, "the table has the users");
}

#[tokio::test]
async fn code_of_an_invitation_is_not_stored() {
    let app = TestApp::start().await;
    let (code, id) = invite(&app, 1, "").await;
    let row = invitation::find_by_id(&app.app.db, id).await.unwrap().unwrap();
    assert!(!format!("{row:?}").contains(&code), "{row:?}");
}
