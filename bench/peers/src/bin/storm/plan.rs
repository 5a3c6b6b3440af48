//! The plan of a load, deserialized from JSON. `bench/servers.py` writes it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::HOST;
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Plan {
    pub address: SocketAddr,
    /// The closed loop starts this long before the open loop. Its responses in this time are not counted.
    #[serde(default)]
    pub lead_seconds: f64,
    pub open: Option<Open>,
    pub closed: Option<Closed>,
}

/// Sends `count` requests at fixed times.
#[derive(Deserialize)]
pub struct Open {
    #[serde(flatten)]
    pub template: Template,
    pub per_second: f64,
    pub count: u32,
}

/// Sends requests with a number of clients. Ends together with the open loop. Without an open loop, it ends after
/// `seconds`, or after each request was sent once.
#[derive(Deserialize)]
pub struct Closed {
    #[serde(flatten)]
    pub template: Template,
    pub clients: usize,
    pub seconds: Option<f64>,
    /// Whether a client waits as long as `Retry-After` says.
    #[serde(default)]
    pub obey_retry_after: bool,
    /// Whether the result lists all responses, in the order of the requests.
    #[serde(default)]
    pub list_responses: bool,
}

/// Requests with the same method and path. They can have different headers and bodies.
#[derive(Deserialize)]
pub struct Template {
    method: String,
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default = "one_request")]
    pub requests: Vec<Request>,
}

#[derive(Default, Deserialize)]
pub struct Request {
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

fn one_request() -> Vec<Request> {
    vec![Request::default()]
}

impl Open {
    /// Returns the planned time of a request, relative to the first one.
    pub fn due(&self, number: u32) -> Duration {
        Duration::from_secs_f64(f64::from(number) / self.per_second)
    }
}

impl Template {
    /// Returns the request with this number. The requests are used in turn.
    pub fn request(&self, number: usize, address: SocketAddr) -> hyper::Request<Full<Bytes>> {
        let Request { headers, body } = &self.requests[number % self.requests.len()];
        let mut request = hyper::Request::builder()
            .method(self.method.as_str())
            .uri(self.path.as_str())
            .header(HOST, address.to_string());
        for (name, value) in self.headers.iter().chain(headers) {
            request = request.header(name, value);
        }
        request.body(Full::from(body.clone())).expect("the plan has a valid method, path and headers")
    }
}
