//! The HTTP client for requests to providers. It limits what a faulty or hostile provider can cause.

use std::pin::Pin;
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls::crypto::ring;
use thiserror::Error;
use tokio::time::timeout;
use url::Url;

use crate::config::{Environment, is_allowed};

/// The time limit for a request and its response.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum size of a response.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// A client that follows no redirects.
#[derive(Debug)]
pub(super) struct HttpClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    environment: Environment,
}

/// Why a request to a provider failed.
#[derive(Debug, Error)]
pub(super) enum HttpError {
    #[error("the address {0} is not https")]
    NotAllowed(String),
    #[error("no complete response within {} s", TIMEOUT.as_secs())]
    Timeout,
    #[error("cannot connect, or the connection was closed")]
    Connection(#[source] hyper_util::client::legacy::Error),
    #[error("the response has more than {} KiB", MAX_RESPONSE_BYTES / 1024)]
    TooLarge,
    #[error("the response is not complete")]
    Incomplete(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl HttpError {
    /// Returns whether another attempt can succeed without a change at the provider.
    pub(super) fn is_temporary(&self) -> bool {
        matches!(self, Self::Timeout | Self::Connection(_) | Self::Incomplete(_))
    }
}

impl HttpClient {
    /// Creates a client that trusts the certificates of the system.
    pub(super) fn new(environment: Environment) -> Result<Self, std::io::Error> {
        let connector = HttpsConnectorBuilder::new().with_provider_and_native_roots(ring::default_provider())?;
        let connector = connector.https_or_http().enable_http1().build();
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), environment })
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let address = Url::parse(&request.uri().to_string()).ok();
        if !address.is_some_and(|address| is_allowed(&address, self.environment)) {
            return Err(HttpError::NotAllowed(request.uri().to_string()));
        }
        let request = request.map(|body| Full::new(Bytes::from(body)));
        let response = self.client.request(request).await.map_err(HttpError::Connection)?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_RESPONSE_BYTES).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { HttpError::TooLarge } else { HttpError::Incomplete(error) }
        })?;
        Ok(HttpResponse::from_parts(head, body.to_bytes().to_vec()))
    }
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { timeout(TIMEOUT, self.send(request)).await.unwrap_or(Err(HttpError::Timeout)) })
    }
}
