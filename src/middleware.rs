//! The way of every request through the layers, from the outside in: `Stack::answer` is all of it.
//!
//! Written as one function instead of a pile of boxed layers: it reads in the order in which it happens,
//! and takes a tenth off the shortest request. `validate_session` stands in the router,
//! around the protected group.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::http::header::ORIGIN;
use axum::response::Response;
use futures_util::FutureExt as _;
use ipnet::IpNet;
use tower::{Layer as _, ServiceExt as _};
use tower_http::cors::Cors;
use tower_http::normalize_path::NormalizePath;

use crate::config::Config;
use crate::extract::address;

mod cors;
mod panics;
mod report;
mod request_id;
mod security_headers;
mod validate_session;

pub use validate_session::{validate_any_session, validate_leaving_session, validate_leniently, validate_session};

type Routes = NormalizePath<Router>;

/// The finished service: what the server runs and what tests call; clones share it.
#[derive(Clone)]
pub struct Service(Arc<Stack>);

struct Stack {
    routes: Routes,
    /// The same routes behind CORS.
    shared_routes: Cors<Routes>,
    strict_transport: bool,
    trusted_proxies: Vec<IpNet>,
}

/// Wraps the routes in all layers but `validate_session`.
#[must_use]
pub fn around(router: Router, config: &Config) -> Service {
    let routes = NormalizePath::trim_trailing_slash(router);
    let shared_routes = cors::layer(config.cors.rule(config.daypass_env)).layer(routes.clone());
    let strict_transport = security_headers::strict_transport(config.daypass_env);
    let trusted_proxies = config.limits.trusted_proxies.clone();
    Service(Arc::new(Stack { routes, shared_routes, strict_transport, trusted_proxies }))
}

impl Stack {
    async fn answer(&self, request: Request) -> Response {
        let address = address(request.headers(), request.extensions(), &self.trusted_proxies);
        report::report(request, address, async |request| {
            let answered = AssertUnwindSafe(self.routed(request)).catch_unwind().await;
            let response = answered.unwrap_or_else(panics::answer);
            security_headers::add(response, self.strict_transport)
        })
        .await
    }

    /// Only browsers send `Origin`, and CORS speaks to them alone. It comes before authentication, so a
    /// preflight never meets it.
    async fn routed(&self, request: Request) -> Response {
        let answered = if request.headers().contains_key(ORIGIN) {
            self.shared_routes.clone().oneshot(request).await
        } else {
            self.routes.clone().oneshot(request).await
        };
        answered.unwrap_or_else(|never| match never {})
    }
}

impl Service {
    /// Answers a request.
    pub async fn answer(&self, request: Request) -> Response {
        self.0.answer(request).await
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
