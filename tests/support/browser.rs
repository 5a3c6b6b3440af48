//! A browser: stores and sends cookies, and sends `Sec-Fetch-Site`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::http::Method;
use serde_json::Value;

use super::client::RequestBuilder;
use super::{Client, Reply};

/// A browser with a page of the service open.
pub struct Browser {
    client: Client,
    jar: Mutex<BTreeMap<String, String>>,
    over_tls: bool,
}

impl Browser {
    pub fn new(client: &Client) -> Self {
        Self { client: client.clone(), jar: Mutex::default(), over_tls: true }
    }

    /// A browser without TLS that is not on the server's machine: it ignores `Secure` cookies.
    pub fn without_tls(client: &Client) -> Self {
        Self { over_tls: false, ..Self::new(client) }
    }

    /// Another browser with the same cookies, as an attacker who stole them would have.
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

    /// Sends a request with this `Sec-Fetch-Site`, if it is not empty, and stores the cookies of the response.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>, site: &str) -> Reply {
        let headers: Vec<_> = if site.is_empty() { vec![] } else { vec![("sec-fetch-site", site)] };
        self.send_with(method, path, body, &headers).await
    }

    /// Sends a request with these headers and the cookies, and stores the cookies of the response.
    pub async fn send_with(&self, method: Method, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Reply {
        let request = self.builder(method, path, headers);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        self.send_request(request).await
    }

    /// Sends exactly this text as the body.
    pub async fn send_text(&self, method: Method, path: &str, body: &str, headers: &[(&str, &str)]) -> Reply {
        self.send_request(self.builder(method, path, headers).body(body.to_owned())).await
    }

    fn builder(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> RequestBuilder {
        let mut request = self.client.request(method, path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        match self.cookies() {
            Some(cookies) => request.header("cookie", cookies),
            None => request,
        }
    }

    async fn send_request(&self, request: RequestBuilder) -> Reply {
        let reply = request.send().await;
        self.store_cookies(&reply);
        reply
    }

    /// The `Cookie` header that the browser sends.
    pub fn cookies(&self) -> Option<String> {
        let pairs: Vec<_> = self.jar().iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The value of a stored cookie.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar().get(name).cloned()
    }

    /// Stores a cookie that the server did not set.
    pub fn plant(&self, name: &str, value: &str) {
        self.jar().insert(name.to_owned(), value.to_owned());
    }

    fn store_cookies(&self, reply: &Reply) {
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
