//! The HTTP client for requests to the collector.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{HttpClient, HttpError};
use rustls::crypto::ring;
use tokio::runtime::Handle;
use tracing::{info, warn};

/// Sends requests in the Tokio runtime, because the thread of the SDK has none.
#[derive(Debug)]
pub(super) struct Collector {
    client: Arc<HyperClient<HttpsConnector<HttpConnector>>>,
    runtime: Handle,
    /// Whether the last request failed. Without it, an outage would log a line for each batch.
    is_failing: AtomicBool,
}

impl Collector {
    /// Creates a client that trusts the certificates of the system.
    pub(super) fn new(timeout: Duration) -> Result<Self, std::io::Error> {
        let connector = HttpsConnectorBuilder::new().with_provider_and_native_roots(ring::default_provider())?;
        let connector = connector.https_or_http().enable_http1().build();
        let client = Arc::new(HyperClient::new(connector, timeout, None));
        Ok(Self { client, runtime: Handle::current(), is_failing: AtomicBool::new(false) })
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = Arc::clone(&self.client);
        let response = self.runtime.spawn(async move { client.send_bytes(request).await }).await??;
        let status = response.status();
        if status.is_success() { Ok(response) } else { Err(format!("the collector responds with {status}").into()) }
    }

    /// Logs the first failure, and the first success after failures.
    fn report<T>(&self, result: &Result<T, HttpError>) {
        match result {
            Ok(_) if self.is_failing.swap(false, Ordering::Relaxed) => info!("traces can be sent again"),
            Err(cause) if !self.is_failing.swap(true, Ordering::Relaxed) => warn!(%cause, "cannot send traces"),
            _ => {}
        }
    }
}

impl HttpClient for Collector {
    fn send_bytes<'client, 'result>(
        &'client self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'result>>
    where
        'client: 'result,
        Self: 'result,
    {
        Box::pin(async move {
            let result = self.send(request).await;
            self.report(&result);
            result
        })
    }
}
