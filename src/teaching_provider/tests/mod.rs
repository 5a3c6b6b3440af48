//! Tests of the routes, with a service and a browser.

use axum::body::{Body, Bytes};
use axum::http::header::{AUTHORIZATION, HOST, LOCATION};
use axum::http::{Request, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use tower::ServiceExt;

use super::parameters::Parameters;
use super::*;
use crate::platform::clock::TestClock;

mod authorization;
mod pages;
mod tokens;

const ISSUER: &str = "http://127.0.0.1:4000";
const CALLBACK: &str = "http://localhost:3000/api/oidc/lesson/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A provider, and the service and the browser that use it.
struct Lesson {
    router: Router,
    clock: TestClock,
}

impl Lesson {
    fn start() -> Self {
        // The JWT library compares `exp` with the machine's clock.
        let clock = TestClock::at(Clock::System.now());
        let client = Client { id: "daypass".to_owned(), secret: "s3cret %".into(), redirect_uri: CALLBACK.to_owned() };
        let provider = TeachingProvider::new(ISSUER.to_owned(), client, Clock::Test(clock.clone())).unwrap();
        Self { router: provider.router(), clock }
    }

    async fn send(&self, request: Request<Body>) -> Response<Bytes> {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        Response::from_parts(parts, axum::body::to_bytes(body, usize::MAX).await.unwrap())
    }

    async fn get(&self, path: &str) -> Response<Bytes> {
        self.send(Request::get(path).header(HOST, "127.0.0.1:4000").body(Body::empty()).unwrap()).await
    }

    async fn page(&self, path: &str) -> String {
        text(&self.get(path).await)
    }

    async fn submit(&self, query: &str, fields: &[(&str, &str)]) -> Response<Bytes> {
        let body = encode(&[&[("request", query)], fields].concat());
        self.send(Request::post("/authorize").header(HOST, "localhost:4000").body(body.into()).unwrap()).await
    }

    /// Signs ada in, and returns the parameters of the response.
    async fn sign_in(&self, defect: &str) -> Parameters {
        let fields = [("name", "ada"), ("email", "ada@example.org"), ("email_verified", "true"), ("defect", defect)];
        parameters(&self.submit(&query(&[]), &fields).await)
    }

    async fn exchange(&self, code: &str, changes: &[(&str, &str)]) -> Response<Bytes> {
        self.exchange_as("daypass:s3cret+%25", code, changes).await
    }

    async fn exchange_as(&self, credentials: &str, code: &str, changes: &[(&str, &str)]) -> Response<Bytes> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let request = Request::post("/token").header(HOST, "127.0.0.1:4000");
        let request = request.header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(credentials)));
        self.send(request.body(encode(&changed(&fields, changes)).into()).unwrap()).await
    }

    /// Signs ada in with a defect, and returns the ID token.
    async fn id_token(&self, defect: &str) -> String {
        let response = self.sign_in(defect).await;
        let tokens = json(&self.exchange(response.get("code").unwrap(), &[]).await);
        tokens["id_token"].as_str().unwrap().to_owned()
    }

    /// Verifies an ID token with the published key, as a service does.
    async fn verify(&self, token: &str) -> Result<Value, jsonwebtoken::errors::Error> {
        let keys: JwkSet = serde_json::from_slice(self.get("/jwks").await.body()).unwrap();
        let header = decode_header(token)?;
        let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap())?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&["daypass"]);
        Ok(decode(token, &key, &validation)?.claims)
    }
}

fn encode(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Replaces the values of fields. A value `""` removes the field.
fn changed<'a>(fields: &[(&'a str, &'a str)], changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let is_changed = |name| changes.iter().any(|(other, _)| *other == name);
    let kept = fields.iter().filter(|(name, _)| !is_changed(*name));
    kept.chain(changes).filter(|(_, value)| !value.is_empty()).copied().collect()
}

/// Returns the query of an authorization request.
fn query(changes: &[(&str, &str)]) -> String {
    let challenge = token::challenge_of(VERIFIER);
    let fields = [
        ("response_type", "code"),
        ("client_id", "daypass"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email profile"),
        ("state", "the state"),
        ("nonce", "the nonce"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    encode(&changed(&fields, changes))
}

fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

fn json(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// Returns the parameters of a redirection to the service.
fn parameters(response: &Response<Bytes>) -> Parameters {
    assert_eq!(response.status(), 303, "{}", text(response));
    let location = response.headers()[LOCATION].to_str().unwrap();
    Parameters::parse(location.strip_prefix(CALLBACK).unwrap().strip_prefix('?').unwrap().as_bytes())
}

fn assert_error(response: &Response<Bytes>, status: u16, error: &str) {
    assert_eq!((response.status().as_u16(), json(response)["error"].as_str()), (status, Some(error)));
    assert_eq!(response.headers()["cache-control"], "no-store");
}

#[test]
fn redirect_uri_with_a_fragment_or_another_scheme_prevents_the_start() {
    for redirect_uri in ["http://localhost/#x", "javascript:alert(1)", "/callback"] {
        let client = Client { id: String::new(), secret: "".into(), redirect_uri: redirect_uri.to_owned() };
        let provider = TeachingProvider::new(ISSUER.to_owned(), client, Clock::System);
        assert!(matches!(provider, Err(SetupError::RedirectUri)), "{redirect_uri}");
    }
}
