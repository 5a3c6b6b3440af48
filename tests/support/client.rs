//! A person who uses the service: a token, perhaps, and the verbs.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use daypass::middleware::Service;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// Someone's way to the service.
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

    /// The token this person holds.
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

    /// A request to be dressed further before it is sent.
    pub fn request(&self, method: Method, path: &str) -> Draft {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Draft { service: self.service.clone(), request, body: Body::empty() }
    }
}

/// A request not sent yet.
pub struct Draft {
    service: Service,
    request: axum::http::request::Builder,
    body: Body,
}

impl Draft {
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

/// What came back.
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// A header that is there exactly once.
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().unwrap_or_else(|| panic!("no header {name}"));
        assert!(values.next().is_none(), "{name} is there twice");
        value.to_str().unwrap()
    }

    pub fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// The cookies it sets.
    pub fn cookies(&self) -> Vec<String> {
        let values = self.headers.get_all("set-cookie").iter();
        values.map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    /// All headers but these, in order.
    pub fn headers_but(&self, left_out: &[&str]) -> Vec<(String, String)> {
        let kept = self.headers.iter().filter(|(name, _)| !left_out.contains(&name.as_str()));
        let mut all: Vec<_> =
            kept.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        all.sort();
        all
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Status and code of a refusal, after a look at what all refusals have in common.
    pub fn refusal(&self) -> (u16, String) {
        let problem = self.json();
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], self.status());
        assert_eq!(problem["requestId"], self.header("x-request-id"));
        assert_eq!(problem["type"], format!("/docs/errors#{}", problem["code"].as_str().unwrap()));
        assert_eq!(self.has_header("www-authenticate"), self.status() == 401 || problem["code"] == "ambiguous_token");
        assert!(!problem["title"].as_str().unwrap().is_empty() && !problem["detail"].as_str().unwrap().is_empty());
        (self.status(), problem["code"].as_str().unwrap().to_owned())
    }

    /// Pointer and code of each field that was refused.
    pub fn field_errors(&self) -> Vec<(String, String)> {
        assert_eq!(self.refusal(), (422, "invalid_fields".to_owned()));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let errors = self.json()["errors"].as_array().unwrap().clone();
        errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
    }
}
