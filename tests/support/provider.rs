//! An OIDC provider for tests: an HTTP server that is correct, unless a test changes its behaviour.

mod behaviour;
mod endpoints;
mod server;
mod tokens;
mod visit;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use url::Url;

use super::moment;
use endpoints::{State, form};
use server::{HOSTILE_TEXT, serve};
use tokens::{CLIENT_ID, CLIENT_SECRET, Consent, change, random};

pub use behaviour::{
    Behaviour, Counts, Fault, HmacSecret, KeySet, LOGOUT_EVENT, LogoutClaims, Person, SECRET_TEXT, Signing,
    TokenRequest,
};

/// The parameters that an authorization request can have.
const PARAMETERS: [&str; 11] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
];
/// The length of 128 bits in base64url.
const MIN_RANDOM_CHARS: usize = 22;

/// The provider. Its server stops when this value is dropped.
pub struct Provider {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    server: Mutex<Option<JoinHandle<()>>>,
    /// Keeps the port while the server is stopped.
    reserved: Mutex<Option<TcpSocket>>,
}

impl Provider {
    /// Starts a provider at the time of `TestApp::start`.
    pub async fn start() -> Self {
        Self::start_at(moment("2026-11-20T12:00:00.250Z").timestamp()).await
    }

    /// Starts a provider at this time, in seconds since 1970.
    pub async fn start_at(now: i64) -> Self {
        Self::start_under("", now).await
    }

    /// Starts a provider whose issuer has this path, such as `/realms/acme`.
    pub async fn start_under(path: &str, now: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::new(&format!("http://{address}"), path, now)));
        let server = Mutex::new(Some(tokio::spawn(serve(listener, Arc::clone(&state)))));
        Self { address, state, server, reserved: Mutex::default() }
    }

    /// Closes all connections. The port refuses connections until [`Self::restart`].
    pub async fn stop(&self) {
        let server = self.server.lock().unwrap().take().expect("the server runs");
        server.abort();
        let _ = server.await;
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(cfg!(unix)).unwrap();
        socket.bind(self.address).unwrap();
        *self.reserved.lock().unwrap() = Some(socket);
    }

    /// Accepts connections at the same port again.
    pub fn restart(&self) {
        let socket = self.reserved.lock().unwrap().take().expect("the server is stopped");
        let server = tokio::spawn(serve(socket.listen(128).unwrap(), Arc::clone(&self.state)));
        *self.server.lock().unwrap() = Some(server);
    }

    pub fn issuer(&self) -> String {
        self.state().issuer()
    }

    pub fn client_id(&self) -> &str {
        CLIENT_ID
    }

    pub fn client_secret(&self) -> &str {
        CLIENT_SECRET
    }

    /// Changes the behaviour. Another algorithm also means another key.
    pub fn set(&self, change: impl FnOnce(&mut Behaviour)) {
        // The closure may use this provider, so the state is not locked meanwhile.
        let mut behaviour = self.state().behaviour.clone();
        change(&mut behaviour);
        let mut state = self.state();
        state.behaviour = behaviour;
        if state.key.algorithm != state.behaviour.algorithm.unwrap_or(Algorithm::ES256) {
            state.rotate_keys();
        }
    }

    /// Replaces the key by a key with another `kid`.
    pub fn rotate_keys(&self) {
        self.state().rotate_keys();
    }

    pub fn set_time(&self, now: i64) {
        self.state().now = now;
    }

    pub fn requests(&self) -> Counts {
        self.state().requests
    }

    pub fn last_token_request(&self) -> TokenRequest {
        self.state().last_token_request.clone()
    }

    pub fn logout_token(&self, claims: &LogoutClaims) -> String {
        let state = self.state();
        state.key.logout_token(&state.behaviour, claims, (&state.issuer(), state.now))
    }

    /// The parameters of an authorization request. Panics if the request is not correct.
    pub fn parameters(&self, location: &str) -> HashMap<String, String> {
        self.state().check(location)
    }

    /// Signs the user in. Returns the path and the query of the callback. Panics if the request is not correct.
    pub fn authorize(&self, location: &str, person: &Person) -> String {
        let mut state = self.state();
        let request = state.check(location);
        let code = random();
        let callback = state.callback(&request, json!({"code": code}));
        let given_at = state.now;
        state.codes.insert(code, Consent { person: person.clone(), request, given_at });
        callback
    }

    /// Refuses, as a user can. Returns the path and the query of the callback.
    pub fn deny(&self, location: &str) -> String {
        let mut state = self.state();
        let request = state.check(location);
        state.callback(&request, json!({"error": "access_denied", "error_description": HOSTILE_TEXT}))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if let Ok(Some(server)) = self.server.get_mut() {
            server.abort();
        }
    }
}

