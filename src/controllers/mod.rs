//! Handlers: one file per resource, one function per route. A handler that takes `Session` requires a user's session.

pub mod account;
pub mod client;
pub mod docs;
pub mod email;
pub mod health;
pub mod identities;
pub mod items;
pub mod keys;
pub mod metrics;
pub mod oidc;
pub mod password_resets;
pub mod session_variables;
pub mod sessions;
pub mod tokens;
pub mod users;
pub mod verify;
mod versioned;
pub mod workout_logs;

use axum::response::{IntoResponse, Response};

use crate::error::Error;

/// Responds to requests whose path has no route.
pub async fn not_found() -> Response {
    Error::NotFound.into_response()
}

/// Responds to requests whose method the route does not support. The router adds the `Allow` header.
pub async fn method_not_allowed() -> Response {
    Error::MethodNotAllowed.into_response()
}
