//! The pages. Templates escape all values.

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use minijinja::{Environment, Error, UndefinedBehavior, Value, context};
use url::{Host, Url};

const TEMPLATES: [(&str, &str); 5] = [
    ("layout.html", include_str!("templates/layout.html")),
    ("table.html", include_str!("templates/table.html")),
    ("authorize.html", include_str!("templates/authorize.html")),
    ("steps.html", include_str!("templates/steps.html")),
    ("message.html", include_str!("templates/message.html")),
];

pub(super) struct Pages {
    templates: Environment<'static>,
    policy: String,
}

impl Pages {
    pub(super) fn new(redirect_uri: &Url) -> Result<Self, Error> {
        let mut templates = Environment::new();
        // A misspelt variable is an error.
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, template) in TEMPLATES {
            templates.add_template(name, template)?;
        }
        Ok(Self { templates, policy: policy(redirect_uri) })
    }

    pub(super) fn render(&self, status: StatusCode, template: &str, values: Value) -> Response {
        let page = self.templates.get_template(template).and_then(|template| template.render(values));
        match page {
            Ok(page) => (status, [(CONTENT_SECURITY_POLICY, self.policy.as_str())], Html(page)).into_response(),
            Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "The page cannot be rendered.").into_response(),
        }
    }
}

/// Returns the policy of the pages: no scripts, only the style sheet, and forms only for the provider. The form's
/// response redirects the browser to the client, and browsers apply `form-action` also to redirections.
fn policy(redirect_uri: &Url) -> String {
    let client = match redirect_uri.host() {
        // A policy cannot name an IPv6 address.
        Some(Host::Ipv6(_)) | None => format!("{}:", redirect_uri.scheme()),
        Some(_) => redirect_uri.origin().ascii_serialization(),
    };
    format!(
        "default-src 'none'; style-src 'self'; form-action 'self' {client}; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Returns the rows of a table: name, value, and what the value is for.
pub(super) fn explain<'a>(
    values: impl Iterator<Item = (&'a str, &'a str)>,
    explanations: &[(&'static str, &'static str)],
) -> Value {
    let explanation = |name| explanations.iter().find(|(other, _)| *other == name).map(|(_, text)| *text);
    let row = |(name, value)| context! { name, value, text => explanation(name).unwrap_or("The provider ignores it.") };
    values.map(row).collect::<Vec<Value>>().into()
}

pub(super) async fn style() -> ([(HeaderName, HeaderValue); 1], &'static str) {
    ([(CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"))], include_str!("templates/style.css"))
}
