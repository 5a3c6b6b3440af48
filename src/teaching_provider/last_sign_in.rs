//! The last sign-in, step by step: what the browser carried, and what the service sent without the browser.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use minijinja::{Value, context};

use super::authorize::ResponseParameters;
use super::pages::explain;
use super::parameters::Parameters;
use super::token::{TokenError, challenge_of};
use super::{Defect, Provider, TeachingProvider, explanations};

const MASK: &str = "•••••••• (hidden)";
/// The claims that are times.
const TIMES: [&str; 3] = ["exp", "iat", "auth_time"];

pub(super) struct SignIn {
    pub(super) request: Parameters,
    pub(super) response: ResponseParameters,
    /// `None` if the person refused.
    pub(super) issued: Option<IssuedCode>,
}

/// A code, and what happened with it.
pub(super) struct IssuedCode {
    pub(super) code: String,
    /// The code challenge that the provider stores with the code.
    pub(super) challenge: String,
    pub(super) defect: Defect,
    pub(super) exchange: Option<Exchange>,
}

/// A token request, and the provider's response.
pub(super) struct Exchange {
    /// Whether the client secret is in the header `Authorization`.
    pub(super) is_basic: bool,
    pub(super) form: Parameters,
    pub(super) id_token: Result<String, TokenError>,
}

impl SignIn {
    fn describe(&self) -> Value {
        let response = self.response.iter().map(|(name, value)| (*name, value.as_str()));
        let (broken, expected) = self.issued.as_ref().map_or(
            ("Nothing. You refused the sign-in.".to_owned(), "The service responds with 403 provider_denied."),
            IssuedCode::describe_defect,
        );
        context! {
            request => explain(self.request.iter(), &explanations::REQUEST),
            response => explain(response, &explanations::RESPONSE),
            issued => self.issued.as_ref().map(IssuedCode::describe),
            broken, expected,
        }
    }
}

impl IssuedCode {
    /// Returns what is broken and the expected result.
    fn describe_defect(&self) -> (String, &'static str) {
        let description = self.defect.description();
        (format!("{}. {}", description.label, description.text), description.expected)
    }

    fn describe(&self) -> Value {
        context! { exchange => self.exchange.as_ref().map(|exchange| exchange.describe(&self.challenge)) }
    }
}

impl Exchange {
    fn describe(&self, challenge: &str) -> Value {
        let masked = self.form.iter().map(|(name, value)| (name, if name == "client_secret" { MASK } else { value }));
        let computed = self.form.get("code_verifier").map(challenge_of);
        context! {
            is_basic => self.is_basic,
            mask => MASK,
            form => explain(masked, &explanations::TOKEN_REQUEST),
            matches => computed.as_deref() == Some(challenge),
            challenge, computed,
            error => self.id_token.as_ref().err().map(|error| format!("{}: {}", error.error, error.description)),
            id_token => self.id_token.as_ref().ok().map(|token| describe_token(token)),
        }
    }
}

/// Decodes an ID token. No key is needed.
fn describe_token(token: &str) -> Value {
    let mut parts = token.split('.').map(decode);
    let mut rows = |explanations| {
        let members = parts.next().unwrap_or_default();
        explain(members.iter().map(|(name, value)| (name.as_str(), value.as_str())), explanations)
    };
    context! { header => rows(&explanations::TOKEN_HEADER), claims => rows(&explanations::CLAIMS) }
}

/// Returns the members of a header or of claims, in the order of the explanations.
fn decode(part: &str) -> Vec<(String, String)> {
    let json = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
    let members: serde_json::Map<_, _> = serde_json::from_slice(&json).unwrap_or_default();
    let mut members: Vec<_> = members.into_iter().collect();
    let order = |name: &str| explanations::CLAIMS.iter().position(|(other, _)| *other == name);
    members.sort_by_key(|(name, _)| order(name));
    members
        .into_iter()
        .map(|(name, value)| {
            let text = member_text(&name, &value);
            (name, text)
        })
        .collect()
}

/// Returns the value of a member as text. Times also get a form that people can read.
fn member_text(name: &str, value: &serde_json::Value) -> String {
    let seconds = value.as_i64().filter(|_| TIMES.contains(&name));
    match (seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)), value.as_str()) {
        (Some(time), _) => format!("{value} ({})", time.format("%Y-%m-%d %H:%M:%S UTC")),
        (None, Some(text)) => text.to_owned(),
        (None, None) => value.to_string(),
    }
}

impl TeachingProvider {
    /// Adds a token request to the last sign-in, if it has its code. Only the first request is shown, so a repetition
    /// does not hide it.
    pub(super) fn record(&self, exchange: Exchange) {
        let mut last = self.last_sign_in();
        let issued = last.as_mut().and_then(|sign_in| sign_in.issued.as_mut());
        if let Some(issued) = issued.filter(|issued| exchange.form.get("code") == Some(&issued.code)) {
            issued.exchange.get_or_insert(exchange);
        }
    }
}

pub(super) async fn show(State(provider): Provider) -> Response {
    let sign_in = provider.last_sign_in().as_ref().map(SignIn::describe);
    let home = provider.redirect_uri.origin().ascii_serialization();
    provider.pages.render(StatusCode::OK, "steps.html", context! { sign_in, home })
}
