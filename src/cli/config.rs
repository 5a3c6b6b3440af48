//! `daypass config`: prints the settings in force, and where each one is set. Secrets are hidden.

use super::failure::Failure;
use super::output::stdout_line;
use super::settings::{HIDDEN, Setting};
use crate::config::{Config, CookieSecure};

pub(super) fn run(config: &Config, settings: &[Setting]) -> Result<(), Failure> {
    for setting in settings {
        let value = effective_value(config, &setting.name).unwrap_or_else(|| setting.given.clone());
        stdout_line(&format!("{}={value}  # {}", setting.name, setting.source))?;
    }
    config.check().map_err(Failure::usage)
}

/// Returns the value of a setting that is secret or whose default depends on other settings.
fn effective_value(config: &Config, name: &str) -> Option<String> {
    let environment = config.daypass_env;
    Some(match name {
        "DATABASE_URL" => config.database.database_url.to_string(),
        "SESSION_STORE" => config.sessions.session_store.to_string(),
        "JWT_SECRET" => config.tokens.jwt_secret.as_ref().map_or("", |_| HIDDEN).to_owned(),
        "JWT_SECRETS_RETIRED" => vec![HIDDEN; config.tokens.jwt_secrets_retired.len()].join(","),
        "COOKIE_SECURE" => match config.sessions.cookie_secure(environment) {
            CookieSecure::Always => "true",
            CookieSecure::Never => "false",
            CookieSecure::Auto => "auto",
        }
        .to_owned(),
        "PAGES" => config.pages.are_enabled(environment).to_string(),
        "CLASSROOM" => config.classroom.is_enabled(environment).to_string(),
        "HASH_THREADS" => config.passwords.threads().to_string(),
        "RATE_LIMITS" => config.limits.rate_limits(environment).to_string(),
        "PUBLIC_URL" => config.public_url().to_string(),
        "MAILER" => config.mailer().to_string(),
        "SMTP_URL" => config.mail.smtp_url.as_ref().map_or_else(String::new, ToString::to_string),
        "MAIL_FROM" => config.mail.sender().to_string(),
        "LOG_FORMAT" => config.log.format(environment).to_string(),
        _ => return None,
    })
}
