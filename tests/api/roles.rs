//! Roles: granted and revoked by the command line, in force on every replica without a sign-out.

use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use chrono::TimeDelta;
use daypass::accounts::administration;
use daypass::extract::Policy;
use daypass::jobs::Purge;
use daypass::middleware::{RequireRole, require_role, validate_session};
use daypass::models::{revocation, user};
use daypass::types::role::{Role, Roles, TooManyRoles};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{Browser, Client, Forge, PASSWORD, Reply, TestApp};

fn role(name: &str) -> Role {
    name.parse().unwrap()
}

/// The error of a change in these tests.
#[derive(Debug)]
struct Failed;

impl From<daypass::error::Error> for Failed {
    fn from(_: daypass::error::Error) -> Self {
        Self
    }
}

impl From<TooManyRoles> for Failed {
    fn from(_: TooManyRoles) -> Self {
        Self
    }
}

impl TestApp {
    /// Sets the roles of a user as the command line does. No replica has the change in memory yet.
    async fn set_roles(&self, name: &str, roles: &[&str]) {
        let user = administration::lock_user(&self.app.db, name).await.unwrap().unwrap();
        let roles = Roles::new(roles.iter().map(|name| role(name))).unwrap();
        user.change_roles::<Failed>(|_| Ok(roles), self.app.ended_at()).await.unwrap();
    }

    /// Sets the roles of a user and updates the revocations in memory, as the feed does every 250 ms.
    async fn set_roles_and_poll(&self, name: &str, roles: &[&str]) {
        self.set_roles(name, roles).await;
        self.app.revocation_feed.poll().await.unwrap();
    }
}

async fn is_admin(client: &Client) -> bool {
    let reply = client.get("/api/verify?role=admin").await;
    match reply.status() {
        204 => true,
        _ => {
            assert_eq!(reply.error(), (403, "missing_role".to_owned()));
            false
        }
    }
}

fn claims(token: &str) -> Value {
    Forge::from(token).claims
}

fn renewed(reply: &Reply) -> Option<String> {
    reply.has_header("daypass-session-token").then(|| reply.header("daypass-session-token").to_owned())
}

#[tokio::test]
async fn token_has_the_roles_of_its_user() {
    let app = TestApp::start().await;
    let before = app.alice().await;
    assert_eq!((claims(before.token()).get("roles"), claims(before.token()).get("roles_version")), (None, None));
    assert_eq!(before.get("/api/users/me").await.json()["roles"], json!([]));
    let verified = before.get("/api/verify").await;
    assert!(verified.has_header("x-auth-roles") && verified.header("x-auth-roles").is_empty());
    app.set_roles("alice", &["editor", "admin"]).await;
    let after = app.sign_in("alice").await;
    assert_eq!(claims(after.token())["roles"], json!(["admin", "editor"]));
    assert_eq!(claims(after.token())["roles_version"], 1);
    assert_eq!(after.get("/api/users/me").await.json()["roles"], json!(["admin", "editor"]));
    assert_eq!(after.get("/api/sessions/current").await.json()["user"]["roles"], json!(["admin", "editor"]));
    let verified = after.get("/api/verify").await;
    assert_eq!(verified.header("x-auth-roles"), "admin,editor");
    assert!(renewed(&verified).is_none(), "the token is up to date");
}

#[tokio::test]
async fn verify_requires_one_of_the_roles() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.set_roles_and_poll("alice", &["editor"]).await;
    for (query, status) in [
        ("", 204),
        ("?other=admin", 204),
        ("?role=editor", 204),
        ("?role=admin&role=editor", 204),
        ("?role=admin", 403),
        ("?role=", 403),
        ("?role=Editor", 403),
        ("?role=editor%20", 403),
        ("?role=admin,editor", 403),
    ] {
        let reply = alice.get(&format!("/api/verify{query}")).await;
        assert_eq!(reply.status(), status, "{query}");
        if status == 403 {
            assert_eq!(reply.error().1, "missing_role");
        }
    }
    assert_eq!(app.anon.get("/api/verify?role=admin").await.error(), (401, "no_token".to_owned()));
    assert_eq!(alice.get("/api/verify/some/path?role=admin").await.status(), 200, "the query of the original request");
}

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
async fn number_and_names_of_roles_are_limited() {
    let app = TestApp::start().await;
    app.alice().await;
    let many: Vec<_> = (0..17).map(|number| role(&format!("r{number}"))).collect();
    let user = administration::lock_user(&app.app.db, "alice").await.unwrap().unwrap();
    let granted = user.change_roles::<Failed>(|roles| Ok(roles.with(&many)?), app.app.ended_at()).await;
    assert!(granted.is_err());
    let row = user::find_by_username(&app.app.db, "alice").await.unwrap().unwrap();
    assert_eq!((&*row.roles, row.roles_version), ("", 0));
}

#[tokio::test]
async fn change_without_effect_is_not_recorded() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.set_roles_and_poll("alice", &[]).await;
    assert_eq!(revocation::count(&app.app.db).await.unwrap(), 0);
    assert!(renewed(&alice.get("/api/verify").await).is_none());
}

/// The record is needed until the last older token expires, and is then purged in the table and in memory.
#[tokio::test]
async fn record_of_a_change_is_kept_as_long_as_older_tokens_are_valid() {
    let app = TestApp::start_with(&["--session-max=30d", "--jwt-ttl=20d"]).await;
    let alice = app.alice().await;
    app.set_roles_and_poll("alice", &["admin"]).await;
    // The setting of the operator is shorter now, but the token of the session is still valid.
    let later = TestApp::start_with(&[]).await;
    assert!(later.app.ended_at().lifetime < TimeDelta::days(20));
    let at = daypass::models::session::EndedAt { lifetime: TimeDelta::days(1), ..app.app.ended_at() };
    let user = administration::lock_user(&app.app.db, "alice").await.unwrap().unwrap();
    user.change_roles::<Failed>(|_| Ok(Roles::default()), at).await.unwrap();
    app.advance_clock(TimeDelta::days(19));
    let purge: Purge = app.app.purge();
    purge.run_once().await.unwrap();
    app.app.revocation_feed.poll().await.unwrap();
    assert!(!is_admin(&alice).await);
    assert!(!is_admin(&app.replica().await.anon.with_token(alice.token())).await, "the table has the record");
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

#[tokio::test]
async fn middleware_accepts_only_users_with_a_role() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let reports = axum::Router::new()
        .route("/reports", get(|| async { "reports" }))
        .route_layer(from_fn_with_state(RequireRole::any_of(["admin", "editor"]).unwrap(), require_role))
        .route_layer(from_fn_with_state((app.app.clone(), Policy::Required), validate_session))
        .with_state(app.app.clone());
    let status = async |token: Option<&str>| {
        let mut request = axum::http::Request::builder().uri("/reports");
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let request = request.body(axum::body::Body::empty()).unwrap();
        reports.clone().oneshot(request).await.unwrap().status().as_u16()
    };
    assert_eq!((status(None).await, status(Some(alice.token())).await), (401, 403));
    app.set_roles_and_poll("alice", &["editor"]).await;
    assert_eq!(status(Some(alice.token())).await, 200);
    assert!(RequireRole::any_of(["Admin"]).is_err());
}
