//! Changes of roles: in force on every replica within a second, without a sign-out.

use axum::http::Method;
use chrono::TimeDelta;
use daypass::accounts::administration;
use daypass::models::revocation;
use daypass::models::session::EndedAt;
use daypass::types::role::Roles;
use serde_json::json;

use crate::roles::{claims, is_admin, renewed};
use crate::support::{Browser, Client, PASSWORD, TestApp};

/// P9: one query for a session with a change, none for all others, and the token need not be renewed.
#[tokio::test]
async fn changed_roles_cost_one_query_per_replica() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    let phone = app.sign_in("alice").await;
    let replica = app.replica().await;
    app.set_roles("alice", &["admin"]).await;
    for at in [&app, &replica] {
        at.app.revocation_feed.poll().await.unwrap();
        let at_replica = |client: &Client| at.anon.with_token(client.token());
        let before = at.statements();
        assert!(!is_admin(&at_replica(&bob)).await);
        assert_eq!(at.statements(), before, "no change for this user");
        let first = at_replica(&alice).get("/api/verify?role=admin").await;
        assert_eq!((first.status(), at.statements()), (204, before + 1), "the very next request has the new roles");
        for _ in 0..50 {
            assert!(is_admin(&at_replica(&alice)).await, "a client can ignore the renewed token");
            assert!(is_admin(&at_replica(&phone)).await, "all sessions of the user");
        }
        let new = at.anon.with_token(&renewed(&first).unwrap());
        let verified = new.get("/api/verify").await;
        assert!(renewed(&verified).is_none() && is_admin(&new).await);
        assert_eq!(at.statements(), before + 1);
    }
}

#[tokio::test]
async fn concurrent_requests_share_one_query() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.set_roles_and_poll("alice", &["admin"]).await;
    let before = app.statements();
    let requests: Vec<_> = (0..50)
        .map(|_| {
            let alice = alice.clone();
            tokio::spawn(async move { is_admin(&alice).await })
        })
        .collect();
    for request in requests {
        assert!(request.await.unwrap());
    }
    assert_eq!(app.statements(), before + 1);
}

#[tokio::test]
async fn roles_are_granted_and_revoked_without_a_sign_out() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let id = alice.get("/api/sessions/current").await.json()["session"]["id"].clone();
    for (version, roles) in [(1, &["admin"][..]), (2, &[]), (3, &["admin", "editor"]), (4, &["editor"])] {
        app.set_roles_and_poll("alice", roles).await;
        assert_eq!(is_admin(&alice).await, roles.contains(&"admin"));
        let new = claims(&renewed(&alice.get("/api/items").await).unwrap());
        assert_eq!((&new["sid"], &new["roles_version"]), (&id, &json!(version)));
        let old = claims(alice.token());
        for claim in ["sub", "exp", "auth_time", "gen"] {
            assert_eq!(new[claim], old[claim], "{claim}");
        }
    }
    assert_eq!(alice.get("/api/sessions/current").await.json()["session"]["id"], id);
}

/// The renewed token of an earlier change is out of date after the next one.
#[tokio::test]
async fn renewed_token_does_not_keep_revoked_roles() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.set_roles_and_poll("alice", &["admin"]).await;
    let admin = app.anon.with_token(&renewed(&alice.get("/api/verify").await).unwrap());
    assert!(is_admin(&admin).await);
    app.set_roles_and_poll("alice", &[]).await;
    for client in [&admin, &alice] {
        assert!(!is_admin(client).await);
    }
    let demoted = app.anon.with_token(&renewed(&admin.get("/api/verify").await).unwrap());
    assert!(!is_admin(&demoted).await && renewed(&demoted.get("/api/verify").await).is_none());
}

#[tokio::test]
async fn renewal_returns_the_current_roles_in_one_token() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.set_roles_and_poll("alice", &["admin"]).await;
    let reply = alice.post("/api/sessions/current/renew", json!({})).await;
    assert_eq!((reply.status(), renewed(&reply)), (200, None));
    assert_eq!(claims(reply.json()["sessionToken"].as_str().unwrap())["roles"], json!(["admin"]));
}

#[tokio::test]
async fn cookie_is_renewed_for_pages_of_this_origin_only() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app.anon);
    browser.post("/api/users", json!({"username": "alice", "password": PASSWORD, "carrier": "cookie"})).await;
    app.set_roles_and_poll("alice", &["admin"]).await;
    let foreign = browser.send(Method::GET, "/api/verify?role=admin", None, "cross-site").await;
    assert_eq!((foreign.status(), foreign.cookies().len()), (204, 0));
    let own = browser.get("/api/verify?role=admin").await;
    assert_eq!((own.status(), own.cookies().len()), (204, 1));
    assert!(own.header("set-cookie").ends_with("Max-Age=86400"), "{}", own.header("set-cookie"));
    assert_eq!(browser.get("/api/verify?role=admin").await.cookies().len(), 0, "the new cookie is up to date");
}

