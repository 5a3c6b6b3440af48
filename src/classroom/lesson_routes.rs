//! Route table of the other lessons. Each route has the prefix of its lesson. Some routes also exist at the root, as in
//! the course.

use axum::routing::on;

use super::routes::{Row, row};
use super::{accounts, lessons};

pub struct Lesson {
    pub rows: &'static [Row],
    /// The lesson's own error text for a request without a session, if the lesson has one.
    pub refusal: Option<&'static str>,
}

const LESSON_0: &[&str] = &["/lessons/000"];
const COUNTER: &[&str] = &["/counter", "/lessons/000/counter"];
const LESSON_1: &[&str] = &["", "/lessons/001"];
const LESSON_2: &[&str] = &["/lessons/002"];
const LESSON_2_API: &[&str] = &["/lessons/002/api"];
const RESTRICTED: &[&str] = &["/lessons/002/restricted"];
const LESSON_3: &[&str] = &["/lessons/003"];
const LESSON_3_ROOT: &[&str] = &["", "/lessons/003"];

/// All lessons. `Policy::Lenient` applies to each route.
pub const LESSONS: &[Lesson] = &[
    Lesson {
        refusal: None,
        rows: &[
            row("GET", COUNTER, &["/route"], |method| on(method, lessons::counter_in_route)),
            row("GET", COUNTER, &["/server"], |method| on(method, lessons::counter_on_server)),
            row("GET", COUNTER, &["", "/session"], |method| on(method, lessons::counter_in_session)),
            row("POST", LESSON_0, &["/users"], |method| on(method, lessons::sign_up)),
            row("GET", LESSON_0, &["/login"], |method| on(method, lessons::login_with_either)),
            row("POST", LESSON_0, &["/login"], |method| on(method, lessons::login_with_either)),
            row("GET", LESSON_0, &["/users/{id}"], |method| on(method, lessons::show_user)),
            row("GET", LESSON_0, &["/greeting"], |method| on(method, lessons::greeting)),
            row("GET", LESSON_0, &["/logout"], |method| on(method, lessons::good_bye)),
            row("GET", LESSON_1, &["/increment"], |method| on(method, lessons::increment)),
            row("GET", LESSON_1, &["/clear"], |method| on(method, lessons::clear)),
        ],
    },
    Lesson {
        refusal: Some("you shall not pass!!"),
        rows: &[
            row("GET", LESSON_2, &[""], |method| on(method, lessons::store_name)),
            row("GET", &["", "/lessons/002"], &["/greet"], |method| on(method, lessons::greet)),
            row("POST", LESSON_2_API, &["/register"], |method| on(method, lessons::register)),
            row("POST", LESSON_2_API, &["/login"], |method| on(method, lessons::login)),
            row("GET", &["/api", "/lessons/002/api"], &["/logout"], |method| on(method, lessons::good_bye)),
            row("GET", LESSON_2_API, &["/users"], |method| on(method, accounts::list_users)),
            row("POST", RESTRICTED, &["/register"], |method| on(method, lessons::register)),
            row("POST", RESTRICTED, &["/login"], |method| on(method, lessons::login)),
            row("GET", RESTRICTED, &["/users"], |method| on(method, accounts::list_users)),
            row("GET", RESTRICTED, &["/logout"], |method| on(method, lessons::log_out)),
            row("ANY", RESTRICTED, &["", "/{*rest}"], |method| on(method, lessons::not_found)),
        ],
    },
    Lesson {
        refusal: Some("Invalid Credentials"),
        rows: &[
            row("POST", LESSON_3, &["/register"], |method| on(method, lessons::register)),
            row("POST", LESSON_3, &["/login"], |method| on(method, lessons::login)),
            row("GET", LESSON_3_ROOT, &["/protected"], |method| on(method, lessons::protected)),
            row("GET", LESSON_3_ROOT, &["/logout"], |method| on(method, lessons::log_out)),
        ],
    },
];
