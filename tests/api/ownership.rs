//! Who may do what to an item: every route, for the owner and for everyone else.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Client, TestApp};

/// What each person gets from each route of alice's one item, in the order of [`ROUTES`].
const ROUTES: [(Method, &str); 7] = [
    (Method::GET, "/api/items"),
    (Method::POST, "/api/items"),
    (Method::GET, "/api/items/1"),
    (Method::HEAD, "/api/items/1"),
    (Method::PUT, "/api/items/1"),
    (Method::PATCH, "/api/items/1"),
    (Method::DELETE, "/api/items/1"),
];

async fn statuses(person: &Client) -> Vec<u16> {
    let mut statuses = Vec::new();
    for (method, path) in ROUTES {
        let reply = person.request(method, path).json(&json!({"name": "changed", "ownerId": 2})).send().await;
        statuses.push(reply.status());
    }
    statuses
}

#[tokio::test]
async fn only_the_owner_reaches_an_item() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let bob = app.bob().await;
    assert_eq!(alice.post("/api/items", json!({"name": "alice's"})).await.status(), 201);

    assert_eq!(statuses(&bob).await, [200, 201, 404, 404, 404, 405, 404], "another user");
    assert_eq!(statuses(&app.anon).await, [401, 401, 401, 401, 401, 405, 401], "no token");
    assert_eq!(alice.get("/api/items/1").await.json()["name"], "alice's", "nothing changed");

    let expired = app.alice_expired(&alice);
    assert_eq!(statuses(&expired).await, [401, 401, 401, 401, 401, 405, 401], "expired token");
    assert_eq!(statuses(&alice).await, [200, 201, 200, 200, 200, 405, 204], "the owner");
}

#[tokio::test]
async fn a_strangers_item_and_a_missing_one_are_refused_alike() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    alice.post("/api/items", json!({"name": "alice's"})).await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let attempt = async |id: i64| {
            let request = bob.request(method.clone(), &format!("/api/items/{id}")).header("x-request-id", "same");
            let reply = request.json(&json!({"name": "x"})).send().await;
            (reply.status(), reply.text().to_owned())
        };
        assert_eq!(attempt(1).await, attempt(4711).await, "{method}");
    }
}

impl TestApp {
    /// Alice as of two days ago.
    fn alice_expired(&self, alice: &Client) -> Client {
        let past = self.clock.now().timestamp() - 2 * TimeDelta::days(1).num_seconds();
        let forged = crate::support::Forge::from(alice.token());
        let forged = forged.claim("iat", json!(past)).claim("exp", json!(past + 86_400));
        self.anon.with_token(&forged.signed())
    }
}
