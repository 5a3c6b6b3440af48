//! The token endpoint: the service exchanges the code for the tokens. The browser is not involved.

use std::borrow::Cow;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::percent_decode_str;
use secrecy::ExposeSecret;
use serde_json::json;

use super::last_sign_in::Exchange;
use super::parameters::Parameters;
use super::{Provider, TOKEN_LIFETIME, TeachingProvider};

/// The response to a valid token request.
struct Tokens {
    access_token: String,
    id_token: String,
    scope: String,
}

/// An error response (RFC 6749 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TokenError {
    status: StatusCode,
    pub(super) error: &'static str,
    pub(super) description: &'static str,
}

impl TokenError {
    fn new(error: &'static str, description: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, description }
    }

    fn invalid_client() -> Self {
        let description = "the client id or the client secret is wrong";
        Self { status: StatusCode::UNAUTHORIZED, error: "invalid_client", description }
    }

    fn signing_failed() -> Self {
        let description = "the ID token cannot be signed";
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, error: "server_error", description }
    }

    fn invalid_grant(description: &'static str) -> Self {
        Self::new("invalid_grant", description)
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.error, "error_description": self.description }));
        if self.status == StatusCode::UNAUTHORIZED {
            return (self.status, [(WWW_AUTHENTICATE, "Basic realm=\"token\"")], body).into_response();
        }
        (self.status, body).into_response()
    }
}

impl IntoResponse for Tokens {
    fn into_response(self) -> Response {
        Json(json!({
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME.as_secs(),
            "scope": self.scope,
            "id_token": self.id_token,
        }))
        .into_response()
    }
}

pub(super) async fn exchange(State(provider): Provider, headers: HeaderMap, body: Bytes) -> Response {
    let form = Parameters::parse(&body);
    let result = provider.exchange(&headers, &form);
    let id_token = result.as_ref().map(|tokens| tokens.id_token.clone()).map_err(|error| *error);
    let is_basic = headers.contains_key(AUTHORIZATION);
    provider.record(Exchange { is_basic, form, id_token });
    result.into_response()
}

impl TeachingProvider {
    fn exchange(&self, headers: &HeaderMap, form: &Parameters) -> Result<Tokens, TokenError> {
        if form.has_duplicates() {
            return Err(TokenError::new("invalid_request", "a parameter is repeated"));
        }
        self.authenticate(headers, form)?;
        if form.get("grant_type") != Some("authorization_code") {
            return Err(TokenError::new("unsupported_grant_type", "grant_type must be authorization_code"));
        }
        let code = form.get("code").ok_or(TokenError::new("invalid_request", "code is missing"))?;
        let now = self.clock.monotonic();
        // Every code belongs to the only client. A code works once, even if the rest of the request is wrong.
        let grant = self.codes.take(code, now);
        let grant = grant.ok_or(TokenError::invalid_grant("the code is unknown, expired or already used"))?;
        if form.get("redirect_uri") != Some(&self.client.redirect_uri) {
            return Err(TokenError::invalid_grant("redirect_uri is not the one of the authorization request"));
        }
        if form.get("code_verifier").map(challenge_of).as_ref() != Some(&grant.challenge) {
            return Err(TokenError::invalid_grant("code_verifier does not match the code challenge"));
        }
        let id_token = self.issue_id_token(&grant);
        let id_token = id_token.map_err(|_| TokenError::signing_failed())?;
        Ok(Tokens { access_token: self.access_tokens.insert(grant.person, now), id_token, scope: grant.scope })
    }

    /// Verifies the credentials of the client, in the header or in the form (RFC 6749 §2.3.1).
    fn authenticate(&self, headers: &HeaderMap, form: &Parameters) -> Result<(), TokenError> {
        let by_form = form.get("client_id").zip(form.get("client_secret"));
        let by_form = by_form.map(|(id, secret)| (id.to_owned(), secret.to_owned()));
        let presented = match headers.get(AUTHORIZATION) {
            Some(_) if form.get("client_secret").is_some() => {
                return Err(TokenError::new("invalid_request", "the client secret is in the header and in the form"));
            }
            Some(value) => value.to_str().ok().and_then(basic_credentials),
            None => by_form,
        };
        let (id, secret) = presented.ok_or_else(TokenError::invalid_client)?;
        let expected = self.client.secret.expose_secret().as_bytes();
        let is_secret = verify_slices_are_equal(secret.as_bytes(), expected).is_ok();
        if id == self.client.id && is_secret { Ok(()) } else { Err(TokenError::invalid_client()) }
    }
}

/// Parses `Authorization: Basic`. The id and the secret are also encoded as in forms (RFC 6749 §2.3.1).
fn basic_credentials(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    let encoded = Some(encoded.trim()).filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decode(id)?, form_decode(secret)?))
}

fn form_decode(text: &str) -> Option<String> {
    let with_spaces = text.replace('+', " ");
    percent_decode_str(&with_spaces).decode_utf8().ok().map(Cow::into_owned)
}

/// Returns the code challenge of a verifier, by the method `S256` (RFC 7636 §4.2).
pub(super) fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}