impl State {
    fn check(&mut self, location: &str) -> HashMap<String, String> {
        let request = self.parse(location);
        let value = |name: &str| request.get(name).unwrap_or_else(|| panic!("no {name}: {location}"));
        assert_eq!(value("response_type"), "code", "{location}");
        assert_eq!(value("client_id"), CLIENT_ID, "{location}");
        assert!(value("scope").split(' ').any(|scope| scope == "openid"), "no scope openid: {location}");
        assert_eq!(value("code_challenge_method"), "S256", "{location}");
        assert_eq!(value("code_challenge").len(), 43, "code_challenge is not a SHA-256 hash: {location}");
        let max_age = request.get("max_age").map_or(Ok(0), |seconds| seconds.parse::<u32>());
        assert!(max_age.is_ok(), "max_age is not a number: {location}");
        self.check_redirect_uri(value("redirect_uri"));
        for name in ["state", "nonce", "code_challenge"] {
            self.check_random(name, value(name), location);
        }
        request
    }

    fn parse(&self, location: &str) -> HashMap<String, String> {
        let metadata = self.metadata();
        let endpoint = metadata["authorization_endpoint"].as_str().unwrap();
        // The query of the endpoint itself is kept (RFC 6749, section 3.1).
        let separator = if endpoint.contains('?') { '&' } else { '?' };
        let query = location.strip_prefix(endpoint).and_then(|query| query.strip_prefix(separator));
        let query = query.unwrap_or_else(|| panic!("not a request to {endpoint}: {location}"));
        assert!(!query.contains('#'), "the request has a fragment: {location}");
        let pairs = form(query.as_bytes());
        let request: HashMap<_, _> = pairs.iter().cloned().collect();
        assert_eq!(request.len(), pairs.len(), "a parameter occurs twice: {location}");
        let unknown: Vec<_> = request.keys().filter(|name| !PARAMETERS.contains(&name.as_str())).collect();
        assert!(unknown.is_empty(), "unknown parameters {unknown:?}: {location}");
        request
    }

    fn check_redirect_uri(&self, uri: &str) {
        let url = Url::parse(uri).unwrap_or_else(|error| panic!("redirect_uri {uri}: {error}"));
        let name = url.path().strip_suffix("/callback").and_then(|path| path.rsplit_once("/api/oidc/"));
        let has_name = name.is_some_and(|(_, name)| !name.is_empty() && !name.contains('/'));
        assert!(has_name && url.query().is_none() && url.fragment().is_none(), "wrong redirect_uri {uri}");
        let registered = self.behaviour.redirect_uri.as_ref();
        assert!(registered.is_none_or(|registered| registered == uri), "redirect_uri {uri} is not registered");
    }

    /// The value must be unguessable, and no other request or parameter can have the same one.
    fn check_random(&mut self, name: &str, value: &str, location: &str) {
        let base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        assert!(value.len() >= MIN_RANDOM_CHARS && value.bytes().all(base64url), "{name} is not random: {location}");
        let user = (name.to_owned(), location.to_owned());
        let first = self.seen.entry(value.to_owned()).or_insert_with(|| user.clone());
        assert_eq!(*first, user, "{name} is used twice");
    }

    fn callback(&self, request: &HashMap<String, String>, mut parameters: Value) -> String {
        change(&mut parameters, &json!({"state": request["state"], "iss": self.issuer()}));
        change(&mut parameters, &self.behaviour.callback);
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in parameters.as_object().unwrap() {
            query.append_pair(name, value.as_str().unwrap());
        }
        format!("{}?{}", Url::parse(&request["redirect_uri"]).unwrap().path(), query.finish())
    }
}
