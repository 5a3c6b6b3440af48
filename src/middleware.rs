//! Layers, in the order in which a request meets them; [`around`] is the whole stack at a glance.

use std::convert::Infallible;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn;
use axum::response::Response;
use tower::ServiceBuilder;
use tower::util::BoxCloneSyncService;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::normalize_path::NormalizePathLayer;

use crate::config::Config;

mod cors;
mod panics;
mod report;
mod request_id;
mod security_headers;
mod validate_session;

pub use validate_session::validate_session;

/// The finished service: what the server runs and what tests call.
pub type Service = BoxCloneSyncService<Request, Response, Infallible>;

/// Wraps the routes in all layers but `validate_session`, which stands in the router, around the
/// protected group. CORS comes before it, so a preflight never meets authentication.
#[must_use]
pub fn around(router: Router, config: &Config) -> Service {
    let strict_transport = security_headers::strict_transport(config.daypass_env);
    let service = ServiceBuilder::new()
        .layer(NormalizePathLayer::trim_trailing_slash())
        .layer(from_fn(report::report))
        .map_response(move |response| security_headers::add(response, strict_transport))
        .layer(cors::layer(config.cors.rule(config.daypass_env)))
        .layer(CatchPanicLayer::custom(panics::answer))
        .service(router);
    BoxCloneSyncService::new(service)
}
