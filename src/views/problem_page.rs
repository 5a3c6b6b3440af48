//! Error pages for people, on routes that a browser visits.

use super::Problem;
use super::problem::AsPage;

/// Returns the problem as an HTML page. It has no styles and scripts, so the policy of the API applies to it.
#[must_use]
pub fn problem_page(problem: &Problem, page: AsPage) -> String {
    let back = if page.has_home { "<p><a href=\"/\">Back</a></p>\n" } else { "" };
    let [title, detail, code, id] =
        [&*problem.title, &*problem.detail, problem.code, &*problem.request_id].map(escaped);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<main>\n<h1>{title}</h1>\n<p>{detail}</p>\n{back}\
         <p><small>Error {status}: <a href=\"/docs/errors/{code}\">{code}</a>, request {id}</small></p>\n</main>\n</html>\n",
        status = problem.status,
    )
}

/// Escapes text for HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
