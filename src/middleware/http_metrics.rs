//! Counts requests by route, method and status class, and measures their duration by route.

use std::sync::OnceLock;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{Counter, Histogram, counter, histogram};

/// The methods that have their own label. All others share one label, because clients can send any text as a method.
const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// The label of requests whose path has no route.
const NO_ROUTE: &str = "none";

/// The metrics of all routes. They are not layers around the routes, because each layer adds a boxed future to a request.
pub(super) struct HttpMetrics {
    routes: matchit::Router<RouteMetrics>,
    no_route: RouteMetrics,
}

/// The metrics of one route. They are stored, because a lookup by labels is slow, and created at the first request,
/// because most routes never receive most methods.
struct RouteMetrics {
    path: String,
    requests: [OnceLock<[Counter; CLASSES.len()]>; METHODS.len() + 1],
    duration: OnceLock<Histogram>,
}

impl HttpMetrics {
    /// `paths` are the paths of the routes, in the syntax of axum.
    pub(super) fn new(paths: &[String]) -> Self {
        let mut routes = matchit::Router::new();
        for path in paths {
            // An error means that the path is repeated. It already has its metrics.
            let _ = routes.insert(path, RouteMetrics::new(path));
        }
        Self { routes, no_route: RouteMetrics::new(NO_ROUTE) }
    }

    /// Counts a request for `path` that took `duration`.
    pub(super) fn record(&self, method: &Method, path: &str, status: StatusCode, duration: Duration) {
        self.find(path).unwrap_or(&self.no_route).record(method, status, duration);
    }

    /// Returns the path of the route of a request for `path`.
    pub(super) fn route(&self, path: &str) -> Option<&str> {
        self.find(path).map(|route| &*route.path)
    }

    fn find(&self, path: &str) -> Option<&RouteMetrics> {
        let found = self.routes.at(path).or_else(|_| self.routes.at(path.strip_suffix('/').unwrap_or(path)));
        found.ok().map(|route| route.value)
    }
}

impl RouteMetrics {
    fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            requests: [const { OnceLock::new() }; METHODS.len() + 1],
            duration: OnceLock::new(),
        }
    }

    fn record(&self, method: &Method, status: StatusCode, duration: Duration) {
        let method = METHODS.iter().position(|known| known == method).unwrap_or(METHODS.len());
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        let requests = self.requests[method].get_or_init(|| {
            let method = METHODS.get(method).map_or("other", Method::as_str).to_owned();
            CLASSES.map(|class| {
                let labels = [("route", self.path.clone()), ("method", method.clone()), ("status", class.to_owned())];
                counter!("daypass_http_requests_total", &labels)
            })
        });
        requests[class].increment(1);
        let histogram = || histogram!("daypass_http_request_duration_seconds", "route" => self.path.clone());
        self.duration.get_or_init(histogram).record(duration);
    }
}
