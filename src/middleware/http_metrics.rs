//! Counts requests by method and status class.

use std::sync::OnceLock;

use axum::http::{Method, StatusCode};
use metrics::{Counter, counter};

/// The methods that have their own label. All others share one label, because clients can send any text as a method.
const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The counters of each of [`METHODS`], and of all other methods together. They are stored, because a lookup by labels
/// is slow.
static COUNTERS: [OnceLock<[Counter; CLASSES.len()]>; METHODS.len() + 1] =
    [const { OnceLock::new() }; METHODS.len() + 1];

pub(super) fn count(method: &Method, status: StatusCode) {
    let method = METHODS.iter().position(|known| known == method).unwrap_or(METHODS.len());
    let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
    let counters = COUNTERS[method].get_or_init(|| {
        let method = METHODS.get(method).map_or("other", Method::as_str).to_owned();
        CLASSES.map(|class| counter!("daypass_http_requests_total", "method" => method.clone(), "status" => class))
    });
    counters[class].increment(1);
}
