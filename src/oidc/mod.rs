//! Sign-in with OpenID Connect providers: the client of the protocol. It does not use users and sessions.

mod discovery;
mod error;
mod http_client;
mod id_token;
mod logout_token;
mod profile;
mod protocol;
mod provider;

use std::sync::Arc;

use thiserror::Error;

pub use error::{OidcError, Step};
pub use id_token::IdTokenFacts;
pub use logout_token::LogoutToken;
pub use profile::Profile;
pub use provider::{FlowSecrets, Provider, ProviderUser};

use crate::config::Config;
use crate::platform::clock::Clock;
use crate::types::provider_name::ProviderName;
use http_client::HttpClient;

/// The providers of the settings, in their order.
#[derive(Debug, Default)]
pub struct Providers(Vec<Provider>);

/// Why the providers cannot be used.
#[derive(Debug, Error)]
pub enum ProvidersError {
    #[error("cannot read the certificates of the system, which connections to sign-in providers need: {0}")]
    Certificates(#[source] std::io::Error),
    #[error("an address of a sign-in provider is not valid: {0}")]
    Address(#[from] url::ParseError),
}

impl Providers {
    /// Creates the providers. Sends no requests.
    ///
    /// # Errors
    /// [`ProvidersError`].
    pub fn new(config: &Config, clock: &Clock) -> Result<Self, ProvidersError> {
        if config.oidc.providers.is_empty() {
            return Ok(Self::default());
        }
        let http = Arc::new(HttpClient::new(config.daypass_env).map_err(ProvidersError::Certificates)?);
        let provider = |settings: &crate::config::ProviderConfig| {
            let redirect_uri = config.public_url().with_path(&format!("/api/oidc/{}/callback", settings.name));
            Provider::new(settings.clone(), config.daypass_env, redirect_uri, Arc::clone(&http), clock.clone())
        };
        Ok(Self(config.oidc.providers.iter().map(provider).collect::<Result<_, _>>()?))
    }

    #[must_use]
    pub fn find(&self, name: &ProviderName) -> Option<&Provider> {
        self.0.iter().find(|provider| provider.name() == name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.0.iter()
    }
}
