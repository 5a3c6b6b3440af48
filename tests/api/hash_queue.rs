//! A full hash queue: requests that need a hash are rejected immediately, and succeed again afterwards.

use axum::http::Method;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Reply, TestApp};

/// More than one hash thread and its queue take.
const REQUESTS: usize = 200;

/// A service with one hash thread and hashes of the default cost, so that the queue fills.
async fn start() -> TestApp {
    TestApp::start_with(&["--hash-threads=1", "--argon2=m=19456,t=2,p=1"]).await
}

/// Sends the requests in parallel. Returns the replies in the order in which they came, except those that the database
/// was too busy for: they never came to the hash queue.
async fn send_all(client: &Client, method: Method, path: &str, body: impl Fn(usize) -> Value) -> Vec<Reply> {
    let requests = (0..REQUESTS).map(|number| client.request(method.clone(), path).json(&body(number)).send());
    let replies = requests.collect::<FuturesUnordered<_>>();
    let at_queue = |reply: &Reply| reply.status() != 503 || reply.json()["code"] != "unavailable";
    let replies: Vec<_> = replies.filter(|reply| std::future::ready(at_queue(reply))).collect().await;
    assert!(replies.len() >= REQUESTS * 3 / 4, "the database was too busy for most requests");
    replies
}

/// Some requests got `expected` and all others `503 busy`. Most of these did not wait for the hashes of others.
fn assert_some_are_busy(replies: &[Reply], expected: u16) {
    for reply in replies.iter().filter(|reply| reply.status() != expected) {
        assert_eq!(reply.error(), (503, "busy".to_owned()), "{}", reply.text());
        assert_eq!(reply.header("retry-after"), "1");
    }
    let accepted: Vec<_> = (0..replies.len()).filter(|place| replies[*place].status() == expected).collect();
    let rejected = replies.len() - accepted.len();
    assert!(rejected >= REQUESTS / 4, "{rejected} of {} requests were rejected", replies.len());
    assert!(!accepted.is_empty(), "all requests were rejected");
    let early = accepted[accepted.len() / 2] - accepted.len() / 2;
    assert!(
        early > rejected / 2,
        "only {early} of {rejected} requests were rejected before half of the hashes were done"
    );
}

#[tokio::test]
async fn sign_up_with_a_full_hash_queue_returns_503_busy() {
    let app = start().await;
    let body = |number| json!({"username": format!("user {number}"), "password": PASSWORD});
    let replies = send_all(&app.anon, Method::POST, "/api/users", body).await;
    assert_some_are_busy(&replies, 201);
    app.sign_up("another user").await;
}

#[tokio::test]
async fn sign_in_with_a_full_hash_queue_returns_503_busy() {
    let app = start().await;
    app.alice().await;
    let body = |_| json!({"username": "alice", "password": PASSWORD});
    let replies = send_all(&app.anon, Method::POST, "/api/sessions", body).await;
    assert_some_are_busy(&replies, 201);
    app.sign_in("alice").await;
}

#[tokio::test]
async fn password_change_with_a_full_hash_queue_returns_503_busy() {
    let app = start().await;
    let alice = app.alice().await;
    let body = |_| json!({"currentPassword": "not her password", "newPassword": "another horse, another staple"});
    let replies = send_all(&alice, Method::PUT, "/api/users/me/password", body).await;
    assert_some_are_busy(&replies, 403);
    assert_eq!(alice.put("/api/users/me/password", body(0)).await.error(), (403, "wrong_password".to_owned()));
}
