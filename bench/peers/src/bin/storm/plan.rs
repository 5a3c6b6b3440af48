//! What to send, and how: read from standard input.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::HOST;
use serde::Deserialize;

/// An open loop, a closed one, or both at once.
#[derive(Deserialize)]
pub struct Plan {
    pub address: SocketAddr,
    /// For so long the closed loop runs before anything counts and the open one begins.
    #[serde(default)]
    pub lead_seconds: f64,
    pub open: Option<Open>,
    pub closed: Option<Closed>,
}

/// Sent at its times, whether or not the answers before have come.
#[derive(Deserialize)]
pub struct Open {
    #[serde(flatten)]
    pub kind: Kind,
    pub per_second: f64,
    pub count: u32,
}

/// Sent by `concurrent` clients, each of which waits for its answer. Beside an open loop it lasts as long
/// as that one; otherwise `seconds`, or until each request was sent once.
#[derive(Deserialize)]
pub struct Closed {
    #[serde(flatten)]
    pub kind: Kind,
    pub concurrent: usize,
    pub seconds: Option<f64>,
    /// Whether a client that is told `Retry-After` waits for so long.
    #[serde(default)]
    pub patient: bool,
    /// Whether to tell of each answer, in the order of the requests.
    #[serde(default)]
    pub each: bool,
}

/// Requests that differ in some headers and in their bodies.
#[derive(Deserialize)]
pub struct Kind {
    method: String,
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default = "one")]
    pub requests: Vec<Request>,
}

#[derive(Default, Deserialize)]
pub struct Request {
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

fn one() -> Vec<Request> {
    vec![Request::default()]
}

impl Open {
    /// When the request of this number is due, from the first one on.
    pub fn due(&self, number: u32) -> Duration {
        Duration::from_secs_f64(f64::from(number) / self.per_second)
    }
}

impl Kind {
    /// The request of this number; after the last comes the first.
    pub fn request(&self, number: usize, address: SocketAddr) -> hyper::Request<Full<Bytes>> {
        let Request { headers, body } = &self.requests[number % self.requests.len()];
        let mut request = hyper::Request::builder()
            .method(self.method.as_str())
            .uri(self.path.as_str())
            .header(HOST, address.to_string());
        for (name, value) in self.headers.iter().chain(headers) {
            request = request.header(name, value);
        }
        request.body(Full::from(body.clone())).expect("a plan names what HTTP allows")
    }
}
