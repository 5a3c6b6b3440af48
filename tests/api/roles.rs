//! Roles in tokens and responses, and the routes that require them.

use axum::middleware::from_fn_with_state;
use axum::routing::get;
use daypass::accounts::administration;
use daypass::extract::Policy;
use daypass::middleware::{RequireRole, require_role, validate_session};
use daypass::types::role::{Role, Roles};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{Client, Forge, Reply, TestApp};

fn role(name: &str) -> Role {
    name.parse().unwrap()
}

impl TestApp {
    /// Sets the roles of a user as the command line does. No replica has the change in memory yet.
    pub(crate) async fn set_roles(&self, name: &str, roles: &[&str]) {
        let user = administration::lock_user(&self.app.db, name).await.unwrap().unwrap();
        let roles = Roles::new(roles.iter().map(|name| role(name))).unwrap();
        user.set_roles(&roles, self.app.ended_at()).await.unwrap();
    }

    /// Sets the roles of a user and updates the revocations in memory, as the feed does every 250 ms.
    pub(crate) async fn set_roles_and_poll(&self, name: &str, roles: &[&str]) {
        self.set_roles(name, roles).await;
        self.app.revocation_feed.poll().await.unwrap();
    }
}

pub(crate) async fn is_admin(client: &Client) -> bool {
    let reply = client.get("/api/verify?role=admin").await;
    match reply.status() {
        204 => true,
        _ => {
            assert_eq!(reply.error(), (403, "missing_role".to_owned()));
            false
        }
    }
}

pub(crate) fn claims(token: &str) -> Value {
    Forge::from(token).claims
}

pub(crate) fn renewed(reply: &Reply) -> Option<String> {
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
