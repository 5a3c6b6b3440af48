//! The contents page: every route, once. The OpenAPI document is made from the same list.

use axum::middleware::from_fn_with_state;
use axum::routing::get;
use axum::{Json, Router};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::classroom;
use crate::controllers::{
    account, client, docs, health, items, keys, method_not_allowed, metrics, not_found, session_variables, sessions,
    sign_in, users, verify, workout_logs,
};
use crate::middleware::{self, Service, validate_any_session, validate_leaving_session, validate_session};
use crate::openapi;

/// Routes that anyone may call.
fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(users::sign_up))
        .routes(routes!(sign_in::sign_in))
        .routes(routes!(keys::list_keys))
        .routes(routes!(keys::list_revocations))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

/// Routes that need a session: `validate_session` stands before each of them.
fn protected() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(users::show_me, users::rename_me, account::delete_account))
        .routes(routes!(account::change_password))
        .routes(routes!(sessions::list_sessions, sessions::sign_out_everywhere))
        .routes(routes!(sessions::show_current))
        .routes(routes!(sessions::end_session))
        .routes(routes!(verify::verify))
        .routes(routes!(items::list_items, items::create_item))
        .routes(routes!(items::show_item, items::update_item, items::delete_item))
        .routes(routes!(workout_logs::list_workout_logs, workout_logs::create_workout_log))
        .routes(routes!(
            workout_logs::show_workout_log,
            workout_logs::update_workout_log,
            workout_logs::delete_workout_log
        ))
}

/// Routes for any session, an anonymous visitor's too: `validate_any_session` stands before each of them.
fn any_session() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(session_variables::list_variables, session_variables::clear_variables))
        .routes(routes!(
            session_variables::show_variable,
            session_variables::set_variable,
            session_variables::delete_variable
        ))
        .routes(routes!(session_variables::increment_variable))
}

/// Signing out: `validate_leaving_session` stands before it.
fn leaving() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sessions::sign_out))
}

/// Pages for people; they are no part of the API.
fn pages() -> Router<App> {
    Router::new()
        .route("/", get(client::page))
        .route("/client/{file}", get(client::file))
        .route("/docs", get(docs::page))
        .route("/docs/errors", get(docs::errors))
        .route("/docs/{file}", get(docs::file))
        .route("/openapi.json", get(async || Json(document())))
}

/// What `METRICS_LISTEN` serves.
#[must_use]
pub fn metrics(app: &App) -> Service {
    let router = Router::new().route("/metrics", get(metrics::metrics)).fallback(not_found);
    middleware::around(router.with_state(app.clone()), &app.config)
}

/// The whole service around `app`.
#[must_use]
pub fn build(app: &App) -> Service {
    let guard = from_fn_with_state(app.clone(), validate_session);
    let any_guard = from_fn_with_state(app.clone(), validate_any_session);
    let leaving_guard = from_fn_with_state(app.clone(), validate_leaving_session);
    let metrics = Router::new().route("/metrics", get(metrics::metrics));
    let classroom = app.config.classroom.is_open(app.config.daypass_env);
    let router = Router::from(public())
        .merge(Router::from(protected()).route_layer(guard))
        .merge(Router::from(any_session()).route_layer(any_guard))
        .merge(Router::from(leaving()).route_layer(leaving_guard))
        .merge(pages())
        .merge(if app.config.metrics_with_the_rest() { metrics } else { Router::new() })
        .merge(if classroom { classroom::router(app) } else { Router::new() })
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(app.clone());
    middleware::around(router, &app.config)
}

/// The OpenAPI document of all routes but the pages.
#[must_use]
pub fn document() -> OpenApi {
    openapi::complete(
        public().into_openapi(),
        protected().into_openapi(),
        any_session().merge(leaving()).into_openapi(),
    )
}
