//! Traces: one span per request, sent to an OpenTelemetry collector.
//!
//! Without the feature `otel`, there are no spans, and the functions of this module do nothing.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, Version};

#[cfg(feature = "otel")]
mod collector;
#[cfg(not(feature = "otel"))]
mod disabled;
#[cfg(feature = "otel")]
mod sender;
#[cfg(feature = "otel")]
mod span;

#[cfg(not(feature = "otel"))]
pub use disabled::{RequestSpan, Traces};
#[cfg(feature = "otel")]
pub use sender::Traces;
#[cfg(feature = "otel")]
pub use span::RequestSpan;

/// How spans are sent. The SDK reads the URL of the collector and all other settings from the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    pub encoding: Encoding,
    /// The time limit for a request to the collector.
    pub timeout: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Protobuf,
    Json,
}

/// What a span contains about a request. Texts from the client are already truncated.
pub struct RequestHead<'a> {
    pub method: Cow<'a, str>,
    /// The path of the route.
    pub route: Option<&'a str>,
    pub path: Cow<'a, str>,
    /// The scheme that the client used.
    pub scheme: &'static str,
    pub version: Version,
    /// Contains the context of the client's trace. No header becomes an attribute.
    pub headers: &'a HeaderMap,
}

/// What a span contains about a response.
pub struct Outcome<'a> {
    pub status: StatusCode,
    pub request_id: &'a str,
    pub error_code: Option<&'static str>,
}
