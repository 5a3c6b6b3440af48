//! The span of a request, with the attributes of the semantic conventions for HTTP servers.

use std::sync::OnceLock;

use axum::http::Version;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{Span as _, SpanKind, Status, Tracer as _};
use opentelemetry::{Array, Context, KeyValue, StringValue, Value};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, Span};

use super::{Outcome, RequestHead};

/// The methods that are an attribute. All others are `_OTHER`.
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// Creates the spans of this process. Empty if no collector is set.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// Starts to record spans with this tracer, unless there already is one.
pub(super) fn record(tracer: SdkTracer) {
    let _ = TRACER.set(tracer);
}

/// The span of a request. If it is dropped before the response, the span ends without a status.
pub struct RequestSpan(Option<Box<Span>>);

impl RequestSpan {
    /// Starts a span. Its parent is the span in the header `traceparent`.
    pub fn start<'a>(head: impl FnOnce() -> RequestHead<'a>) -> Self {
        Self(TRACER.get().map(|tracer| Box::new(start(tracer, head()))))
    }

    #[must_use]
    pub fn trace_id(&self) -> Option<String> {
        self.0.as_ref().map(|span| span.span_context().trace_id().to_string())
    }

    pub fn finish(self, outcome: &Outcome<'_>) {
        let Some(mut span) = self.0 else { return };
        let status = outcome.status.as_u16();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        let request_id = Array::String(vec![StringValue::from(outcome.request_id.to_owned())]);
        span.set_attribute(KeyValue::new("http.response.header.x-request-id", Value::Array(request_id)));
        if let Some(code) = outcome.error_code {
            span.set_attribute(KeyValue::new("daypass.error.code", code));
        }
        if outcome.status.is_server_error() {
            let cause = outcome.error_code.map_or_else(|| status.to_string(), str::to_owned);
            span.set_attribute(KeyValue::new("error.type", cause));
            // The attribute already says why.
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

fn start(tracer: &SdkTracer, head: RequestHead<'_>) -> Span {
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(head.headers));
    let known = METHODS.iter().copied().find(|method| *method == head.method);
    let method = known.unwrap_or("HTTP");
    let name = head.route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}"));
    let mut attributes = vec![
        KeyValue::new("http.request.method", known.unwrap_or("_OTHER")),
        KeyValue::new("url.path", head.path.into_owned()),
        KeyValue::new("url.scheme", head.scheme),
    ];
    attributes.extend(known.is_none().then(|| KeyValue::new("http.request.method_original", head.method.into_owned())));
    attributes.extend(head.route.map(|route| KeyValue::new("http.route", route.to_owned())));
    attributes.extend(protocol_version(head.version).map(|text| KeyValue::new("network.protocol.version", text)));
    let span = tracer.span_builder(name).with_kind(SpanKind::Server).with_attributes(attributes);
    span.start_with_context(tracer, &parent)
}

fn protocol_version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        _ => None,
    }
}
