//! `exchanges.json`, replayed: stories of requests and replies, by the numbers of `docs/classroom.md`.
//!
//! Each story has a service of its own on which alice and bob have signed up. In what is sent, `{alice}` and `{bob}`
//! are their tokens and `{name}` is what an earlier reply of the story was asked to `keep`. In what is expected,
//! `<id>`, `<moment>`, `<token>`, `<text>` and `<null>` stand for any value of that kind; all else is literal, down to the last key.

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
    /// `Authorization`, if any; sent as it is.
    auth: Option<String>,
    /// With one, the content type is JSON.
    body: Option<Value>,
    /// A JSON content type with nothing behind it.
    #[serde(default)]
    empty: bool,
    status: u16,
    /// The shape of the JSON that comes back.
    json: Option<Value>,
    /// Or the text that does.
    text: Option<String>,
    /// Or the code of the refusal.
    code: Option<String>,
    /// Names for parts of the reply, by JSON pointer.
    #[serde(default)]
    keep: BTreeMap<String, String>,
}

pub(crate) fn stories() -> Vec<Story> {
    serde_json::from_str(include_str!("exchanges.json")).unwrap()
}

#[tokio::test]
async fn every_exchange_of_the_course_and_its_clients_goes_as_it_should() {
    for story in stories() {
        let app = TestApp::start().await;
        let mut known = BTreeMap::new();
        known.insert("alice".to_owned(), app.alice().await.token().to_owned());
        known.insert("bob".to_owned(), app.bob().await.token().to_owned());
        for exchange in &story.exchanges {
            let told = format!("{} ({}): {} {}", story.row, story.says, exchange.method, exchange.path);
            let reply = send(&app, exchange, &known).await;
            check(exchange, &reply, &told);
            for (name, pointer) in &exchange.keep {
                let value = reply.json().pointer(pointer).unwrap_or_else(|| panic!("{told}: no {pointer}")).clone();
                known.insert(name.clone(), value.as_str().map_or(value.to_string(), str::to_owned));
            }
        }
    }
}

#[tokio::test]
async fn without_the_classroom_none_of_them_finds_a_route() {
    let app = TestApp::start_with(&["--classroom=false"]).await;
    for exchange in stories().iter().flat_map(|story| &story.exchanges) {
        let reply = send(&app, exchange, &BTreeMap::new()).await;
        // The service has a route of this name, for another method.
        let expected = if exchange.path == "/api/users" { 405 } else { 404 };
        assert_eq!(reply.status(), expected, "{} {}", exchange.method, exchange.path);
        assert!(reply.json().get("message").is_none() && reply.json().get("error").is_none(), "{}", reply.text());
    }
}

async fn send(app: &TestApp, exchange: &Exchange, known: &BTreeMap<String, String>) -> Reply {
    let told =
        |text: &str| known.iter().fold(text.to_owned(), |text, (name, is)| text.replace(&format!("{{{name}}}"), is));
    let mut request = app.anon.request(Method::from_bytes(exchange.method.as_bytes()).unwrap(), &told(&exchange.path));
    if let Some(value) = &exchange.auth {
        request = request.header("authorization", told(value));
    }
    if exchange.empty {
        request = request.header("content-type", "application/json");
    }
    if let Some(body) = &exchange.body {
        request = request.json(&serde_json::from_str(&told(&body.to_string())).unwrap());
    }
    request.send().await
}

fn check(exchange: &Exchange, reply: &Reply, told: &str) {
    assert_eq!(reply.status(), exchange.status, "{told}: {}", reply.text());
    for secret in ["hash", "$argon2", PASSWORD] {
        assert!(!reply.text().contains(secret), "{told}: {}", reply.text());
    }
    match (&exchange.json, &exchange.text, &exchange.code) {
        (Some(shape), None, None) => {
            assert_eq!(reply.header("content-type"), "application/json", "{told}");
            assert!(fits(&reply.json(), shape), "{told}: {} is not {shape}", reply.text());
        }
        (None, Some(text), None) => {
            assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8", "{told}");
            assert_eq!(reply.text(), text, "{told}");
        }
        (None, None, Some(code)) => {
            assert_eq!(&reply.refusal().1, code, "{told}");
            let problem = reply.json();
            assert_eq!((&problem["error"], &problem["message"]), (&problem["detail"], &problem["detail"]), "{told}");
        }
        _ => panic!("{told}: one of json, text and code is expected"),
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
