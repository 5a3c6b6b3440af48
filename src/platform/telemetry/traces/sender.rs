//! Sends spans to the collector. A thread of the SDK sends them in batches, from a bounded queue.

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::warn;

use super::collector::Collector;
use super::{Encoding, Export, span};

const NAME: &str = "daypass";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The name that the SDK uses if the operator sets none.
const NO_NAME: &str = "unknown_service";
/// How long a stopping service waits until the last spans are sent.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// The running traces. Dropping it sends the queued spans, and waits at most `MAX_WAIT`.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Starts to record requests. Must be called in a Tokio runtime, which sends the spans.
    ///
    /// # Errors
    /// If the settings in the environment are invalid.
    pub fn start(export: &Export) -> Result<Self, String> {
        let collector = Collector::new(export.timeout).map_err(|error| error.to_string())?;
        let protocol = match export.encoding {
            Encoding::Protobuf => Protocol::HttpBinary,
            Encoding::Json => Protocol::HttpJson,
        };
        let exporter = SpanExporter::builder().with_http().with_protocol(protocol).with_http_client(collector);
        let exporter = exporter.build().map_err(|error| error.to_string())?;
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource()).build();
        let scope = InstrumentationScope::builder(NAME).with_version(VERSION).build();
        span::record(provider.tracer_with_scope(scope));
        Ok(Self(provider))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(MAX_WAIT) {
            warn!(%error, "the last traces may not have been sent");
        }
    }
}

/// Returns the attributes of this process. Those in the environment override the defaults.
fn resource() -> Resource {
    let detected = Resource::builder().build();
    let given = detected.iter().filter(|(_, value)| !value.as_str().starts_with(NO_NAME));
    let given: Vec<_> = given.map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect();
    let defaults = [KeyValue::new("service.name", NAME), KeyValue::new("service.version", VERSION)];
    Resource::builder_empty().with_attributes(defaults).with_attributes(given).build()
}
