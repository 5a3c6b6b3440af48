//! The API told by the service itself: a page to read and try it, and the list of errors.
//!
//! All of it is in the binary; the page loads nothing from elsewhere.

use std::sync::{Arc, LazyLock};

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use utoipa_swagger_ui::{Config, serve};

use crate::error::Error;
use crate::extract::Word;

/// Swagger UI styles itself inline and draws its icons from `data:`; scripts come from here alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

static UI: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("/openapi.json").try_it_out_enabled(true).persist_authorization(false);
    // The public validator is another service: the document stays here.
    Arc::new(config.validator_url("none"))
});

static ERRORS: LazyLock<String> = LazyLock::new(|| error_page(include_str!("../../docs/errors/README.md")));

/// The page's own address ends in a file name, so that its relative links hold.
pub async fn page() -> Redirect {
    Redirect::temporary("/docs/index.html")
}

/// A file of the page.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn file(Word(name): Word) -> Result<Response, Error> {
    let file = serve(&name, UI.clone()).map_err(|error| Error::fault(error.to_string()))?.ok_or(Error::NotFound)?;
    let charset = if file.content_type.starts_with("text/") { "; charset=utf-8" } else { "" };
    let content_type = format!("{}{charset}", file.content_type);
    let headers = [(CONTENT_TYPE, content_type.as_str()), (CONTENT_SECURITY_POLICY, POLICY)];
    Ok((headers, file.bytes.into_owned()).into_response())
}

/// What each error code means: where the `type` of a problem points.
pub async fn errors() -> Response {
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, ERRORS.as_str()).into_response()
}

/// Headings and paragraphs of our own Markdown as HTML; it uses nothing else.
fn error_page(markdown: &str) -> String {
    let blocks = markdown.split("\n\n").map(|block| {
        let text = block.trim().replace('&', "&amp;").replace('<', "&lt;");
        match (text.strip_prefix("# "), text.strip_prefix("## "), text.strip_prefix("### ")) {
            (Some(title), ..) => format!("<h1>{title}</h1>\n"),
            (_, Some(title), _) => format!("<h2>{title}</h2>\n"),
            (.., Some(code)) => format!("<h3 id=\"{code}\"><code>{code}</code></h3>\n"),
            _ => format!("<p>{}</p>\n", with_code(&text)),
        }
    });
    let body: String = blocks.collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Daypass: errors</title>\n\
         <style>:root{{color-scheme:light dark}}body{{max-width:42rem;margin:2rem auto;padding:0 1rem;\
         font:1rem/1.5 system-ui,sans-serif}}:target{{text-decoration:underline}}</style>\n{body}</html>\n"
    )
}

/// What stands between two backticks, as code.
fn with_code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(place, part)| if place % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}
