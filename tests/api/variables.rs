//! Session variables: the same tests for every store, and the properties of each store.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Browser, PASSWORD, Reply, TestApp, redis_url};

#[cfg(unix)]
mod redis;
mod sessions;
mod stores;
mod values;
mod versions;

const ALL: &str = "/api/sessions/current/variables";

fn at(name: &str) -> String {
    format!("{ALL}/{name}")
}

/// A service for each store. Redis is included if there is a server.
async fn services() -> Vec<(String, TestApp)> {
    let mut services = Vec::new();
    for store in ["database".to_owned(), "memory".to_owned(), "cookie".to_owned()].into_iter().chain(redis_url()) {
        let flag = format!("--session-store={store}");
        services.push((store, TestApp::start_with(&[&flag]).await));
    }
    services
}

async fn alice(app: &TestApp) -> Browser {
    let browser = Browser::new(&app.anon);
    sign_up(&browser, "alice", false).await;
    browser
}

async fn sign_up(browser: &Browser, name: &str, keep: bool) -> Reply {
    let body = json!({"username": name, "password": PASSWORD, "carrier": "cookie", "keepVariables": keep});
    let reply = browser.post("/api/users", body).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    reply
}

async fn names(browser: &Browser) -> Vec<String> {
    let items = browser.get(ALL).await.json()["items"].clone();
    items.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}
