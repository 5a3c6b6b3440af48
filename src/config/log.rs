//! What is logged, and in which form.

use clap::{Args, ValueEnum};

use super::Environment;

/// Settings of the log.
#[derive(Args, Clone, Debug)]
pub struct LogConfig {
    /// What to log: a level, or a filter such as `info,daypass::request=debug` for every request
    #[arg(long = "log", env = "LOG", default_value = "info", global = true)]
    pub filter: String,
    /// `pretty` for people, `json` for machines [default: pretty, in production json]
    #[arg(long, env = "LOG_FORMAT", value_enum, global = true)]
    pub log_format: Option<LogFormat>,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One readable line.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl LogConfig {
    /// The form that holds in `environment`.
    #[must_use]
    pub fn format(&self, environment: Environment) -> LogFormat {
        self.log_format.unwrap_or(match environment {
            Environment::Development => LogFormat::Pretty,
            Environment::Production => LogFormat::Json,
        })
    }
}
