//! The configuration and the keys of a provider: read at the first use, stored, and read again after some time.

use std::sync::Arc;
use std::time::Duration;

use openidconnect::core::CoreJsonWebKeySet;
use openidconnect::{DiscoveryError, IssuerUrl};
use tokio::sync::Mutex;
use tracing::warn;

use super::error::OidcError;
use super::http_client::{HttpClient, HttpError};
use super::protocol::Metadata;
use crate::platform::clock::{Clock, Monotonic};
use crate::types::provider_name::ProviderName;

/// How long the configuration is used before it is read again.
const LIFETIME: Duration = Duration::from_hours(1);
/// The minimum time between two attempts to read the configuration or the keys. So tokens with unknown keys cannot make
/// the service send many requests.
const MIN_PAUSE: Duration = Duration::from_secs(10);

/// Reads and stores the configuration and the keys of one provider.
#[derive(Debug)]
pub(super) struct Discovery {
    provider: ProviderName,
    issuer: IssuerUrl,
    http: Arc<HttpClient>,
    clock: Clock,
    /// Locked while a request is sent, so that concurrent sign-ins share it.
    stored: Mutex<Stored>,
}

#[derive(Debug, Default)]
struct Stored {
    metadata: Option<Arc<Metadata>>,
    /// When the metadata was read.
    read_at: Option<Monotonic>,
    /// When the last request for the metadata or the keys ended.
    tried_at: Option<Monotonic>,
}

impl Discovery {
    pub(super) fn new(provider: ProviderName, issuer: IssuerUrl, http: Arc<HttpClient>, clock: Clock) -> Self {
        Self { provider, issuer, http, clock, stored: Mutex::default() }
    }

    /// Returns the configuration with the keys. If it cannot be read again, returns the old one.
    pub(super) async fn metadata(self: &Arc<Self>) -> Result<Arc<Metadata>, OidcError> {
        let discovery = Arc::clone(self);
        to_the_end(async move { discovery.read_metadata().await }).await
    }

    async fn read_metadata(&self) -> Result<Arc<Metadata>, OidcError> {
        let mut stored = self.stored.lock().await;
        let now = self.clock.monotonic();
        let is_within = |at: Option<Monotonic>, time| at.is_some_and(|at| now.since(at) < time);
        match &stored.metadata {
            Some(metadata) if is_within(stored.read_at, LIFETIME) || is_within(stored.tried_at, MIN_PAUSE) => {
                return Ok(Arc::clone(metadata));
            }
            None if is_within(stored.tried_at, MIN_PAUSE) => return Err(OidcError::failed_before()),
            _ => {}
        }
        let read = Metadata::discover_async(self.issuer.clone(), &*self.http).await;
        let now = self.clock.monotonic();
        stored.tried_at = Some(now);
        match read {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                (stored.metadata, stored.read_at) = (Some(Arc::clone(&metadata)), Some(now));
                Ok(metadata)
            }
            Err(error) => {
                let error = self.failed(&error);
                stored.metadata.clone().ok_or(error)
            }
        }
    }

    /// Reads the keys again, because a token was signed with a key that is not among `known`. Returns `None` if they were
    /// requested a short time ago.
    pub(super) async fn newer_keys(
        self: &Arc<Self>,
        known: &CoreJsonWebKeySet,
    ) -> Result<Option<CoreJsonWebKeySet>, OidcError> {
        let (discovery, known) = (Arc::clone(self), known.clone());
        to_the_end(async move { discovery.read_newer_keys(&known).await }).await
    }

    async fn read_newer_keys(&self, known: &CoreJsonWebKeySet) -> Result<Option<CoreJsonWebKeySet>, OidcError> {
        let mut stored = self.stored.lock().await;
        let Some(metadata) = stored.metadata.clone() else { return Ok(None) };
        // Another sign-in may have read them while this one waited.
        if metadata.jwks() != known {
            return Ok(Some(metadata.jwks().clone()));
        }
        if stored.tried_at.is_some_and(|at| self.clock.monotonic().since(at) < MIN_PAUSE) {
            return Ok(None);
        }
        let keys = CoreJsonWebKeySet::fetch_async(metadata.jwks_uri(), &*self.http).await;
        stored.tried_at = Some(self.clock.monotonic());
        let keys = keys.map_err(|error| self.failed(&error))?;
        stored.metadata = Some(Arc::new((*metadata).clone().set_jwks(keys.clone())));
        Ok(Some(keys))
    }

    fn failed(&self, error: &DiscoveryError<HttpError>) -> OidcError {
        let error = OidcError::discovery(error);
        warn!(provider = %self.provider, cause = %error, "cannot read the configuration of a provider");
        error
    }
}

/// Runs the work to its end, even if the client of the request disconnects. Otherwise, aborted requests could prevent that
/// a configuration is ever read.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, OidcError>> + Send + 'static,
) -> Result<T, OidcError> {
    tokio::spawn(work).await.unwrap_or_else(|_| Err(OidcError::failed_before()))
}
