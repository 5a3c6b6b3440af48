//! The request log and the span of a request. This module also adds the request id to responses, and writes the bodies of error responses.
//!
//! Successful requests are logged at `debug`, rejected requests at `info`, and internal errors at `error`, with their
//! cause. A budget limits the rate of `info` and `error` lines, because clients can cause them. `telemetry` logs how
//! many lines were left out.
//!
//! Requests with an unsafe method run in a span, so that their log lines have the request id and the client's
//! address. Requests with a safe method need no span, because they rarely cause log lines.

use std::borrow::Cow;
use std::error::Error as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use metrics::counter;
use tracing::{Instrument, Level, debug, enabled, error, info, info_span};

use super::http_metrics::HttpMetrics;
use super::request_id;
use crate::error::Error;
use crate::headers::REQUEST_ID;
use crate::platform::telemetry;
use crate::platform::telemetry::{LogBudget, Outcome, RequestHead, RequestSpan};
use crate::transport::origin;
use crate::views::problem::AsPage;
use crate::views::{Problem, problem_page};

const TARGET: &str = "daypass::request";
/// The maximum number of characters of a path or a method in the log.
const MAX_CHARACTERS: usize = 200;

pub(super) fn log(
    metrics: &HttpMetrics,
    mut request: Request,
    client: IpAddr,
    next: impl AsyncFnOnce(Request) -> Response,
) -> impl Future<Output = Response> {
    let id = request_id::of(request.headers());
    // Events have the id, too.
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let started = Instant::now();
    let span = RequestSpan::start(|| RequestHead {
        method: truncate(method.as_str()),
        route: metrics.route(uri.path()),
        path: truncate(uri.path()),
        scheme: origin::scheme(request.headers()),
        version: request.version(),
        headers: request.headers(),
    });
    let trace_id = span.trace_id();
    async move {
        let mut response = if method.is_safe() {
            next(request).await
        } else {
            let id = id.to_str().unwrap_or_default();
            let span = info_span!("request", request.id = id, %client, trace_id = trace_id.as_deref());
            next(request).instrument(span).await
        };
        let elapsed = started.elapsed();
        metrics.record(&method, uri.path(), response.status(), elapsed);
        let error = response.extensions_mut().remove::<Arc<Error>>();
        span.finish(&Outcome {
            status: response.status(),
            request_id: id.to_str().unwrap_or_default(),
            error_code: error.as_ref().map(|error| error.code()),
        });
        if error.is_some() || enabled!(target: TARGET, Level::DEBUG) {
            let line = Line {
                id: id.to_str().unwrap_or_default(),
                client,
                method: truncate(method.as_str()),
                path: truncate(uri.path()),
                status: response.status().as_u16(),
                elapsed_ms: elapsed.as_micros() as f64 / 1000.0,
                trace_id: trace_id.as_deref(),
            };
            write_line(&line, error.as_deref());
        }
        if let Some(error) = error {
            response = with_body(response, &error, &id);
        }
        if method == Method::HEAD && response.status() == StatusCode::NO_CONTENT {
            // The router adds `Content-Length` to responses to `HEAD`, but a 204 must not have it (RFC 9110 §8.6).
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        response.headers_mut().insert(REQUEST_ID, id);
        response
    }
}

/// The fields of a log line. The query string is never logged, because some clients send secrets in it.
struct Line<'a> {
    id: &'a str,
    client: IpAddr,
    method: Cow<'a, str>,
    path: Cow<'a, str>,
    status: u16,
    elapsed_ms: f64,
    trace_id: Option<&'a str>,
}

macro_rules! log {
    ($level:ident, $line:expr, $($more:tt)*) => {
        $level!(target: TARGET, method = &*$line.method, path = &*$line.path, request.id = $line.id,
            client = %$line.client, status = $line.status, elapsed_ms = $line.elapsed_ms,
            trace_id = $line.trace_id, $($more)*)
    };
}

/// Logs a request. The rate of lines about rejected and failed requests is limited, unless the level is `debug`.
fn write_line(line: &Line<'_>, error: Option<&Error>) {
    match error {
        // This error is expected under load. An `error` line for each such request would add to the load.
        Some(busy @ Error::Busy) => log!(debug, line, code = busy.code(), "rejected: busy"),
        None | Some(Error::Stopping) => log!(debug, line, "served"),
        Some(fault) if line.status >= 500 && !matches!(fault, Error::MethodNotImplemented) => {
            if has_line(&telemetry::FAILED) {
                log!(error, line, code = fault.code(), cause = causes(fault), "failed");
            }
        }
        Some(error) => {
            counter!("daypass_rejected_requests_total", "code" => error.code()).increment(1);
            if has_line(&telemetry::REJECTED) {
                log!(info, line, code = error.code(), "rejected");
            }
        }
    }
}

fn has_line(budget: &LogBudget) -> bool {
    enabled!(target: TARGET, Level::DEBUG) || budget.allows_line()
}

/// Truncates text from the client to [`MAX_CHARACTERS`].
fn truncate(text: &str) -> Cow<'_, str> {
    if text.len() <= MAX_CHARACTERS {
        return Cow::Borrowed(text);
    }
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Formats the chain of causes in one line.
fn causes(error: &Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = if text.is_empty() { next.to_string() } else { format!("{text}: {next}") };
        cause = next.source();
    }
    text
}

fn with_body(response: Response, error: &Error, id: &HeaderValue) -> Response {
    let (mut parts, _) = response.into_parts();
    let repeated = parts.extensions.remove().unwrap_or_default();
    let problem = Problem::of(error, id.to_str().unwrap_or_default(), repeated);
    parts.headers.remove(CONTENT_LENGTH);
    if let Some(page) = parts.extensions.remove::<AsPage>() {
        parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        return Response::from_parts(parts, problem_page(&problem, page).into());
    }
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    Response::from_parts(parts, Json(problem).into_response().into_body())
}
