//! The test client: the page at `/`, embedded in the binary.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::Error;
use crate::extract::Word;

/// The page loads from its own origin, runs no inline script, and talks to this service alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// A file of `client/`: its name, its content type, its text.
macro_rules! file {
    ($name:literal, $content_type:expr) => {
        ($name, $content_type, include_str!(concat!("../../client/", $name)))
    };
}

const FILES: &[(&str, &str, &str)] = &[
    file!("account.js", SCRIPT),
    file!("anatomy.css", CSS),
    file!("anatomy.js", SCRIPT),
    file!("classroom.css", CSS),
    file!("classroom.js", SCRIPT),
    file!("client.css", CSS),
    file!("client.js", SCRIPT),
    file!("cookie.css", CSS),
    file!("cookie.js", SCRIPT),
    file!("curl.js", SCRIPT),
    file!("device-token.js", SCRIPT),
    file!("device.js", SCRIPT),
    file!("dom.js", SCRIPT),
    file!("entry-row.js", SCRIPT),
    file!("exchange.js", SCRIPT),
    file!("exits.js", SCRIPT),
    file!("favicon.svg", SVG),
    file!("form.js", SCRIPT),
    file!("glossary.js", SCRIPT),
    file!("items.js", SCRIPT),
    file!("jwt.js", SCRIPT),
    file!("limits.js", SCRIPT),
    file!("listing.js", SCRIPT),
    file!("panels.css", CSS),
    file!("password.js", SCRIPT),
    file!("redact.js", SCRIPT),
    file!("session.js", SCRIPT),
    file!("sessions.css", CSS),
    file!("sessions.js", SCRIPT),
    file!("storage.js", SCRIPT),
    file!("strength-hint.js", SCRIPT),
    file!("strength.js", SCRIPT),
    file!("ticket.css", CSS),
    file!("ticket.js", SCRIPT),
    file!("variables.js", SCRIPT),
    file!("verdict.js", SCRIPT),
    file!("workout-logs.js", SCRIPT),
];

/// The page. It shows the session cookie, which no script can look at: so it is told the name, and whether it is
/// `Secure`.
pub async fn page(State(app): State<App>) -> Response {
    let page = include_str!("../../client/index.html").replace("{cookie_name}", app.cookies.session_name());
    answer(HTML, page.replace("{cookie_secure}", if app.cookies.secure() { "true" } else { "false" }))
}

/// A file the page loads.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn file(Word(name): Word) -> Result<Response, Error> {
    let file = FILES.iter().find(|(each, _, _)| *each == name);
    file.map(|(_, content_type, text)| answer(content_type, *text)).ok_or(Error::NotFound)
}

fn answer(content_type: &'static str, text: impl IntoResponse) -> Response {
    let headers = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-cache"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, text).into_response()
}
