//! Request bodies that the handler does not read to the end.
//!
//! hyper closes the connection if a request body is dropped before its end. A client that is still sending then gets an
//! error and may not receive the response. nginx treats such an error as a failed upstream. So the server reads and
//! discards the rest of the body, up to a limit, and the connection stays open.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::timeout;

/// The maximum number of discarded bytes. If a client sends more, the connection is closed.
const MAX_BYTES: u64 = 1024 * 1024;
/// The time limit for discarding the rest of a body.
const MAX_TIME: Duration = Duration::from_secs(2);

/// A request body. When it is dropped, the unread rest moves to `unread`.
pub(super) struct RequestBody {
    incoming: Option<Incoming>,
    unread: Unread,
}

/// The unread rest of a dropped body, if there is any.
#[derive(Clone, Default)]
pub(super) struct Unread(Arc<Mutex<Option<Incoming>>>);

impl RequestBody {
    pub(super) fn new(incoming: Incoming, unread: Unread) -> Self {
        Self { incoming: Some(incoming), unread }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let polled = Pin::new(incoming).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.incoming = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let rest = self.incoming.take().filter(|incoming| !incoming.is_end_stream());
        *self.unread.0.lock().unwrap_or_else(PoisonError::into_inner) = rest;
    }
}

impl Unread {
    /// Takes the rest, if the body was dropped before its end.
    pub(super) fn take(&self) -> Option<Rest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().map(Rest)
    }
}

/// The rest of a body.
pub(super) struct Rest(Incoming);

impl Rest {
    /// Returns whether the rest is known to exceed the limit.
    pub(super) fn is_too_long(&self) -> bool {
        self.0.size_hint().lower() > MAX_BYTES
    }

    /// Reads and discards the rest. If a limit is reached, the rest is dropped, and hyper closes the connection.
    pub(super) async fn discard(mut self) {
        let read = async {
            let mut left = MAX_BYTES;
            while let Some(Ok(frame)) = self.0.frame().await {
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                let Some(rest) = left.checked_sub(length) else { return };
                left = rest;
            }
        };
        let _ = timeout(MAX_TIME, read).await;
    }
}
