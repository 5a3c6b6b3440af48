//! Route table of the classroom: every method and path that clients of the course use.

use axum::Json;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::test_routes::store_and_say;
use super::{accounts, authtest, logs, test_routes};
use crate::app::AppState;

/// Prefixes of the lessons about plain routes, in the first and in a later edition.
const TEST: &[&str] = &["/test", "/test-controller"];
const AUTHTEST: &[&str] = &["/authtest", "/api/authtest"];
const USERS: &[&str] = &["/api/user", "/user"];
/// Prefixes of the workout log routes in the first and second edition, and in students' projects.
const LOGS: &[&str] = &["/api/log", "/log", "/workout", "/workoutlog", "/journal"];

/// A handler with its method and paths.
pub struct Row {
    /// HTTP method, or `ANY`.
    pub method: &'static str,
    /// Prefixes of the paths.
    pub under: &'static [&'static str],
    /// Suffixes of the paths. Each suffix is combined with each prefix.
    pub then: &'static [&'static str],
    pub(super) handler: fn(MethodFilter) -> MethodRouter<AppState>,
}

impl Row {
    pub fn paths(&self) -> impl Iterator<Item = String> {
        self.under.iter().flat_map(|start| self.then.iter().map(move |rest| format!("{start}{rest}")))
    }
}

pub(super) const fn row(
    method: &'static str,
    under: &'static [&'static str],
    then: &'static [&'static str],
    handler: fn(MethodFilter) -> MethodRouter<AppState>,
) -> Row {
    Row { method, under, then, handler }
}

/// Routes without authentication.
pub const OPEN: &[Row] = &[
    row("ANY", &["/api/test"], &["", "/{*rest}"], |method| {
        on(method, async || "This is data from the /api/test endpoint. It's from the server.")
    }),
    row("GET", TEST, &[""], |method| on(method, async || "Hey!!! This is a test route!")),
    row("GET", TEST, &["/about"], |method| on(method, async || "This is an about route")),
    row("GET", TEST, &["/contact"], |method| on(method, test_routes::contact)),
    row("GET", TEST, &["/projects"], |method| on(method, async || Json(["Project 1", "Project 2"]))),
    row("GET", TEST, &["/mycontacts"], |method| on(method, test_routes::contacts)),
    row("GET", TEST, &["/helloclient"], |method| {
        on(method, async || "This is a message from the server to the client.")
    }),
    // The handler does not read the body: the client sends a JSON content type, but no JSON.
    row("POST", TEST, &["/one"], |method| on(method, async || "Test 1 went through!")),
    row("POST", TEST, &["/two"], |method| on(method, test_routes::two)),
    row("POST", TEST, &["/three"], |method| {
        on(method, |app, body| store_and_say(app, body, "Test three went through!"))
    }),
    row("POST", TEST, &["/four"], |method| on(method, |app, body| store_and_say(app, body, "Test 4 went through!"))),
    row("POST", TEST, &["/five"], |method| on(method, test_routes::five)),
    row("POST", TEST, &["/six", "/seven"], |method| on(method, test_routes::six_and_seven)),
    row("GET", TEST, &["/one"], |method| on(method, test_routes::list)),
    row("POST", USERS, &["", "/create", "/createuser", "/register", "/signup"], |method| on(method, accounts::sign_up)),
    row("POST", &["/api"], &["/signup", "/auth/register"], |method| on(method, accounts::sign_up)),
    row("POST", USERS, &["/login", "/signin"], |method| on(method, accounts::sign_in)),
    row("POST", &["/api"], &["/login", "/signin", "/auth/login"], |method| on(method, accounts::sign_in)),
];

/// Routes that require a session.
pub const PROTECTED: &[Row] = &[
    row("GET", &["/api/users"], &[""], |method| on(method, accounts::list_users)),
    row("GET", AUTHTEST, &["/getall"], |method| on(method, authtest::list)),
    row("POST", AUTHTEST, &["/create"], |method| on(method, authtest::create)),
    // The page appends the content of a text field to the path. The content may be empty or contain a slash.
    row("GET", AUTHTEST, &["/{*rest}", "", "/create", "/update", "/delete"], |method| on(method, authtest::show)),
    row("PUT", AUTHTEST, &["/update/{id}", "/update"], |method| on(method, authtest::update)),
    row("DELETE", AUTHTEST, &["/delete/{id}", "/delete"], |method| on(method, authtest::delete)),
    row("GET", LOGS, &["", "/all", "/getall", "/log", "/mine", "/mylogs", "/user"], |method| on(method, logs::list)),
    row("POST", LOGS, &["", "/create", "/log", "/new"], |method| on(method, logs::create)),
    // `create` and `new` are not ids, so the response is `404`.
    row("GET", LOGS, &["/{id}", "/create", "/new"], |method| on(method, logs::show)),
    row("PUT", LOGS, &["/{id}", "/update/{id}", "/log/{id}", "/log/update/{id}"], |method| on(method, logs::update)),
    row("DELETE", LOGS, &["/{id}", "/delete/{id}", "/log/{id}", "/log/delete/{id}"], |method| on(method, logs::delete)),
];
