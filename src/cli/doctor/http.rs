//! Requests to running services.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use tokio::time::timeout;

/// The time limit for a request and its response.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The maximum size of a response. The metrics of a service have about 100 KiB.
const MAX_BYTES: usize = 1024 * 1024;

/// A client that follows no redirects. Without the certificates of the system, it has an error.
pub(super) struct Http(Result<Client<HttpsConnector<HttpConnector>, Empty<Bytes>>, String>);

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Http {
    pub(super) fn new() -> Self {
        let connector = HttpsConnectorBuilder::new().with_provider_and_native_roots(ring::default_provider());
        let client = connector.map(|connector| {
            Client::builder(TokioExecutor::new()).build(connector.https_or_http().enable_http1().build())
        });
        Self(client.map_err(|error| format!("cannot read the certificates of the system: {error}")))
    }

    /// Requests an address.
    ///
    /// # Errors
    /// Why there is no response, for the operator.
    pub(super) async fn get(&self, address: &str) -> Result<Answer, String> {
        let client = self.0.as_ref().map_err(Clone::clone)?;
        let uri: Uri = address.parse().map_err(|_| "the address is not valid".to_owned())?;
        let request = async {
            let response = client.get(uri).await.map_err(|error| with_sources(&error))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_BYTES).collect().await.map_err(|error| error.to_string())?;
            let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        let no_answer = || Err(format!("no response within {} seconds", TIMEOUT.as_secs()));
        timeout(TIMEOUT, request).await.unwrap_or_else(|_| no_answer())
    }
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
