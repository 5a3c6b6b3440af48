//! The endpoints of the OIDC provider for tests, as far as they are correct.

use std::collections::{HashMap, HashSet};

use aws_lc_rs::digest;
use axum::http::Method;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::behaviour::{Behaviour, Counts, Fault, TokenRequest};
use super::tokens::{CLIENT_ID, CLIENT_SECRET, Consent, Key, change, random};

/// The lifetime of a code in seconds.
const CODE_LIFETIME: i64 = 60;
/// The part of a path that a redirect adds.
pub(super) const FOLLOWED: &str = "/followed";

pub(super) struct State {
    pub(super) now: i64,
    pub(super) behaviour: Behaviour,
    pub(super) key: Key,
    pub(super) codes: HashMap<String, Consent>,
    /// The random values of authorization requests, each with its parameter and its request.
    pub(super) seen: HashMap<String, (String, String)>,
    pub(super) requests: Counts,
    pub(super) last_token_request: TokenRequest,
    pub(super) origin: String,
    /// The path of the issuer.
    path: String,
    rotations: usize,
    access_tokens: HashMap<String, Consent>,
}

/// The status and the document of a correct response.
pub(super) type Answer = (u16, Value);

/// The fields of a form or a query.
pub(super) fn form(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

fn error(status: u16, error: &str) -> Answer {
    (status, json!({"error": error}))
}

impl State {
    pub(super) fn new(origin: &str, path: &str, now: i64) -> Self {
        Self {
            now,
            behaviour: Behaviour::default(),
            key: Key::generate(Algorithm::ES256, "key-0"),
            codes: HashMap::new(),
            seen: HashMap::new(),
            requests: Counts::default(),
            last_token_request: TokenRequest::default(),
            origin: origin.to_owned(),
            path: path.to_owned(),
            rotations: 0,
            access_tokens: HashMap::new(),
        }
    }

    pub(super) fn issuer(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }

    pub(super) fn rotate_keys(&mut self) {
        self.rotations += 1;
        let algorithm = self.behaviour.algorithm.unwrap_or(Algorithm::ES256);
        self.key = Key::generate(algorithm, &format!("key-{}", self.rotations));
    }

    pub(super) fn metadata(&self) -> Value {
        let issuer = self.issuer();
        let mut metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
            "jwks_uri": format!("{issuer}/keys"),
            "end_session_endpoint": format!("{issuer}/end-session"),
            "scopes_supported": ["openid", "email", "profile"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.key.algorithm],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
        });
        change(&mut metadata, &self.behaviour.metadata);
        metadata
    }

    /// Counts a request. Returns the fault of its endpoint.
    pub(super) fn count(&mut self, path: &str) -> Option<Fault> {
        if path.starts_with(FOLLOWED) {
            self.requests.followed += 1;
            return None;
        }
        let (count, fault) = match path.strip_prefix(&self.path)? {
            "/.well-known/openid-configuration" => (&mut self.requests.discovery, self.behaviour.discovery_fault),
            "/keys" => (&mut self.requests.keys, self.behaviour.keys_fault),
            "/token" => (&mut self.requests.token, self.behaviour.token_fault),
            "/userinfo" => (&mut self.requests.userinfo, self.behaviour.userinfo_fault),
            _ => return None,
        };
        *count += 1;
        fault
    }

    pub(super) fn answer(&mut self, request: &Parts, body: &[u8]) -> Answer {
        let path = request.uri.path();
        let path = path.strip_prefix(FOLLOWED).unwrap_or(path);
        match (&request.method, path.strip_prefix(&self.path).unwrap_or_default()) {
            (&Method::GET, "/.well-known/openid-configuration") => (200, self.metadata()),
            (&Method::GET, "/keys") => (200, self.key.key_set(&self.behaviour)),
            (&Method::GET, "/userinfo") => self.userinfo(header(request, "authorization").as_deref()),
            (&Method::POST, "/token") => self.token(request, body),
            _ => error(404, "not_found"),
        }
    }

    fn userinfo(&self, authorization: Option<&str>) -> Answer {
        let token = authorization.and_then(|text| text.strip_prefix("Bearer "));
        let Some(consent) = token.and_then(|token| self.access_tokens.get(token)) else {
            return error(401, "invalid_token");
        };
        let mut claims = json!({"sub": consent.person.sub});
        change(&mut claims, &consent.profile());
        change(&mut claims, &self.behaviour.userinfo);
        (200, claims)
    }

    fn token(&mut self, request: &Parts, body: &[u8]) -> Answer {
        let is_form = header(request, "content-type").as_deref() == Some("application/x-www-form-urlencoded");
        let request = TokenRequest { fields: form(body), authorization: header(request, "authorization") };
        self.last_token_request = request.clone();
        let names: HashSet<_> = request.fields.iter().map(|field| &field.0).collect();
        if !is_form || names.len() < request.fields.len() {
            return error(400, "invalid_request");
        }
        if !self.authenticates(&request) {
            return error(401, "invalid_client");
        }
        if request.field("grant_type") != Some("authorization_code") {
            return error(400, "unsupported_grant_type");
        }
        let consent = request.field("code").and_then(|code| self.codes.remove(code));
        match consent.filter(|consent| self.redeems(&request, consent)) {
            Some(consent) => self.issue(consent),
            None => error(400, "invalid_grant"),
        }
    }

    /// Whether the client authenticated with exactly one method, which the discovery document lists.
    fn authenticates(&self, request: &TokenRequest) -> bool {
        let metadata = self.metadata();
        let supports = |method: &str| match &metadata["token_endpoint_auth_methods_supported"] {
            Value::Array(methods) => methods.iter().any(|supported| supported == method),
            _ => method == "client_secret_basic",
        };
        let id = request.field("client_id");
        match (request.authorization.as_deref(), request.field("client_secret")) {
            (Some(header), None) => {
                supports("client_secret_basic") && is_basic(header) && id.is_none_or(|id| id == CLIENT_ID)
            }
            (None, Some(secret)) => supports("client_secret_post") && id == Some(CLIENT_ID) && secret == CLIENT_SECRET,
            (None, None) => supports("none") && id == Some(CLIENT_ID),
            _ => false,
        }
    }

    fn redeems(&self, request: &TokenRequest, consent: &Consent) -> bool {
        let verifier = request.field("code_verifier").unwrap_or_default();
        let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        (43..=128).contains(&verifier.len())
            && verifier.bytes().all(unreserved)
            && consent.request["code_challenge"] == challenge
            && request.field("redirect_uri") == Some(&consent.request["redirect_uri"])
            && self.now - consent.given_at <= CODE_LIFETIME
    }

    fn issue(&mut self, consent: Consent) -> Answer {
        let access_token = random();
        let id_token = self.key.id_token(&self.behaviour, &consent, (&self.issuer(), self.now), &access_token);
        let mut response = json!({
            "access_token": access_token, "token_type": "Bearer", "expires_in": 300, "id_token": id_token,
            "scope": consent.request["scope"],
        });
        change(&mut response, &self.behaviour.token_response);
        self.access_tokens.insert(access_token, consent);
        (200, response)
    }
}

fn header(request: &Parts, name: &str) -> Option<String> {
    request.headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Whether these are the credentials of the client, form-encoded as RFC 6749, section 2.3.1, requires.
fn is_basic(header: &str) -> bool {
    let text = header.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text).ok());
    let text = text.and_then(|text| String::from_utf8(text).ok()).unwrap_or_default();
    let Some((id, secret)) = text.split_once(':') else { return false };
    let fields = form(format!("id={id}&secret={secret}").as_bytes());
    fields == [("id".to_owned(), CLIENT_ID.to_owned()), ("secret".to_owned(), CLIENT_SECRET.to_owned())]
}
