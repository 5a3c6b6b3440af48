//! One file a resource, one function a route. A handler that takes `Session` is protected.

pub mod account;
mod beginning;
pub mod client;
pub mod docs;
pub mod health;
pub mod items;
pub mod keys;
pub mod metrics;
pub mod session_variables;
pub mod sessions;
pub mod sign_in;
pub mod users;
pub mod verify;
pub mod workout_logs;

use axum::response::{IntoResponse, Response};

use crate::error::Error;

/// Answers for all paths that are no route.
pub async fn not_found() -> Response {
    Error::NotFound.into_response()
}

/// Answers for a route's other methods; the router adds `Allow`.
pub async fn method_not_allowed() -> Response {
    Error::MethodNotAllowed.into_response()
}
