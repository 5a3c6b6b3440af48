//! The edge: every request gets an id and a log line, every error its cause logged and its body.
//!
//! Reads are logged at `debug`, refusals at `info`, our own faults at `error` with their cause. What
//! changes something runs inside a span, so that the events of a sign-up carry the request's id and the
//! client's address; a read has no events and is spared the span.

use std::error::Error as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tracing::{Instrument, debug, error, info, info_span};

use super::request_id;
use crate::error::Error;
use crate::views::Problem;

const TARGET: &str = "daypass::request";

pub(super) async fn report(request: Request, client: IpAddr, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    let id = request_id::of(request.headers());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let started = Instant::now();
    let mut response = if method.is_safe() {
        next(request).await
    } else {
        let span = info_span!("request", request.id = id.to_str().unwrap_or_default(), %client);
        next(request).instrument(span).await
    };
    let error = response.extensions_mut().remove::<Arc<Error>>();
    log((&id, client), (&method, &uri), &response, error.as_deref(), started);
    if let Some(error) = error {
        response = with_body(response, &error, &id);
    }
    if response.status() == StatusCode::NO_CONTENT {
        // The router writes one for HEAD; where there can be no content it must not (RFC 9110 §8.6).
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    response.headers_mut().insert(request_id::HEADER, id);
    response
}

/// Never the query string: it can hold what was meant for a body.
fn log(
    (id, client): (&HeaderValue, IpAddr),
    (method, uri): (&Method, &Uri),
    response: &Response,
    error: Option<&Error>,
    started: Instant,
) {
    let id = id.to_str().unwrap_or_default();
    let (status, path) = (response.status().as_u16(), uri.path());
    let elapsed_ms = started.elapsed().as_secs_f64() * 1000.0;
    match error {
        // Expected under load; a line of an error for each would be part of the load.
        Some(Error::Busy) => {
            debug!(target: TARGET, method = %method, path, request.id = id, %client, status, elapsed_ms, code = "busy", "turned away");
        }
        Some(fault) if status >= 500 => {
            let cause = causes(fault);
            error!(target: TARGET, method = %method, path, request.id = id, %client, status, elapsed_ms, code = fault.code(), cause, "failed");
        }
        Some(refusal) => {
            info!(target: TARGET, method = %method, path, request.id = id, %client, status, elapsed_ms, code = refusal.code(), "refused");
        }
        None => {
            debug!(target: TARGET, method = %method, path, request.id = id, %client, status, elapsed_ms, "answered");
        }
    }
}

/// The chain of causes in one line.
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
    let problem = Json(Problem::of(error, id.to_str().unwrap_or_default(), repeated));
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    Response::from_parts(parts, problem.into_response().into_body())
}
