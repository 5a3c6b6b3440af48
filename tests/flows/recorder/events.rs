//! Listens to the SQL statements and transactions of the service, and to the requests that the provider gets.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber, subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Context;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Layer, registry};

use super::{script, sql};
use crate::support::{PROVIDER_EVENTS, SQL_EVENTS};

/// The target of the spans in which SeaORM begins, commits and rolls back transactions.
const TRANSACTIONS: &str = "sea_orm::database::transaction";

/// Starts to listen, once per process. Each thread adds to its own recording.
pub(super) fn listen() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let targets = [TRANSACTIONS, SQL_EVENTS, PROVIDER_EVENTS];
        let listener = Listener.with_filter(filter_fn(move |metadata| targets.contains(&metadata.target())));
        subscriber::set_global_default(registry().with(listener)).unwrap();
    });
}

struct Listener;

impl<S: Subscriber> Layer<S> for Listener {
    fn on_new_span(&self, span: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let name = span.metadata().name();
        script::write_if_recording(|script| script.transaction(name));
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut values = Values::default();
        event.record(&mut values);
        script::write_if_recording(|script| match event.metadata().target() {
            SQL_EVENTS => script.statement(&sql::summary(values.get("statement"))),
            _ => script.provider_exchange(&values.request(), &values.response()),
        });
    }
}

/// The fields of an event.
#[derive(Default)]
struct Values(BTreeMap<&'static str, String>);

impl Visit for Values {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Values {
    fn get(&self, name: &str) -> &str {
        &self.0[name]
    }

    fn request(&self) -> String {
        format!("{} {}{}", self.get("method"), self.get("path"), members(self.get("form")))
    }

    fn response(&self) -> String {
        format!("{}{}", self.get("status"), members(self.get("members")))
    }
}

/// The names of an object's members, or the first three of many.
fn members(names: &str) -> String {
    let names: Vec<_> = names.split(", ").filter(|name| !name.is_empty()).collect();
    match names.len() {
        0 => String::new(),
        1..=6 => format!(" {{{}}}", names.join(", ")),
        _ => format!(" {{{}, …}}", names[..3].join(", ")),
    }
}
