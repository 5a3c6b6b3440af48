//! A handler that panics is a fault like any other: `500`, logged, and the process lives on.

use std::any::Any;

use axum::response::{IntoResponse, Response};

use crate::error::Error;

#[expect(clippy::needless_pass_by_value, reason = "the shape that the layer takes")]
pub(super) fn answer(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    Error::fault(format!("a handler panicked: {}", text.unwrap_or("without a message"))).into_response()
}
