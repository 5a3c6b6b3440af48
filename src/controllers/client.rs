//! The test client at `/` and the files of all pages, embedded in the binary.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};

use qrcode::QrCode;
use qrcode::render::svg;

use crate::app::AppState;
use crate::error::Error;
use crate::extract::PathParam;

/// The `Content-Security-Policy` of the pages. They use only files and routes of this origin, and no inline scripts.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(super) const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// A file of `client/`: name, content type and text.
macro_rules! file {
    ($name:literal, $content_type:expr) => {
        ($name, $content_type, include_str!(concat!("../../client/", $name)))
    };
}

const FILES: &[(&str, &str, &str)] = &[
    file!("account.js", SCRIPT),
    file!("activity.js", SCRIPT),
    file!("choose-form.js", SCRIPT),
    file!("classroom.css", CSS),
    file!("classroom.js", SCRIPT),
    file!("client.css", CSS),
    file!("client.js", SCRIPT),
    file!("confirmation.js", SCRIPT),
    file!("cookie.css", CSS),
    file!("cookie.js", SCRIPT),
    file!("curl.js", SCRIPT),
    file!("device-token.js", SCRIPT),
    file!("device.js", SCRIPT),
    file!("devices.js", SCRIPT),
    file!("diagram.js", SCRIPT),
    file!("docs.css", CSS),
    file!("docs.js", SCRIPT),
    file!("dom.js", SCRIPT),
    file!("email-link.js", SCRIPT),
    file!("email.js", SCRIPT),
    file!("ended.js", SCRIPT),
    file!("entry-row.js", SCRIPT),
    file!("error-page.js", SCRIPT),
    file!("exchange.js", SCRIPT),
    file!("explain.css", CSS),
    file!("explain.js", SCRIPT),
    file!("explanation.js", SCRIPT),
    file!("export.js", SCRIPT),
    file!("facts.js", SCRIPT),
    file!("favicon.svg", SVG),
    file!("flows.js", SCRIPT),
    file!("form.js", SCRIPT),
    file!("glossary.js", SCRIPT),
    file!("identities.js", SCRIPT),
    file!("items.js", SCRIPT),
    file!("jwt-editor.js", SCRIPT),
    file!("jwt-lesson.css", CSS),
    file!("jwt-lesson.js", SCRIPT),
    file!("jwt.js", SCRIPT),
    file!("lesson.css", CSS),
    file!("lesson.js", SCRIPT),
    file!("limits.js", SCRIPT),
    file!("link.js", SCRIPT),
    file!("listing.js", SCRIPT),
    file!("mermaid.js", SCRIPT),
    file!("panels.css", CSS),
    file!("password-reset.js", SCRIPT),
    file!("password.js", SCRIPT),
    file!("present.css", CSS),
    file!("presets.js", SCRIPT),
    file!("provider-sign-in.js", SCRIPT),
    file!("providers.js", SCRIPT),
    file!("redact.js", SCRIPT),
    file!("renew-button.js", SCRIPT),
    file!("renewal.js", SCRIPT),
    file!("requests.css", CSS),
    file!("requests.js", SCRIPT),
    file!("result.js", SCRIPT),
    file!("schema.js", SCRIPT),
    file!("sequence-parser.js", SCRIPT),
    file!("sequence.css", CSS),
    file!("sequence.js", SCRIPT),
    file!("session.js", SCRIPT),
    file!("sessions.css", CSS),
    file!("sessions.js", SCRIPT),
    file!("sign-out.js", SCRIPT),
    file!("sign-up.js", SCRIPT),
    file!("sign.js", SCRIPT),
    file!("steps.css", CSS),
    file!("storage.js", SCRIPT),
    file!("stored-session.js", SCRIPT),
    file!("strength-hint.js", SCRIPT),
    file!("strength.js", SCRIPT),
    file!("summary.js", SCRIPT),
    file!("token.css", CSS),
    file!("token.js", SCRIPT),
    file!("try-request.js", SCRIPT),
    file!("variables.js", SCRIPT),
    file!("watch.js", SCRIPT),
    file!("workout-logs.js", SCRIPT),
];

/// Serves the test client. The page contains the name of the session cookie, because scripts cannot read the cookie. It
/// also contains the address at which other devices reach the server.
pub async fn page(State(app): State<AppState>, uri: Uri, headers: HeaderMap) -> Response {
    let cookies = app.cookies(&uri, &headers);
    let page = with_header(&app, include_str!("../../client/index.html"), "/");
    let page = page.replace("{cookie_name}", cookies.session_name());
    let page = page.replace("{cookie_secure}", if cookies.secure() { "true" } else { "false" });
    respond(HTML, page.replace("{address}", &app.address_for_others(&uri, &headers).unwrap_or_default()))
}

/// Serves the address of the test client as a QR code, for phones.
pub async fn qr_code(State(app): State<AppState>, uri: Uri, headers: HeaderMap) -> Result<Response, Error> {
    let address = app.address_for_others(&uri, &headers).ok_or(Error::NotFound)?;
    let code = QrCode::new(address).map_err(|error| Error::fault(error.to_string()))?;
    Ok(respond(SVG, code.render::<svg::Color<'_>>().min_dimensions(320, 320).build()))
}

/// Serves a file of the pages. If the pages are turned off, only the pages of errors remain. They need style sheets and
/// the icon, but no scripts.
pub async fn file(State(app): State<AppState>, PathParam(name): PathParam) -> Result<Response, Error> {
    let served = |content_type| app.config.serves_pages() || content_type != SCRIPT;
    let file = FILES.iter().find(|(each, content_type, _)| *each == name && served(*content_type));
    file.map(|(_, content_type, text)| respond(content_type, *text)).ok_or(Error::NotFound)
}

/// Inserts the header that all pages share. Marks the link to `path` as the current page, or the link to its folder as
/// the current part of the site.
pub(super) fn with_header(app: &AppState, page: &str, path: &str) -> String {
    let header = if app.config.serves_pages() { include_str!("../../client/header.html") } else { "" };
    let link = |path: &str| format!("<a href=\"{path}\">");
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (path, current) = if header.contains(&link(path)) { (path, "page") } else { (folder, "true") };
    let marked = header.replace(&link(path), &format!("<a aria-current=\"{current}\" href=\"{path}\">"));
    page.replace("{header}", &marked)
}

pub(super) fn respond(content_type: &'static str, text: impl IntoResponse) -> Response {
    let headers = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-cache"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, text).into_response()
}
