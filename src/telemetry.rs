//! The log: one subscriber, set up once, written to standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{Environment, LogConfig, LogFormat};

/// Starts logging.
///
/// # Errors
/// When `LOG` is not a filter.
pub fn start(config: &LogConfig, environment: Environment) -> Result<(), String> {
    // What the migrator does is told by `daypass migrate`; in the log it would be noise at every start.
    let filter = format!("sea_orm_migration=warn,sqlx::postgres::notice=warn,{}", config.filter);
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("LOG: {error}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match config.format(environment) {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
        LogFormat::Pretty => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
    };
    started.map_err(|error| error.to_string())
}
