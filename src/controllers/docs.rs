//! API documentation: the API reference and the list of errors, embedded in the binary.

use std::sync::LazyLock;

use axum::extract::State;
use axum::response::Response;

use super::client::{HTML, respond, with_header};
use crate::app::AppState;

static ERRORS: LazyLock<String> = LazyLock::new(|| {
    let list = error_list(include_str!("../../docs/errors/README.md"));
    include_str!("../../client/errors.html").replace("{errors}", &list)
});

/// Serves the API reference. The page's script reads the OpenAPI document.
pub async fn page(State(app): State<AppState>) -> Response {
    respond(HTML, with_header(&app, include_str!("../../client/docs.html"), "/docs"))
}

/// Serves the list of error codes. The `type` of each problem document links to this list.
pub async fn errors(State(app): State<AppState>) -> Response {
    respond(HTML, with_header(&app, &ERRORS, "/docs/errors"))
}

/// Converts the Markdown of the list of errors to HTML: headings, paragraphs and code spans. Replaces links by their
/// text. Inserts an index of the codes after the first paragraph.
fn error_list(markdown: &str) -> String {
    let mut codes: Vec<_> = markdown.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    codes.sort_unstable();
    let links = codes.iter().map(|code| format!("<li><a href=\"#{code}\"><code>{code}</code></a></li>"));
    let index = format!("<ul class=\"codes\" aria-label=\"All codes\">{}</ul>\n", links.collect::<String>());
    let mut html = String::new();
    for block in markdown.split("\n\n").map(str::trim) {
        let text = block.replace('&', "&amp;").replace('<', "&lt;");
        if html.contains("<p>") && !html.contains("<ul") {
            html.push_str(&index);
        }
        html.push_str(&match (text.strip_prefix("# "), text.strip_prefix("## "), text.strip_prefix("### ")) {
            (Some(title), ..) => format!("<h1>{title}</h1>\n"),
            (_, Some(title), _) => format!("<h2>{}</h2>\n", with_code(title)),
            (.., Some(code)) => format!("<h3 id=\"{code}\"><a href=\"#{code}\"><code>{code}</code></a></h3>\n"),
            _ => format!("<p>{}</p>\n", with_code(&without_targets(&text))),
        });
    }
    html
}

/// Replaces each link by its text, because the server does not serve the linked files.
fn without_targets(text: &str) -> String {
    let mut parts = text.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |html, part| {
        match part.split_once("](").and_then(|(name, rest)| Some((name, rest.split_once(')')?))) {
            Some((name, (_, rest))) => html + name + rest,
            None => html + "[" + part,
        }
    })
}

/// Converts code spans to HTML.
fn with_code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}
