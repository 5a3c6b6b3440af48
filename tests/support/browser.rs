//! A browser: keeps cookies as the standard says, and tells from whose page a request comes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::http::Method;
use serde_json::Value;

use super::client::Draft;
use super::{Client, Reply};

/// Somebody's browser, with a page of the service open.
pub struct Browser {
    client: Client,
    jar: Mutex<BTreeMap<String, String>>,
    over_tls: bool,
}

impl Browser {
    pub fn new(client: &Client) -> Self {
        Self { client: client.clone(), jar: Mutex::default(), over_tls: true }
    }

    /// One that reaches the service without TLS, and not on this machine: it neither keeps nor sends what is `Secure`.
    pub fn without_tls(client: &Client) -> Self {
        Self { over_tls: false, ..Self::new(client) }
    }

    /// Another browser with the same cookies, as a thief would have them.
    pub fn copy(&self) -> Self {
        let jar = self.jar().clone();
        Self { client: self.client.clone(), jar: Mutex::new(jar), over_tls: self.over_tls }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, "same-origin").await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body), "same-origin").await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body), "same-origin").await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None, "same-origin").await
    }

    /// Sends a request from a page that says of itself `site`, and keeps the cookies of the answer.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>, site: &str) -> Reply {
        let headers: Vec<_> = if site.is_empty() { vec![] } else { vec![("sec-fetch-site", site)] };
        self.send_with(method, path, body, &headers).await
    }

    /// Sends a request with these headers and the cookies, and keeps the cookies of the answer.
    pub async fn send_with(&self, method: Method, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Reply {
        let draft = self.draft(method, path, headers);
        let draft = match body {
            Some(body) => draft.json(&body),
            None => draft,
        };
        self.sent(draft).await
    }

    /// Sends a body in exactly these words.
    pub async fn send_text(&self, method: Method, path: &str, body: &str, headers: &[(&str, &str)]) -> Reply {
        self.sent(self.draft(method, path, headers).body(body.to_owned())).await
    }

    fn draft(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Draft {
        let mut draft = self.client.request(method, path);
        for (name, value) in headers {
            draft = draft.header(name, value);
        }
        match self.cookies() {
            Some(cookies) => draft.header("cookie", cookies),
            None => draft,
        }
    }

    async fn sent(&self, draft: Draft) -> Reply {
        let reply = draft.send().await;
        self.keep(&reply);
        reply
    }

    /// The `Cookie` header it sends.
    pub fn cookies(&self) -> Option<String> {
        let pairs: Vec<_> = self.jar().iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar().get(name).cloned()
    }

    /// Plants a cookie.
    pub fn plant(&self, name: &str, value: &str) {
        self.jar().insert(name.to_owned(), value.to_owned());
    }

    fn keep(&self, reply: &Reply) {
        for cookie in reply.cookies() {
            let mut parts = cookie.split("; ");
            let (name, value) = parts.next().unwrap().split_once('=').unwrap();
            let attributes: Vec<_> = parts.collect();
            if attributes.contains(&"Secure") && !self.over_tls {
                continue;
            }
            if attributes.contains(&"Max-Age=0") {
                self.jar().remove(name);
            } else {
                self.plant(name, value);
            }
        }
    }

    fn jar(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
