//! Settings of the log, the events and metrics.

use chrono::TimeDelta;
use clap::Args;

use super::Environment;
use super::parsers::{choice, parse_duration, socket_address, word_for_boolean};
use crate::platform::telemetry::LogFormat;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// The crates that write to the log.
const TARGETS: [&str; 12] = [
    "daypass",
    "h2",
    "hyper",
    "hyper_util",
    "mio",
    "redis",
    "rustls",
    "sea_orm",
    "sea_orm_migration",
    "sqlx",
    "tokio",
    "tower_http",
];

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Log and metrics")]
pub struct LogConfig {
    /// What to log: a level, or a filter such as `info,daypass::request=debug` for every request
    #[arg(long = "log", env = "LOG", default_value = "info", value_parser = filter, global = true)]
    pub filter: String,
    /// Format of the log [default: pretty in development, json in production]
    #[arg(long, env = "LOG_FORMAT", value_parser = choice::<LogFormat>(), global = true)]
    pub log_format: Option<LogFormat>,
    /// Separate address for /metrics [default: none; /metrics is then served with the API in development, and not in
    /// production]
    #[arg(long, env = "METRICS_LISTEN", value_parser = socket_address, global = true)]
    pub metrics_listen: Option<std::net::SocketAddr>,
    /// How long audit events are kept, at least 1h; false keeps them forever
    #[arg(long, env = "AUDIT_RETENTION", default_value = "90d", value_parser = retention, global = true)]
    pub audit_retention: Retention,
}

/// How long events are kept. `None` if they are kept forever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention(pub Option<TimeDelta>);

impl LogConfig {
    #[must_use]
    pub fn format(&self, environment: Environment) -> LogFormat {
        self.log_format.unwrap_or(match environment {
            Environment::Development => LogFormat::Pretty,
            Environment::Production => LogFormat::Json,
        })
    }
}

fn retention(text: &str) -> Result<Retention, String> {
    if word_for_boolean(text) == Some(false) {
        return Ok(Retention(None));
    }
    match parse_duration(text) {
        Ok(kept) if (TimeDelta::hours(1)..=TimeDelta::days(36_500)).contains(&kept) => Ok(Retention(Some(kept))),
        Ok(_) => Err("must be from 1h to 36500d".to_owned()),
        Err(_) => Err("must be false, or a duration such as 90d".to_owned()),
    }
}

/// Parses a filter. A directive that matches no line is an error, because it would silence the log.
fn filter(text: &str) -> Result<String, String> {
    let directives: Vec<_> = text.split(',').map(str::trim).filter(|each| !each.is_empty()).collect();
    match directives.iter().find(|each| !matches_lines(each)) {
        None if !directives.is_empty() => Ok(directives.join(",")),
        found => Err(format!(
            "{:?} matches nothing; use {}, or a filter such as info,daypass::request=debug, with the targets {}",
            found.copied().unwrap_or_default(),
            LEVELS.join(", "),
            TARGETS.join(", ")
        )),
    }
}

/// Returns whether a directive is a level, a target, or both as `target=level`.
fn matches_lines(directive: &str) -> bool {
    let is_level = |text: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(text));
    let (target, level) = match directive.rsplit_once('=') {
        Some((target, level)) => (target, Some(level)),
        None => (directive, None),
    };
    let library = target.split([':', '[']).next().unwrap_or_default();
    let is_target = TARGETS.contains(&library) || (library.is_empty() && target.starts_with('['));
    level.is_none_or(is_level) && (is_target || (level.is_none() && is_level(target)))
}
