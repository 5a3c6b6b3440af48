//! The route table: every route of the server. The OpenAPI document is generated from this table.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, any, get, options};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;
use crate::classroom;
use crate::controllers::{
    account, client, docs, email, health, identities, items, keys, method_not_allowed, metrics, not_found, oidc,
    password_resets, session_variables, sessions, tokens, users, verify, workout_logs,
};
use crate::extract::Policy;
use crate::middleware;
use crate::middleware::{Service, validate_session};
use crate::openapi;

/// Returns the routes without authentication.
fn public() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(users::show_sign_up_policy))
        .routes(routes!(users::sign_up))
        .routes(routes!(sessions::sign_in))
        .routes(routes!(email::verify_email))
        .routes(routes!(password_resets::request_password_reset, password_resets::reset_password))
        .routes(routes!(oidc::start, oidc::prepare_sign_up))
        .routes(routes!(oidc::exchange))
        .routes(routes!(oidc::backchannel_logout))
        .routes(routes!(tokens::explain_token))
        .routes(routes!(keys::list_keys))
        .routes(routes!(keys::list_revocations))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

/// Returns the routes that need a user's session ([`Policy::Required`]).
fn authenticated() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(account::show_me, account::rename_me, account::delete_account))
        .routes(routes!(account::change_password))
        .routes(routes!(account::export_me))
        .routes(routes!(account::list_events))
        .routes(routes!(email::change_email, email::remove_email))
        .routes(routes!(identities::list_identities))
        .routes(routes!(identities::add_identity, identities::remove_identity))
        .routes(routes!(sessions::list_sessions, sessions::sign_out_everywhere))
        .routes(routes!(sessions::show_current))
        .routes(routes!(sessions::end_session))
        .routes(routes!(items::list_items, items::create_item))
        .routes(routes!(items::show_item, items::update_item, items::delete_item))
        .routes(routes!(workout_logs::list_workout_logs, workout_logs::create_workout_log))
        .routes(routes!(
            workout_logs::show_workout_log,
            workout_logs::update_workout_log,
            workout_logs::delete_workout_log
        ))
}

/// Returns the route that also accepts an expired token ([`Policy::Renewal`]).
fn renewal() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(sessions::renew))
}

/// Returns the routes that accept a user's session, an anonymous session or no session ([`Policy::AnySession`]).
fn any_session() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(session_variables::list_variables, session_variables::clear_variables))
        .routes(routes!(
            session_variables::show_variable,
            session_variables::set_variable,
            session_variables::delete_variable
        ))
        .routes(routes!(session_variables::increment_variable))
}

/// Returns the documented route for forward authentication ([`Policy::ForwardAuth`]).
fn forward_auth() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(verify::verify))
}

/// Returns the route to which a provider sends the browser ([`Policy::Return`]).
fn provider_return() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(oidc::callback))
}

/// Returns the route for sign-out ([`Policy::SignOut`]).
fn sign_out() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(sessions::sign_out))
}

/// Returns the routes of the HTML pages and their files. They are not part of the API. The pages of errors are always
/// served, because every problem document links to one of them.
fn pages(enabled: bool) -> Routes {
    let errors = Routes::default()
        .route("/docs/errors", get(docs::errors))
        .route("/docs/errors/{code}", get(docs::error))
        .route("/client/{file}", get(client::file));
    if !enabled {
        // Without this route, `GET /` would be a 405 instead of a 404, because `OPTIONS /` always exists.
        return errors.route("/", get(not_found));
    }
    errors
        .route("/", get(client::page))
        .route("/client/qr.svg", get(client::qr_code))
        .route("/docs", get(docs::page))
        .route("/docs/flows", get(docs::flows))
        .route("/docs/flows/{name}", get(docs::flow))
        .route("/openapi.json", get(openapi_document))
}

/// Returns the health probes under the paths that load balancers and Kubernetes use. They are not in the OpenAPI
/// document.
fn probes() -> Routes {
    Routes::default()
        .route("/", options(health::options))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/health", get(health::ready))
        .route("/healthz", get(health::ready))
}

