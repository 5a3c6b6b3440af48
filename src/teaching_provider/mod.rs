//! An OpenID Connect provider for lessons. It shows each step of a sign-in, and can break one on purpose.
//!
//! It has no passwords: anyone who can send it a request can choose a name. So it refuses requests for hosts other than
//! this machine. Its keys, codes and tokens are only in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use jsonwebtoken::jwk::JwkSet;
use minijinja::context;
use secrecy::SecretString;
use serde_json::{Value, json};
use thiserror::Error;
use url::Url;

use crate::platform::clock::Clock;

mod authorization_request;
mod authorize;
mod defect;
mod end_session;
mod expiring;
mod explanations;
mod keys;
mod last_sign_in;
mod pages;
mod parameters;
mod person;
mod protection;
mod random;
#[cfg(test)]
mod tests;
mod token;
mod userinfo;

use defect::Defect;
use expiring::Expiring;
use keys::Keys;
use last_sign_in::SignIn;
use pages::Pages;
use person::Person;

/// RFC 6749 §4.1.2 recommends at most ten minutes. A service exchanges the code immediately.
const CODE_LIFETIME: Duration = Duration::from_secs(60);
/// The lifetime of ID tokens and access tokens.
const TOKEN_LIFETIME: Duration = Duration::from_secs(5 * 60);
const MAX_BODY_BYTES: usize = 16 * 1024;

/// The service that may use the provider.
#[derive(Debug)]
pub struct Client {
    pub id: String,
    pub secret: SecretString,
    /// The only address to which the provider sends browsers back.
    pub redirect_uri: String,
}

/// Why the provider cannot start.
#[derive(Debug, Error)]
pub enum SetupError {
    #[error("the redirect URI of the client must be an http or https URL without a fragment")]
    RedirectUri,
    #[error("cannot create a signing key: {0}")]
    Key(#[from] jsonwebtoken::errors::Error),
    #[error("cannot load a template of the pages: {0}")]
    Template(#[from] minijinja::Error),
}

/// What the provider stores with a code.
struct Grant {
    /// The code challenge, with which the provider checks the verifier (PKCE).
    challenge: String,
    nonce: Option<String>,
    scope: String,
    person: Person,
    defect: Defect,
}

/// The provider. [`TeachingProvider::router`] serves it.
pub struct TeachingProvider {
    issuer: String,
    client: Client,
    redirect_uri: Url,
    clock: Clock,
    keys: Keys,
    pages: Pages,
    codes: Expiring<Grant>,
    access_tokens: Expiring<Person>,
    last_sign_in: Mutex<Option<SignIn>>,
}

/// The state of the handlers.
type Provider = State<Arc<TeachingProvider>>;

impl TeachingProvider {
    /// Creates a provider with new keys. `issuer` is an origin without a final slash, such as `http://127.0.0.1:4000`.
    ///
    /// # Errors
    /// Fails if the client's redirect URI is invalid.
    pub fn new(issuer: String, client: Client, clock: Clock) -> Result<Self, SetupError> {
        let redirect_uri = Url::parse(&client.redirect_uri).map_err(|_| SetupError::RedirectUri)?;
        if !matches!(redirect_uri.scheme(), "http" | "https") || redirect_uri.fragment().is_some() {
            return Err(SetupError::RedirectUri);
        }
        Ok(Self {
            issuer,
            client,
            pages: Pages::new(&redirect_uri)?,
            redirect_uri,
            clock,
            keys: Keys::generate()?,
            codes: Expiring::new(CODE_LIFETIME),
            access_tokens: Expiring::new(TOKEN_LIFETIME),
            last_sign_in: Mutex::default(),
        })
    }

    /// Returns the routes. Serve them only on a loopback address.
    pub fn router(self) -> Router {
        Router::new()
            .route("/", get(last_sign_in::show))
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/jwks", get(keys))
            .route("/authorize", get(authorize::show).post(authorize::decide))
            .route("/token", post(token::exchange))
            .route("/userinfo", get(userinfo::show).post(userinfo::show))
            .route("/end-session", get(end_session::by_query).post(end_session::by_form))
            .route("/style.css", get(pages::style))
            .fallback(not_found)
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .layer(from_fn(protection::protect))
            .with_state(Arc::new(self))
    }

    fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    fn last_sign_in(&self) -> MutexGuard<'_, Option<SignIn>> {
        self.last_sign_in.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the metadata of the provider (OpenID Connect Discovery 1.0 §3). A provider for general use must also support
/// RS256. This one does not, because generating an RSA key at each start is slow.
async fn configuration(State(provider): Provider) -> Json<Value> {
    Json(json!({
        "issuer": provider.issuer,
        "authorization_endpoint": provider.endpoint("/authorize"),
        "token_endpoint": provider.endpoint("/token"),
        "userinfo_endpoint": provider.endpoint("/userinfo"),
        "jwks_uri": provider.endpoint("/jwks"),
        "end_session_endpoint": provider.endpoint("/end-session"),
        "scopes_supported": ["openid", "profile", "email"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": explanations::CLAIMS.map(|(name, _)| name),
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn keys(State(provider): Provider) -> Json<JwkSet> {
    Json(provider.keys.published())
}

async fn not_found(State(provider): Provider) -> Response {
    let text = "The teaching provider has no page at this address.";
    provider.pages.render(StatusCode::NOT_FOUND, "message.html", context! { title => "Not found", text })
}
