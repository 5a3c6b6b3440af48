//! The classroom: the routes of a Node server course and of its students' clients.
//!
//! Only paths and JSON shapes differ from the other routes. Users, sessions, items, limits, constraints and refusals
//! are the same. Only `router` depends on this module. It merges these routes if `CLASSROOM` is on. `routes` and `body`
//! list the paths and member names that clients send. Support for another path or name needs only one more word there.
//! `docs/classroom.md` documents these lists and the differences from the course.

use axum::Router;
use axum::extract::Extension;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::MethodFilter;

use crate::app::AppState;
use crate::controllers::method_not_allowed;
use crate::extract::Policy;
use crate::middleware::validate_session;
use crate::views::RepeatDetail;

mod accounts;
mod authtest;
mod body;
pub mod lesson_routes;
mod lessons;
mod listing;
mod logs;
pub mod routes;
mod test_routes;
mod views;

use lesson_routes::{LESSONS, Lesson};
use routes::{OPEN, PROTECTED, Row};

/// The members in which the course's server describes an error.
const ERROR_MEMBERS: &[&str] = &["error", "message"];

pub fn router(app: &AppState) -> Router<AppState> {
    let guard = from_fn_with_state((app.clone(), Policy::Required), validate_session);
    collect(OPEN)
        .merge(collect(PROTECTED).route_layer(guard))
        .merge(lessons(app))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(map_response(|response| repeat_detail(response, None)))
}

/// The paths of all routes, which may repeat.
pub fn paths() -> Vec<String> {
    let rows = [OPEN, PROTECTED].into_iter().chain(LESSONS.iter().map(|lesson| lesson.rows));
    rows.flatten().flat_map(Row::paths).collect()
}

fn lessons(app: &AppState) -> Router<AppState> {
    let mut all = Router::new();
    for Lesson { rows, refusal } in LESSONS {
        all = all.merge(collect(rows).layer(map_response(|response| repeat_detail(response, *refusal))));
    }
    let guard = from_fn_with_state((app.clone(), Policy::Lenient), validate_session);
    all.route_layer(guard).layer(Extension(lessons::SharedCounter::default()))
}

fn collect(rows: &[Row]) -> Router<AppState> {
    let mut router = Router::new();
    for row in rows {
        for path in row.paths() {
            router = router.route(&path, (row.handler)(filter(row.method)));
        }
    }
    router
}

fn filter(method: &str) -> MethodFilter {
    match method {
        "GET" => MethodFilter::GET,
        "POST" => MethodFilter::POST,
        "PUT" => MethodFilter::PUT,
        "DELETE" => MethodFilter::DELETE,
        _ => [MethodFilter::POST, MethodFilter::PUT, MethodFilter::PATCH, MethodFilter::DELETE, MethodFilter::OPTIONS]
            .into_iter()
            .fold(MethodFilter::GET, MethodFilter::or),
    }
}

/// Makes an error response repeat its detail in [`ERROR_MEMBERS`]. In a `401`, `refusal` replaces the repeated detail.
/// Has no effect if an inner layer has already set [`RepeatDetail`].
async fn repeat_detail(mut response: Response, refusal: Option<&'static str>) -> Response {
    response.extensions_mut().get_or_insert_with(|| RepeatDetail { names: ERROR_MEMBERS, refusal });
    response
}
