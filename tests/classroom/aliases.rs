//! Every path of the table, walked by somebody who is signed in: an alias answers as the first path of its row does.

use std::collections::BTreeMap;

use axum::http::Method;
use daypass::classroom::routes::{OPEN, PROTECTED};
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Reply, TestApp};

/// In this each route finds what it reads: an account, a line of text, a log.
fn body(name: &str) -> Value {
    json!({
        "user": {"username": name, "password": PASSWORD},
        "testdata": {"item": "a lantern"},
        "log": {"description": "row", "definition": "Time", "result": "7:42"},
    })
}

/// A request that finds a row of its own behind the id in its path; the `step` makes it one that was never sent.
async fn ask(person: &Client, alice: &Client, method: &Method, path: &str, step: usize) -> Reply {
    let item = alice.post("/api/items", json!({"name": "a lantern"})).await.json();
    let log = alice.post("/api/workout-logs", json!({"description": "row"})).await.json();
    let row = if path.contains("authtest") { item } else { log };
    let path = path.replace("{id}", &row["id"].to_string()).replace("{*rest}", &row["id"].to_string());
    let request = person.request(method.clone(), &path);
    if ![Method::POST, Method::PUT].contains(method) {
        return request.send().await;
    }
    // Who signs in is there already, who signs up is new.
    let signs_in = path.ends_with("/login") || path.ends_with("/signin");
    let name = if signs_in { "alice".to_owned() } else { format!("walker{step}") };
    request.json(&body(&name)).send().await
}

/// Status and kind of an answer: a text as it is, JSON by the names and kinds of all that is in it.
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
async fn every_alias_answers_as_the_first_path_of_its_row_does() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let mut step = 0;
    for (rows, person) in [(OPEN, &app.anon), (PROTECTED, &alice)] {
        for row in rows {
            let method = if row.method == "ANY" { Method::GET } else { row.method.parse().unwrap() };
            // By whether the path names a row: nothing is found by one that names none.
            let mut first = BTreeMap::new();
            for path in row.paths() {
                step += 1;
                let answered = shape(&ask(person, &alice, &method, &path, step).await);
                assert!(answered.0 == 200 || !first.is_empty(), "{method} {path}: {answered:?}");
                let expected = first.entry(path.contains('{')).or_insert_with(|| answered.clone());
                assert_eq!(&answered, expected, "{method} {path}");
            }
        }
    }
}