#[tokio::test]
async fn changes_survive_a_restart_and_a_stale_feed() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.set_roles_and_poll("alice", &["admin"]).await;
    let admin = app.anon.with_token(&renewed(&alice.get("/api/verify").await).unwrap());
    app.set_roles("alice", &[]).await;
    app.advance_clock(TimeDelta::seconds(6));
    assert!(!is_admin(&admin).await, "the request refreshed the feed, which was too old");
    let restarted = app.replica().await;
    assert!(!is_admin(&restarted.anon.with_token(admin.token())).await, "a new process loads the changes");
    app.app.db.close_by_ref().await.unwrap();
    assert!(!is_admin(&admin).await, "in memory");
}

#[tokio::test]
async fn request_is_rejected_if_its_roles_cannot_be_read() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.set_roles_and_poll("alice", &["admin"]).await;
    app.app.db.close_by_ref().await.unwrap();
    assert_eq!(alice.get("/api/verify").await.error(), (503, "unavailable".to_owned()));
}

#[tokio::test]
async fn sign_in_and_password_change_use_the_roles_of_their_transaction() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.set_roles("alice", &["admin"]).await;
    // No replica has the change in memory, but the new tokens have it.
    assert!(is_admin(&app.sign_in("alice").await).await);
    let change = json!({"currentPassword": PASSWORD, "newPassword": "another battery staple"});
    let changed = alice.put("/api/users/me/password", change).await.json();
    assert_eq!(changed["user"]["roles"], json!(["admin"]));
    assert!(is_admin(&app.anon.with_token(changed["sessionToken"].as_str().unwrap())).await);
}

/// However a demotion and a sign-in or renewal are ordered, no token keeps the role.
#[tokio::test]
async fn demotion_that_races_other_operations_leaves_no_admin() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for _ in 0..10 {
        app.set_roles_and_poll("alice", &["admin"]).await;
        let sign_in = async { app.sign_in("alice").await.token().to_owned() };
        let renewal = async {
            let renewed = alice.post("/api/sessions/current/renew", json!({})).await;
            renewed.json()["sessionToken"].as_str().unwrap().to_owned()
        };
        let ((), signed_in, renewed) = tokio::join!(app.set_roles("alice", &[]), sign_in, renewal);
        app.app.revocation_feed.poll().await.unwrap();
        for token in [&*signed_in, &renewed, alice.token()] {
            assert!(!is_admin(&app.anon.with_token(token)).await, "{}", claims(token));
        }
    }
}

#[tokio::test]
async fn change_without_effect_is_not_recorded() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.set_roles_and_poll("alice", &[]).await;
    assert_eq!(revocation::count(&app.app.db).await.unwrap(), 0);
    assert!(renewed(&alice.get("/api/verify").await).is_none());
}

/// The record is needed until the last older token expires, and is then purged.
#[tokio::test]
async fn record_of_a_change_is_kept_as_long_as_older_tokens_are_valid() {
    let app = TestApp::start_with(&["--session-max=30d", "--jwt-ttl=20d"]).await;
    let alice = app.alice().await;
    app.set_roles_and_poll("alice", &["admin"]).await;
    // The setting is shorter when the role is revoked, but the token of the session is still valid.
    let at = EndedAt { lifetime: TimeDelta::days(1), ..app.app.ended_at() };
    let user = administration::lock_user(&app.app.db, "alice").await.unwrap().unwrap();
    user.set_roles(&Roles::default(), at).await.unwrap();
    app.advance_clock(TimeDelta::days(19));
    let purge = app.app.purge();
    purge.run_once().await.unwrap();
    app.app.revocation_feed.poll().await.unwrap();
    assert!(!is_admin(&alice).await);
    assert!(!is_admin(&app.replica().await.anon.with_token(alice.token())).await, "the table has the record");
    assert_eq!(revocation::count(&app.app.db).await.unwrap(), 2);
    app.advance_clock(TimeDelta::days(12));
    purge.run_once().await.unwrap();
    assert_eq!(revocation::count(&app.app.db).await.unwrap(), 1, "only the newest row, which is never purged");
}

#[tokio::test]
async fn revocations_endpoint_lists_changes_of_roles() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.set_roles_and_poll("alice", &["admin"]).await;
    let list = app.anon.get("/api/revocations").await.json();
    let id = alice.get("/api/users/me").await.json()["id"].clone();
    let expected = json!([{"userId": id, "rolesVersion": 1, "expiresAt": "2026-11-21T12:00:00.250Z"}]);
    assert_eq!((&list["roleChanges"], &list["revocations"], &list["users"]), (&expected, &json!([]), &json!([])));
}
