//! An HTTP client of the service, with or without a session token.

use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use daypass::middleware::Service;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// Sends requests to the service in this process.
#[derive(Clone)]
pub struct Client {
    service: Service,
    token: Option<String>,
}

impl Client {
    pub fn new(service: Service) -> Self {
        Self { service, token: None }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self { service: self.service.clone(), token: Some(token.to_owned()) }
    }

    /// The session token of this client.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.request(Method::GET, path).send().await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.request(Method::POST, path).json(&body).send().await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.request(Method::PUT, path).json(&body).send().await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.request(Method::PATCH, path).json(&body).send().await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.request(Method::DELETE, path).send().await
    }

    /// Starts a request, to which headers and a body can be added.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        RequestBuilder { service: self.service.clone(), request, body: Body::empty() }
    }
}

/// Repeats a request that is answered `503`, as clients do, for at most 20 seconds: on a busy machine parallel writes may
/// wait for too long. The rejected request changed nothing, unless its outcome is unknown.
pub async fn until_available<F: Future<Output = Reply>>(request: impl Fn() -> F) -> Reply {
    let started = Instant::now();
    loop {
        let reply = request().await;
        let rejected = reply.status() == 503 && reply.json()["code"] != "outcome_unknown";
        if !rejected || started.elapsed() > Duration::from_secs(20) {
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A request that was not sent yet.
pub struct RequestBuilder {
    service: Service,
    request: axum::http::request::Builder,
    body: Body,
}

impl RequestBuilder {
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.request = self.request.header(name, value.as_ref());
        self
    }

    pub fn json(self, body: &Value) -> Self {
        let text = body.to_string();
        self.header("content-type", "application/json").body(text)
    }

    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    pub async fn send(self) -> Reply {
        let request = self.request.body(self.body).unwrap();
        let response = self.service.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply { status: parts.status, headers: parts.headers, body }
    }
}

/// A response of the service.
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The value of a header that occurs exactly once.
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().unwrap_or_else(|| panic!("no header {name}"));
        assert!(values.next().is_none(), "{name} occurs twice");
        value.to_str().unwrap()
    }

    pub fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// The `Set-Cookie` headers.
    pub fn cookies(&self) -> Vec<String> {
        self.headers_named("set-cookie")
    }

    /// The values of all headers with this name.
    pub fn headers_named(&self, name: &str) -> Vec<String> {
        let values = self.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    /// All headers except these, sorted.
    pub fn headers_except(&self, excluded: &[&str]) -> Vec<(String, String)> {
        let included = self.headers.iter().filter(|(name, _)| !excluded.contains(&name.as_str()));
        let mut all: Vec<_> =
            included.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        all.sort();
        all
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Checks what all error responses have in common. Returns the status and the error code.
    pub fn error(&self) -> (u16, String) {
        let problem = self.json();
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], self.status());
        assert_eq!(problem["requestId"], self.header("x-request-id"));
        assert_eq!(problem["type"], format!("/docs/errors/{}", problem["code"].as_str().unwrap()));
        assert_eq!(self.has_header("www-authenticate"), self.status() == 401 || problem["code"] == "ambiguous_token");
        assert!(!problem["title"].as_str().unwrap().is_empty() && !problem["detail"].as_str().unwrap().is_empty());
        (self.status(), problem["code"].as_str().unwrap().to_owned())
    }

    /// The pointer and the code of each validation error.
    pub fn field_errors(&self) -> Vec<(String, String)> {
        assert_eq!(self.error(), (422, "invalid_fields".to_owned()));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let errors = self.json()["errors"].as_array().unwrap().clone();
        errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
    }
}
