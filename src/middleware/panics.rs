//! Converts a panic in a handler into a `500` response. The panic is logged, and the process continues.

use std::any::Any;

use axum::response::{IntoResponse, Response};

use crate::error::Error;

#[expect(clippy::needless_pass_by_value, reason = "the signature that `unwrap_or_else` takes")]
pub(super) fn respond(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    Error::fault(format!("a handler panicked: {}", text.unwrap_or("without a message"))).into_response()
}
