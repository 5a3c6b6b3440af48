//! Responses with the version of a resource in `ETag`.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::extract::{IfNoneMatch, etag};

/// A resource and its version.
pub(super) struct Versioned<T> {
    pub(super) version: i64,
    pub(super) view: T,
}

impl<T: Serialize> Versioned<T> {
    /// Responds with `304` if the client already has this version.
    pub(super) fn unless_known(self, known: &IfNoneMatch) -> Response {
        if known.has(self.version) {
            return (StatusCode::NOT_MODIFIED, [(ETAG, etag(self.version))]).into_response();
        }
        self.into_response()
    }
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        ([(ETAG, etag(self.version))], Json(self.view)).into_response()
    }
}
