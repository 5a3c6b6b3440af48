//! Requests that a test sends and records.

use axum::http::Method;
use serde_json::Value;

/// A request that was not sent yet.
pub(crate) struct Ask {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<String>,
}

impl Ask {
    pub(crate) fn new(method: Method, path: &str) -> Self {
        Self { method, path: path.to_owned(), headers: Vec::new(), body: None }
    }

    /// A request with a JSON object. The diagram shows its members in this order.
    pub(crate) fn with_members<V: Into<Value> + Clone>(method: Method, path: &str, members: &[(&str, V)]) -> Self {
        let member = |(name, value): &(&str, V)| {
            let value: Value = value.clone().into();
            format!("{}:{value}", Value::from(*name))
        };
        let members: Vec<_> = members.iter().map(member).collect();
        Self::new(method, path).json(&format!("{{{}}}", members.join(",")))
    }

    /// A form with one field.
    pub(crate) fn form(path: &str, name: &str, value: &str) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
        let request = Self::new(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
        Self { body: Some(body), ..request }
    }

    pub(crate) fn json(self, body: &str) -> Self {
        Self { body: Some(body.to_owned()), ..self.header("content-type", "application/json") }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}