/// Returns the forward authentication routes for proxies that use the method of the original request (Traefik, if
/// configured), or its method and path (Envoy). These routes are not in the OpenAPI document.
fn forward_auth_by_any_method() -> Routes {
    Routes::default()
        .route("/api/verify", any(verify::verify))
        .route("/api/verify/", any(verify::verify_original))
        .route("/api/verify/{*rest}", any(verify::verify_original))
}

/// The serialised OpenAPI document. All responses share its bytes, so slow clients need no additional memory.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    let json = serde_json::to_vec(&document()).expect("all map keys are strings");
    json.into()
});

async fn openapi_document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.clone())
}

/// Returns the service for the address in `METRICS_LISTEN`.
#[must_use]
pub fn metrics(app: &AppState) -> Service {
    let Routes { router, paths } = Routes::default().route("/metrics", get(metrics::metrics));
    middleware::around(router.fallback(not_found).with_state(app.clone()), &paths, &app.config)
}

/// Returns the complete service of the API.
#[must_use]
pub fn build(app: &AppState) -> Service {
    let validate = |policy| from_fn_with_state((app.clone(), policy), validate_session);
    let metrics = Routes::default().route("/metrics", get(metrics::metrics));
    let classroom = app.config.classroom.is_enabled(app.config.daypass_env);
    let Routes { router, paths } = Routes::from(public())
        .merge(Routes::from(authenticated()).map(|router| router.route_layer(validate(Policy::Required))))
        .merge(Routes::from(renewal()).map(|router| router.route_layer(validate(Policy::Renewal))))
        .merge(Routes::from(provider_return()).map(|router| router.route_layer(validate(Policy::Return))))
        .merge(Routes::from(any_session()).map(|router| router.route_layer(validate(Policy::AnySession))))
        .merge(Routes::from(forward_auth()).map(|router| router.route_layer(validate(Policy::ForwardAuth))))
        // Here `layer` is needed, because `route_layer` does not apply to `any`.
        .merge(forward_auth_by_any_method().map(|router| router.layer(validate(Policy::ForwardAuth))))
        .merge(Routes::from(sign_out()).map(|router| router.route_layer(validate(Policy::SignOut))))
        .merge(pages(app.config.serves_pages()))
        .merge(probes())
        .merge(if app.config.serves_metrics_with_api() { metrics } else { Routes::default() })
        .merge(if classroom {
            Routes { router: classroom::router(app), paths: classroom::paths() }
        } else {
            Routes::default()
        });
    let router = router.fallback(not_found).method_not_allowed_fallback(method_not_allowed);
    middleware::around(router.with_state(app.clone()), &paths, &app.config)
}

/// A router with the paths of its routes, for the metrics.
#[derive(Default)]
struct Routes {
    router: Router<AppState>,
    paths: Vec<String>,
}

impl From<OpenApiRouter<AppState>> for Routes {
    fn from(routes: OpenApiRouter<AppState>) -> Self {
        let (router, document) = routes.split_for_parts();
        Self { router, paths: document.paths.paths.into_keys().collect() }
    }
}

impl Routes {
    fn route(mut self, path: &str, handler: MethodRouter<AppState>) -> Self {
        self.paths.push(path.to_owned());
        self.map(|router| router.route(path, handler))
    }

    fn merge(mut self, other: Self) -> Self {
        self.paths.extend(other.paths);
        self.map(|router| router.merge(other.router))
    }

    fn map(self, change: impl FnOnce(Router<AppState>) -> Router<AppState>) -> Self {
        Self { router: change(self.router), paths: self.paths }
    }
}

/// Returns the OpenAPI document of the API, without the pages.
#[must_use]
pub fn document() -> OpenApi {
    openapi::complete(
        public().merge(provider_return()).into_openapi(),
        authenticated().merge(renewal()).merge(forward_auth()).into_openapi(),
        any_session().merge(sign_out()).into_openapi(),
    )
}
