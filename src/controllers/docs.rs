//! Documentation: the API reference, and a page for each error code and each flow, embedded in the binary.

use axum::extract::State;
use axum::response::Response;

use super::client::{HTML, respond, with_header};
use crate::app::AppState;
use crate::auth::token::refusal::Refusal;
use crate::error::Error;
use crate::extract::PathParam;
use crate::views::markdown::{Rendered, render};

const TEMPLATE: &str = include_str!("../../client/document.html");

/// Files in the head of a flow. The script draws the diagrams.
const FLOW_FILES: &str = r#"
  <link rel="stylesheet" href="/client/sequence.css">
  <script type="module" src="/client/flows.js"></script>"#;

/// A file in the head of a page about a rejected token.
const REFUSAL_FILES: &str = r#"
  <script type="module" src="/client/error-page.js"></script>"#;

/// A link to the panel of the test client that explains a token. If this browser has a token, the script changes the text.
const EXPLAIN_LINK: &str = "<p id=\"explain-token\"><a href=\"/#explain\">Explain a token</a></p>\n";

/// A Markdown file of `docs`.
struct Document {
    folder: &'static str,
    /// Empty for the index of the folder.
    name: &'static str,
    markdown: &'static str,
}

// The build script writes `DOCUMENTS`.
include!(concat!(env!("OUT_DIR"), "/documents.rs"));

/// Serves the API reference. The page's script reads the OpenAPI document.
pub async fn page(State(app): State<AppState>) -> Response {
    respond(HTML, with_header(&app, include_str!("../../client/docs.html"), "/docs"))
}

/// Serves the list of error codes.
pub async fn errors(State(app): State<AppState>) -> Result<Response, Error> {
    show(&app, "errors", "")
}

/// Serves the page of an error code. The `type` of each problem document is the path of such a page.
pub async fn error(State(app): State<AppState>, PathParam(code): PathParam) -> Result<Response, Error> {
    show(&app, "errors", &code)
}

/// Serves the list of flows.
pub async fn flows(State(app): State<AppState>) -> Result<Response, Error> {
    show(&app, "flows", "")
}

/// Serves a flow: a sequence diagram with notes.
pub async fn flow(State(app): State<AppState>, PathParam(name): PathParam) -> Result<Response, Error> {
    show(&app, "flows", &name)
}

fn show(app: &AppState, folder: &str, name: &str) -> Result<Response, Error> {
    let document = find(app, folder, name).ok_or(Error::NotFound)?;
    let Rendered { title, mut html } = render(document.markdown, |target| address(app, document, target));
    let explains = app.config.serves_pages() && app.config.explains_tokens();
    let is_refusal = explains && folder == "errors" && Refusal::codes().any(|code| code == name);
    let files = match folder {
        "flows" => FLOW_FILES,
        _ if is_refusal => REFUSAL_FILES,
        _ => "",
    };
    if is_refusal {
        html.push_str(EXPLAIN_LINK);
    }
    let page = with_header(app, TEMPLATE, &path(document)).replace("{title}", &title).replace("{files}", files);
    Ok(respond(HTML, page.replace("{content}", &html)))
}

/// Returns the document, if it is served. If the pages are turned off, only the errors remain.
fn find(app: &AppState, folder: &str, name: &str) -> Option<&'static Document> {
    let is_served = folder == "errors" || app.config.serves_pages();
    DOCUMENTS.iter().find(|document| is_served && document.folder == folder && document.name == name)
}

fn path(document: &Document) -> String {
    format!("/docs/{}/{}", document.folder, document.name).trim_end_matches('/').to_owned()
}

/// Returns the address for a link in `document`, if `target` is a section of it or another document that is served.
fn address(app: &AppState, document: &Document, target: &str) -> Option<String> {
    let (file, section) = target.split_at(target.find('#').unwrap_or(target.len()));
    if file.is_empty() {
        return Some(section.to_owned());
    }
    let (folder, file) = file.strip_prefix("../").unwrap_or(file).split_once('/').unwrap_or((document.folder, file));
    let name = file.strip_suffix(".md")?;
    let document = find(app, folder, if name == "README" { "" } else { name })?;
    Some(path(document) + section)
}
