//! One request and its response on a connection.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{CONNECTION, EXPECT, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Request, StatusCode, Version};
use axum::response::Response;
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Incoming};
use tokio::sync::watch;

use super::activity::Activity;
use super::host;
use super::request_body::{RequestBody, Unread};
use crate::error::Error;
use crate::extract::Peer;
use crate::middleware::Service;
use crate::platform::draining::Draining;

/// The maximum number of header fields in HTTP/2, where a field can take a single byte on the wire. hyper has the same
/// limit for HTTP/1.1.
const MAX_FIELDS: usize = 100;
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// The state that all requests of a connection share.
pub(super) struct Exchange {
    pub(super) service: Service,
    pub(super) peer: Peer,
    pub(super) activity: Arc<Activity>,
    /// The value of the `Keep-Alive` header.
    pub(super) keep_alive: HeaderValue,
    /// While the service drains, each response asks the client to close the connection. So the client does not send
    /// another request while the connection is closed.
    pub(super) draining: Draining,
    /// A channel that is closed when the server stops.
    pub(super) stopping: watch::Receiver<()>,
}

impl Exchange {
    // Not `async`, because the future of an async function contains its arguments twice.
    pub(super) fn answer(
        self: Arc<Self>,
        mut request: Request<Incoming>,
    ) -> impl Future<Output = Response<impl HttpBody<Data = Bytes, Error = axum::Error>>> {
        let handling = self.activity.handling();
        request.extensions_mut().insert(self.peer);
        let keep_alive = request.version() == Version::HTTP_11 && !asks_to_close(request.headers());
        async move {
            let mut response = if request.version() == Version::HTTP_2 || request.body().is_end_stream() {
                self.respond(request.map(Body::new)).await
            } else {
                Box::pin(self.respond_and_discard(request)).await
            };
            // For other HTTP versions, hyper follows the rules of the protocol.
            if keep_alive && (self.draining.has_started() || self.stopping.has_changed().is_err()) {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            } else if keep_alive && !response.headers().contains_key(CONNECTION) {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("keep-alive"));
                response.headers_mut().insert(KEEP_ALIVE, self.keep_alive.clone());
            }
            let sending = self.activity.sending();
            drop(handling);
            // The closure owns the guard, so the connection does not count as idle until the body is dropped.
            response.map(|body| {
                body.map_err(move |error| {
                    let _sending = &sending;
                    error
                })
            })
        }
    }

    #[expect(clippy::manual_async_fn, reason = "the future of an async function contains its arguments twice")]
    fn respond(&self, request: Request<Body>) -> impl Future<Output = Response> {
        async {
            if request.headers().len() > MAX_FIELDS {
                self.service.reject(request, Error::TooManyFields).await
            } else if !host::is_valid(request.version(), request.uri(), request.headers()) {
                self.service.reject(request, Error::BadHost).await
            } else {
                self.service.answer(request).await
            }
        }
    }

    /// Handles a request with a body. The part of the body that the handler does not read is discarded while the
    /// response is sent.
    async fn respond_and_discard(&self, request: Request<Incoming>) -> Response {
        let unread = Unread::default();
        // With `Expect`, the client may never send the body. The next bytes could then be the body or a new request.
        let expects_continue = request.headers().contains_key(EXPECT);
        let request = request.map(|incoming| Body::new(RequestBody::new(incoming, unread.clone())));
        let mut response = self.respond(request).await;
        if let Some(rest) = unread.take() {
            if expects_continue || rest.is_too_long() || response.status() == StatusCode::REQUEST_TIMEOUT {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            tokio::spawn(rest.discard());
        }
        response
    }
}

fn asks_to_close(headers: &HeaderMap) -> bool {
    let options = headers.get_all(CONNECTION).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    options.into_iter().any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
}
