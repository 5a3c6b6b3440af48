//! Replays `exchanges.json`: stories of requests and responses, with the numbers of `docs/classroom.md`.
//!
//! Each story has its own service with the users alice and bob. In requests, `{alice}` and `{bob}` are their tokens, and
//! `{name}` is a value that an earlier exchange of the story stored with `keep`. In expected responses, `<id>`, `<moment>`,
//! `<token>`, `<text>` and `<null>` match any value of that kind. Everything else is literal, including the set of keys.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::support::{PASSWORD, Reply, TestApp, moment};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Story {
    pub(crate) row: String,
    says: String,
    pub(crate) exchanges: Vec<Exchange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The value of the `Authorization` header, if any.
    auth: Option<String>,
    /// The JSON body, if any.
    body: Option<Value>,
    /// Whether to send a JSON content type with an empty body.
    #[serde(default)]
    empty: bool,
    status: u16,
    /// The expected JSON.
    json: Option<Value>,
    /// Or the expected text.
    text: Option<String>,
    /// Or the expected error code.
    code: Option<String>,
    /// Values of the response to store, by name, as JSON pointers.
    #[serde(default)]
    keep: BTreeMap<String, String>,
}

pub(crate) fn stories() -> Vec<Story> {
    serde_json::from_str(include_str!("exchanges.json")).unwrap()
}

#[tokio::test]
async fn recorded_exchanges_get_the_expected_responses() {
    for story in stories() {
        let app = TestApp::start().await;
        let mut known = BTreeMap::new();
        known.insert("alice".to_owned(), app.alice().await.token().to_owned());
        known.insert("bob".to_owned(), app.bob().await.token().to_owned());
        for exchange in &story.exchanges {
            let label = format!("{} ({}): {} {}", story.row, story.says, exchange.method, exchange.path);
            let reply = send(&app, exchange, &known).await;
            check(exchange, &reply, &label);
            for (name, pointer) in &exchange.keep {
                let value = reply.json().pointer(pointer).unwrap_or_else(|| panic!("{label}: no {pointer}")).clone();
                known.insert(name.clone(), value.as_str().map_or(value.to_string(), str::to_owned));
            }
        }
    }
}

#[tokio::test]
async fn recorded_exchanges_get_404_without_the_classroom() {
    let app = TestApp::start_with(&["--classroom=false"]).await;
    for exchange in stories().iter().flat_map(|story| &story.exchanges) {
        let reply = send(&app, exchange, &BTreeMap::new()).await;
        // The service has a route with this path for another method.
        let expected = if exchange.path == "/api/users" { 405 } else { 404 };
        assert_eq!(reply.status(), expected, "{} {}", exchange.method, exchange.path);
        assert!(reply.json().get("message").is_none() && reply.json().get("error").is_none(), "{}", reply.text());
    }
}

async fn send(app: &TestApp, exchange: &Exchange, known: &BTreeMap<String, String>) -> Reply {
    let filled =
        |text: &str| known.iter().fold(text.to_owned(), |text, (name, is)| text.replace(&format!("{{{name}}}"), is));
    let mut request =
        app.anon.request(Method::from_bytes(exchange.method.as_bytes()).unwrap(), &filled(&exchange.path));
    if let Some(value) = &exchange.auth {
        request = request.header("authorization", filled(value));
    }
    if exchange.empty {
        request = request.header("content-type", "application/json");
    }
    if let Some(body) = &exchange.body {
        request = request.json(&serde_json::from_str(&filled(&body.to_string())).unwrap());
    }
    request.send().await
}

fn check(exchange: &Exchange, reply: &Reply, label: &str) {
    assert_eq!(reply.status(), exchange.status, "{label}: {}", reply.text());
    for secret in ["hash", "$argon2", PASSWORD] {
        assert!(!reply.text().contains(secret), "{label}: {}", reply.text());
    }
    match (&exchange.json, &exchange.text, &exchange.code) {
        (Some(shape), None, None) => {
            assert_eq!(reply.header("content-type"), "application/json", "{label}");
            assert!(fits(&reply.json(), shape), "{label}: {} is not {shape}", reply.text());
        }
        (None, Some(text), None) => {
            assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8", "{label}");
            assert_eq!(reply.text(), text, "{label}");
        }
        (None, None, Some(code)) => {
            assert_eq!(&reply.error().1, code, "{label}");
            let problem = reply.json();
            assert_eq!((&problem["error"], &problem["message"]), (&problem["detail"], &problem["detail"]), "{label}");
        }
        _ => panic!("{label}: one of json, text and code is expected"),
    }
}

fn fits(value: &Value, shape: &Value) -> bool {
    match (value, shape) {
        (Value::Number(id), Value::String(kind)) => kind == "<id>" && id.as_i64().is_some_and(|id| id > 0),
        (Value::String(text), Value::String(kind)) => match kind.as_str() {
            "<moment>" => text.len() == 24 && text.ends_with('Z') && moment(text).timestamp() > 0,
            "<token>" => text.split('.').count() == 3,
            "<text>" => !text.is_empty(),
            literal => text == literal,
        },
        (Value::Null, Value::String(kind)) => kind == "<null>",
        (Value::Array(values), Value::Array(shapes)) => {
            values.len() == shapes.len() && values.iter().zip(shapes).all(|(value, shape)| fits(value, shape))
        }
        (Value::Object(members), Value::Object(shapes)) => {
            members.len() == shapes.len()
                && members.iter().all(|(name, value)| shapes.get(name).is_some_and(|shape| fits(value, shape)))
        }
        (value, shape) => value == shape,
    }
}
