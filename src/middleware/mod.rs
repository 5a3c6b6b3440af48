//! Middleware around the router. `Service::answer` runs the complete stack.
//!
//! The stack consists of plain functions instead of boxed tower layers, so the shortest request takes a tenth less
//! time. `validate_session` is a tower layer: the router adds it to each group of routes that uses sessions.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::http::Extensions;
use axum::http::header::ORIGIN;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use ipnet::IpNet;
use metrics::counter;
use tower::{Layer as _, ServiceExt as _};
use tower_http::cors::Cors;
use tracing::warn;

use crate::config::Config;
use crate::error::Error;
use crate::extract::{Peer, address};
use crate::headers::FORWARDED_FOR;
use crate::platform::telemetry;

mod cors;
mod deadline;
mod http_metrics;
mod panics;
mod path;
mod request_id;
mod request_log;
mod require_role;
mod security_headers;
mod validate_session;

use http_metrics::HttpMetrics;
pub use require_role::{RequireRole, require_role};
pub use validate_session::validate_session;

/// The maximum length of a method that is routed. No registered method has more than 17 characters.
const MAX_METHOD: usize = 32;

/// The complete HTTP service. Clones share one stack.
#[derive(Clone)]
pub struct Service(Arc<Stack>);

struct Stack {
    routes: Router,
    /// The same routes with CORS.
    cors_routes: Cors<Router>,
    metrics: HttpMetrics,
    strict_transport: bool,
    trusted_proxies: Vec<IpNet>,
    /// Whether the warning about an untrusted proxy was logged.
    has_warned: AtomicBool,
}

/// Wraps the routes in all middleware except `validate_session`. `paths` are the paths of the routes, for the metrics.
#[must_use]
pub fn around(routes: Router, paths: &[String], config: &Config) -> Service {
    // Installs the metrics recorder before the first request, because the request counters are stored on first use.
    telemetry::metrics();
    let cors_routes = cors::layer(config.cors.allowed_origins(config.daypass_env)).layer(routes.clone());
    Service(Arc::new(Stack {
        routes,
        cors_routes,
        metrics: HttpMetrics::new(paths),
        strict_transport: security_headers::strict_transport(config.daypass_env),
        trusted_proxies: config.limits.trusted_proxies.clone(),
        has_warned: AtomicBool::new(false),
    }))
}

impl Service {
    // These functions are not `async`. The future of an async function contains its arguments twice, and the futures of
    // all functions that it awaits. The future of each request is copied several times on the way to hyper.

    pub fn answer(&self, request: Request) -> impl Future<Output = Response> {
        self.log(request, async |request| {
            let response = deadline::within(Box::pin(self.route(request)));
            AssertUnwindSafe(response).catch_unwind().await.unwrap_or_else(panics::respond)
        })
    }

    /// Responds to a request that the server rejects before it is routed.
    pub fn reject(&self, request: Request, error: Error) -> impl Future<Output = Response> {
        self.log(request, async |_| error.into_response())
    }

    fn log(&self, request: Request, respond: impl AsyncFnOnce(Request) -> Response) -> impl Future<Output = Response> {
        let address = address(request.headers(), request.extensions(), &self.0.trusted_proxies);
        if request.headers().contains_key(FORWARDED_FOR) {
            self.note_untrusted_proxy(request.extensions());
        }
        request_log::log(&self.0.metrics, request, address, async |request| {
            security_headers::add(respond(request).await, self.0.strict_transport)
        })
    }

    /// Counts the request if the other end of the connection looks like a proxy, but is not a trusted one. Warns once.
    fn note_untrusted_proxy(&self, extensions: &Extensions) {
        let Some(peer) = extensions.get().map(|Peer(address)| address.to_canonical()) else { return };
        if self.0.trusted_proxies.iter().any(|network| network.contains(&peer)) {
            return;
        }
        counter!("daypass_untrusted_proxy_requests_total").increment(1);
        if !self.0.has_warned.swap(true, Ordering::Relaxed) {
            warn!(
                %peer,
                "a request has X-Forwarded-For, but its sender is not in TRUSTED_PROXIES, so all clients behind it share \
                 one rate limit; if it is your proxy, set TRUSTED_PROXIES={peer}"
            );
        }
    }

    /// Routes a request. The CORS layer handles only requests with `Origin`, which browsers send. It runs before
    /// authentication, because a preflight has no token.
    #[expect(clippy::manual_async_fn, reason = "the future of an async function contains its arguments twice")]
    fn route(&self, mut request: Request) -> impl Future<Output = Response> {
        async move {
            if request.method().as_str().len() > MAX_METHOD {
                return Error::MethodNotImplemented.into_response();
            }
            path::trim_trailing_slash(request.uri_mut());
            let response = if request.headers().contains_key(ORIGIN) && !cors::is_asked_by_proxy(&request) {
                self.0.cors_routes.clone().oneshot(request).await
            } else {
                self.0.routes.clone().oneshot(request).await.map(|mut response| {
                    cors::vary(response.headers_mut());
                    response
                })
            };
            response.unwrap_or_else(|never| match never {})
        }
    }
}

impl tower::Service<Request> for Service {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.answer(request).await) })
    }
}
