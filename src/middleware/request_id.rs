//! The id of a request: given back as `X-Request-Id` and written to its log line.
//!
//! A proxy's id is kept, so that both logs agree; otherwise it is a number behind a prefix of this
//! process. It only has to be unique, not secret.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use rand::Rng as _;

pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

static PREFIX: LazyLock<String> = LazyLock::new(|| format!("{:08x}-", crate::random::secure().next_u32()));
static COUNT: AtomicU64 = AtomicU64::new(0);

/// The id that came with the request, if it is short and plain, or the next of this process.
pub(super) fn of(headers: &HeaderMap) -> HeaderValue {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    match headers.get(HEADER) {
        Some(id) if (1..=64).contains(&id.len()) && id.as_bytes().iter().all(plain) => id.clone(),
        _ => next(),
    }
}

fn next() -> HeaderValue {
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    HeaderValue::try_from(format!("{}{count:06}", *PREFIX)).unwrap_or(HeaderValue::from_static("-"))
}
