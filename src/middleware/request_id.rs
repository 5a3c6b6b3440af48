//! Request ids, sent in `X-Request-Id` and written to the log.
//!
//! An id from a proxy is used unchanged, so that both logs match. Otherwise the id consists of a random prefix for this
//! process and a counter. An id must be unique, but not secret.

use std::fmt::Write as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderValue};
use rand::Rng as _;

use crate::headers::REQUEST_ID;

static PREFIX: LazyLock<String> = LazyLock::new(|| format!("{:08x}-", crate::platform::random::secure().next_u32()));
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Returns the id in the request if it has at most 64 characters, all of them plain. Otherwise returns a new id.
pub(super) fn of(headers: &HeaderMap) -> HeaderValue {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    match headers.get(REQUEST_ID) {
        Some(id) if (1..=64).contains(&id.len()) && id.as_bytes().iter().all(plain) => id.clone(),
        _ => next(),
    }
}

fn next() -> HeaderValue {
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut id = String::with_capacity(PREFIX.len() + 6);
    let written = write!(id, "{}{count:06}", *PREFIX);
    written.ok().and_then(|()| HeaderValue::try_from(id).ok()).unwrap_or(HeaderValue::from_static("-"))
}
