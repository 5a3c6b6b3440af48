//! Access to items and workout logs: every route, for the owner and for all others.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

/// The resources that users own.
const RESOURCES: [&str; 2] = ["/api/items", "/api/workout-logs"];

/// A body for both resources. Each ignores the members of the other.
fn body(text: &str) -> Value {
    json!({"name": text, "description": text, "ownerId": 2, "owner_id": 2})
}

/// The status of each route of a resource, in this order: list, create, get, head, update, an unsupported method,
/// delete. Row 1 belongs to alice.
async fn statuses(client: &Client, resource: &str) -> Vec<u16> {
    let one = format!("{resource}/1");
    let mut statuses = Vec::new();
    for (method, path) in [
        (Method::GET, resource),
        (Method::POST, resource),
        (Method::GET, &one),
        (Method::HEAD, &one),
        (Method::PUT, &one),
        (Method::PATCH, &one),
        (Method::DELETE, &one),
    ] {
        statuses.push(client.request(method, path).json(&body("changed")).send().await.status());
    }
    statuses
}

#[tokio::test]
async fn only_the_owner_can_access_a_row() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let (alice, bob) = (app.alice().await, app.bob().await);
        let created = alice.post(resource, body("alice's")).await;
        assert_eq!((created.status(), created.header("location")), (201, format!("{resource}/1").as_str()));

        assert_eq!(statuses(&bob, resource).await, [200, 201, 404, 404, 404, 405, 404], "{resource}: another user");
        assert_eq!(statuses(&app.anon, resource).await, [401, 401, 401, 401, 401, 405, 401], "{resource}: no token");
        assert_eq!(alice.get(&format!("{resource}/1")).await.json(), created.json(), "nothing changed");

        let expired = app.alice_expired(&alice);
        assert_eq!(statuses(&expired, resource).await, [401, 401, 401, 401, 401, 405, 401], "{resource}: expired");
        assert_eq!(statuses(&alice, resource).await, [200, 201, 200, 200, 200, 405, 204], "{resource}: the owner");
    }
}

#[tokio::test]
async fn row_of_another_user_and_missing_row_have_identical_responses() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    for resource in RESOURCES {
        alice.post(resource, body("alice's")).await;
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let attempt = async |id: i64| {
                let request = bob.request(method.clone(), &format!("{resource}/{id}")).header("x-request-id", "same");
                let reply = request.json(&body("x")).send().await;
                (reply.status(), reply.text().to_owned())
            };
            assert_eq!(attempt(1).await, attempt(4711).await, "{method} {resource}");
        }
    }
}

impl TestApp {
    /// A client with a token of alice that expired a day ago.
    fn alice_expired(&self, alice: &Client) -> Client {
        let past = self.clock.now().timestamp() - 2 * TimeDelta::days(1).num_seconds();
        let forged = crate::support::Forge::from(alice.token());
        let forged = forged.claim("iat", json!(past)).claim("exp", json!(past + 86_400));
        self.anon.with_token(&forged.signed())
    }
}
