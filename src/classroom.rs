//! The classroom: the routes of a Node server course and of its students' clients, over the service's own rooms.
//!
//! Only paths and shapes differ. Users, sessions, items, limits, rules and refusals are those of the other routes, so
//! this room knows all the others; of it, only `router` knows, and merges it when `CLASSROOM` is on. What a client
//! may send is in `routes` and `body`, which are tables: a form that another client uses is a word in one of them.
//! `docs/classroom.md` has the same table for people, and says what differs from the course.

use axum::Router;
use axum::extract::Extension;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::MethodFilter;

use crate::app::App;
use crate::controllers::method_not_allowed;
use crate::middleware::{validate_leniently, validate_session};
use crate::models::page::{Listing, PageRequest, Sort};
use crate::views::RepeatDetail;

mod accounts;
mod authtest;
mod body;
pub mod lesson_routes;
mod lessons;
mod logs;
pub mod routes;
mod test_routes;
mod views;

use lesson_routes::{LESSONS, Lesson};
use routes::{OPEN, PROTECTED, Row};

/// The names under which the course's server says what went wrong.
const COURSE_NAMES: &[&str] = &["error", "message"];

/// What deleting says.
const REMOVED: &str = "you removed a log";
/// The course lists everything, however much it is.
const MOST_LISTED: u64 = 1000;

/// All routes of the classroom.
pub fn router(app: &App) -> Router<App> {
    let guard = from_fn_with_state(app.clone(), validate_session);
    collect(OPEN)
        .merge(collect(PROTECTED).route_layer(guard))
        .merge(lessons(app))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(map_response(|response| telling(response, None)))
}

fn lessons(app: &App) -> Router<App> {
    let mut all = Router::new();
    for Lesson { rows, refusal } in LESSONS {
        all = all.merge(collect(rows).layer(map_response(|response| telling(response, *refusal))));
    }
    all.route_layer(from_fn_with_state(app.clone(), validate_leniently)).layer(Extension(lessons::Shared::default()))
}

fn collect(rows: &[Row]) -> Router<App> {
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

/// All rows of a listing, or the newest of very many; newest first.
fn newest(listing: Listing) -> PageRequest {
    PageRequest { listing, limit: MOST_LISTED, sort: Sort::Newest, after: None, containing: None }
}

/// Has a refusal told under the course's names: in these words, unless others were said before, nearer to the route.
async fn telling(mut response: Response, refusal: Option<&'static str>) -> Response {
    response.extensions_mut().get_or_insert_with(|| RepeatDetail { names: COURSE_NAMES, refusal });
    response
}
