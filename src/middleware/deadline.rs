//! The deadline of a request. Without it, a stalled database would block connections and queue slots for minutes.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use crate::error::Error;

/// The maximum time between the head of a request and its response. The time limits for the database and for password
/// hashes are shorter.
const DEADLINE: Duration = Duration::from_secs(30);

/// Returns the response of `work` or, at the deadline, drops `work` and returns `503`.
pub(super) async fn within(work: impl Future<Output = Response>) -> Response {
    let mut work = pin!(work);
    // A request without I/O is complete after one poll and needs no timer.
    match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
        Poll::Ready(response) => response,
        Poll::Pending => timeout(DEADLINE, work).await.unwrap_or_else(|_| Error::DeadlineExceeded.into_response()),
    }
}
