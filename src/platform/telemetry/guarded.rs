//! Catches panics of a log layer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Runs a layer. If the layer panics, drops the event, so that a request does not fail because a value cannot be
/// formatted.
pub(super) struct Guarded<L>(pub(super) L);

fn guarded(work: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(work));
}

impl<S: Subscriber, L: Layer<S>> Layer<S> for Guarded<L> {
    fn on_layer(&mut self, subscriber: &mut S) {
        self.0.on_layer(subscriber);
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        guarded(|| self.0.on_new_span(attributes, id, context));
    }

    fn on_record(&self, span: &Id, values: &Record<'_>, context: Context<'_, S>) {
        guarded(|| self.0.on_record(span, values, context));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        guarded(|| self.0.on_event(event, context));
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        guarded(|| self.0.on_enter(id, context));
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        guarded(|| self.0.on_exit(id, context));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        guarded(|| self.0.on_close(id, context));
    }
}
