//! The traces of a build without the feature `otel`: none.

use super::{Export, Outcome, RequestHead};

pub struct Traces(());

impl Traces {
    /// # Errors
    /// Always.
    pub fn start(_: &Export) -> Result<Self, String> {
        Err("OTEL_EXPORTER_OTLP_ENDPOINT has no effect, because this build does not have the feature otel".to_owned())
    }
}

pub struct RequestSpan(());

impl RequestSpan {
    pub fn start<'a>(_: impl FnOnce() -> RequestHead<'a>) -> Self {
        Self(())
    }

    #[must_use]
    pub fn trace_id(&self) -> Option<String> {
        None
    }

    pub fn finish(self, _: &Outcome<'_>) {}
}
