//! Every path of the route table, requested by a signed-in user: an alias responds like the first path of its row.

use std::collections::BTreeMap;

use axum::http::Method;
use daypass::classroom::routes::{OPEN, PROTECTED};
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Reply, TestApp};

/// A body for every route: it contains an account, a text and a log.
fn body(name: &str) -> Value {
    json!({
        "user": {"username": name, "password": PASSWORD},
        "testdata": {"item": "a lantern"},
        "log": {"description": "row", "definition": "Time", "result": "7:42"},
    })
}

/// Sends a request for a new row. `step` makes usernames unique.
async fn ask(client: &Client, alice: &Client, method: &Method, path: &str, step: usize) -> Reply {
    let item = alice.post("/api/items", json!({"name": "a lantern"})).await.json();
    let log = alice.post("/api/workout-logs", json!({"description": "row"})).await.json();
    let row = if path.contains("authtest") { item } else { log };
    let path = path.replace("{id}", &row["id"].to_string()).replace("{*rest}", &row["id"].to_string());
    let request = client.request(method.clone(), &path);
    if ![Method::POST, Method::PUT].contains(method) {
        return request.send().await;
    }
    // A sign-in needs an existing user, a sign-up a new one.
    let signs_in = path.ends_with("/login") || path.ends_with("/signin");
    let name = if signs_in { "alice".to_owned() } else { format!("user{step}") };
    request.json(&body(&name)).send().await
}

/// The status and the form of a response: a text as it is, JSON with the types of its values.
fn shape(reply: &Reply) -> (u16, Value) {
    let json = reply.header("content-type").contains("json");
    (reply.status(), if json { kind(&reply.json()) } else { json!(reply.text()) })
}

fn kind(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("flag"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("text"),
        Value::Array(values) => values.iter().take(1).map(kind).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), kind(value))).collect(),
    }
}

#[tokio::test]
async fn aliases_respond_like_the_first_path_of_their_row() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let mut step = 0;
    for (rows, client) in [(OPEN, &app.anon), (PROTECTED, &alice)] {
        for row in rows {
            let method = if row.method == "ANY" { Method::GET } else { row.method.parse().unwrap() };
            // Separately for paths with and without an id: a path without an id finds no row.
            let mut first = BTreeMap::new();
            for path in row.paths() {
                step += 1;
                let answered = shape(&ask(client, &alice, &method, &path, step).await);
                assert!(answered.0 == 200 || !first.is_empty(), "{method} {path}: {answered:?}");
                let expected = first.entry(path.contains('{')).or_insert_with(|| answered.clone());
                assert_eq!(&answered, expected, "{method} {path}");
            }
        }
    }
}
