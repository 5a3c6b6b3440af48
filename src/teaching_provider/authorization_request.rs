//! The authorization request: what the service asks the provider through the browser.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Client;
use super::parameters::Parameters;

/// The size of a SHA-256 hash.
const HASH_BYTES: usize = 32;

const WRONG_ADDRESS: &str = "The redirect_uri is not the registered address. The provider does not send the browser \
                             there, because the address may be an attacker's.";

/// A valid authorization request.
pub(super) struct AuthorizationRequest {
    pub(super) parameters: Parameters,
    pub(super) scope: String,
    pub(super) challenge: String,
}

/// Why an authorization request is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The client or its address is wrong. The browser is not redirected, because the address may be an attacker's
    /// (RFC 9700 §4.11.2).
    Page(&'static str),
    /// Everything else is reported to the client.
    Redirect { error: &'static str, description: &'static str, state: Option<String> },
}

impl AuthorizationRequest {
    pub(super) fn parse(query: &str, client: &Client) -> Result<Self, Refusal> {
        let parameters = Parameters::parse(query.as_bytes());
        if parameters.get("client_id") != Some(&client.id) {
            return Err(Refusal::Page("The client_id is not the id of the registered service."));
        }
        if parameters.get("redirect_uri") != Some(&client.redirect_uri) {
            return Err(Refusal::Page(WRONG_ADDRESS));
        }
        if let Some((error, description)) = mistake(&parameters) {
            let state = parameters.get("state").map(ToOwned::to_owned);
            return Err(Refusal::Redirect { error, description, state });
        }
        let value = |name| parameters.get(name).unwrap_or_default().to_owned();
        Ok(Self { scope: value("scope"), challenge: value("code_challenge"), parameters })
    }
}

/// Returns the error code and the description of the first mistake.
fn mistake(parameters: &Parameters) -> Option<(&'static str, &'static str)> {
    let is = |name, value| parameters.get(name) == Some(value);
    let contains = |name, word| parameters.get(name).is_some_and(|words| words.split(' ').any(|other| other == word));
    let challenge = parameters.get("code_challenge").and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let has_challenge = challenge.is_some_and(|hash| hash.len() == HASH_BYTES);
    let has_request_object = parameters.get("request").is_some() || parameters.get("request_uri").is_some();
    [
        (parameters.has_duplicates(), "invalid_request", "a parameter is repeated"),
        (has_request_object, "request_not_supported", "request objects are not supported"),
        (!is("response_type", "code"), "unsupported_response_type", "response_type must be code"),
        (
            parameters.get("response_mode").is_some_and(|mode| mode != "query"),
            "invalid_request",
            "response_mode must be query",
        ),
        (!contains("scope", "openid"), "invalid_scope", "scope must contain openid"),
        (!has_challenge, "invalid_request", "code_challenge (PKCE) is missing or not a SHA-256 hash in base64url"),
        (!is("code_challenge_method", "S256"), "invalid_request", "code_challenge_method must be S256"),
        (contains("prompt", "none"), "login_required", "the provider must ask the person"),
    ]
    .into_iter()
    .find_map(|(is_mistake, error, description)| is_mistake.then_some((error, description)))
}
