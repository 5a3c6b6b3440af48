//! The table of the classroom: what is done, and every method and path by which a client asks for it.

use axum::routing::{MethodFilter, MethodRouter, on};

use super::{accounts, authtest, logs, test_routes};
use crate::app::App;

/// Where the course's lessons on plain routes are, and where a later edition puts them.
const TEST: &[&str] = &["/test", "/test-controller"];
const AUTHTEST: &[&str] = &["/authtest", "/api/authtest"];
const USERS: &[&str] = &["/api/user", "/user"];
/// The first edition's and the second's, and what students call it.
const LOGS: &[&str] = &["/api/log", "/log", "/workout", "/workoutlog", "/journal"];

/// Something the classroom does.
pub struct Row {
    /// The method; `ANY` for all of them.
    pub method: &'static str,
    /// How its paths begin.
    pub under: &'static [&'static str],
    /// How they go on: each of these after each of those.
    pub then: &'static [&'static str],
    pub(super) handler: fn(MethodFilter) -> MethodRouter<App>,
}

impl Row {
    /// All its paths.
    pub fn paths(&self) -> impl Iterator<Item = String> {
        self.under.iter().flat_map(|start| self.then.iter().map(move |rest| format!("{start}{rest}")))
    }
}

pub(super) const fn row(
    method: &'static str,
    under: &'static [&'static str],
    then: &'static [&'static str],
    handler: fn(MethodFilter) -> MethodRouter<App>,
) -> Row {
    Row { method, under, then, handler }
}

/// What anyone may call.
pub const OPEN: &[Row] = &[
    row("ANY", &["/api/test"], &["", "/{*rest}"], |method| on(method, test_routes::from_the_server)),
    row("GET", TEST, &[""], |method| on(method, test_routes::hello)),
    row("GET", TEST, &["/about"], |method| on(method, test_routes::about)),
    row("GET", TEST, &["/contact"], |method| on(method, test_routes::contact)),
    row("GET", TEST, &["/projects"], |method| on(method, test_routes::projects)),
    row("GET", TEST, &["/mycontacts"], |method| on(method, test_routes::contacts)),
    row("GET", TEST, &["/helloclient"], |method| on(method, test_routes::hello_client)),
    row("POST", TEST, &["/one"], |method| on(method, test_routes::one)),
    row("POST", TEST, &["/two"], |method| on(method, test_routes::two)),
    row("POST", TEST, &["/three"], |method| on(method, test_routes::three)),
    row("POST", TEST, &["/four"], |method| on(method, test_routes::four)),
    row("POST", TEST, &["/five"], |method| on(method, test_routes::five)),
    row("POST", TEST, &["/six", "/seven"], |method| on(method, test_routes::six_and_seven)),
    row("GET", TEST, &["/one"], |method| on(method, test_routes::list)),
    row("POST", USERS, &["", "/create", "/createuser", "/register", "/signup"], |method| on(method, accounts::sign_up)),
    row("POST", &["/api"], &["/signup", "/auth/register"], |method| on(method, accounts::sign_up)),
    row("POST", USERS, &["/login", "/signin"], |method| on(method, accounts::sign_in)),
    row("POST", &["/api"], &["/login", "/signin", "/auth/login"], |method| on(method, accounts::sign_in)),
];

/// What needs a session: `validate_session` stands before each of them.
pub const PROTECTED: &[Row] = &[
    row("GET", &["/api/users"], &[""], |method| on(method, accounts::list_users)),
    row("GET", AUTHTEST, &["/getall"], |method| on(method, authtest::list)),
    row("POST", AUTHTEST, &["/create"], |method| on(method, authtest::create)),
    // The page asks for whatever is in a field, also when the field is empty or holds a slash.
    row("GET", AUTHTEST, &["/{*rest}", "", "/create", "/update", "/delete"], |method| on(method, authtest::show)),
    row("PUT", AUTHTEST, &["/update/{id}", "/update"], |method| on(method, authtest::update)),
    row("DELETE", AUTHTEST, &["/delete/{id}", "/delete"], |method| on(method, authtest::delete)),
    row("GET", LOGS, &["", "/all", "/getall", "/log", "/mine", "/mylogs", "/user"], |method| on(method, logs::list)),
    row("POST", LOGS, &["", "/create", "/log", "/new"], |method| on(method, logs::create)),
    // Words that are no list are no id either.
    row("GET", LOGS, &["/{id}", "/create", "/new"], |method| on(method, logs::show)),
    row("PUT", LOGS, &["/{id}", "/update/{id}", "/log/update/{id}"], |method| on(method, logs::update)),
    row("DELETE", LOGS, &["/{id}", "/delete/{id}", "/log/delete/{id}"], |method| on(method, logs::delete)),
];
