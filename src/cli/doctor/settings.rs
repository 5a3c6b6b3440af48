//! Settings that are invalid, contradict each other, or have no effect.

use super::{Check, Finding};
use crate::cli::ineffective_settings;
use crate::cli::settings::{Settings, read_providers};
use crate::config::{Config, CookieSecure, EnvFile, SECRET_SETTINGS, SessionConfig, file_setting};

const CHECK: Check = Check("settings");

/// Returns the finding if the settings cannot be read.
pub(super) fn unreadable(message: &str) -> Finding {
    let found = format!("{message}; nothing else was checked");
    CHECK.error(found, "correct what the message names, and run daypass doctor again")
}

pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let Settings { cli, file, list, invalid } = settings;
    let mut problems: Vec<_> = invalid.iter().map(|setting| CHECK.error(&*setting.message, &*setting.repair)).collect();
    problems.extend(unreadable_secrets(file));
    problems.extend(contradictions(&cli.config).map(|problem| CHECK.error(problem, "change one of these settings")));
    let without_effect = ineffective_settings::find(&cli.config, file);
    problems.extend(without_effect.into_iter().map(|setting| CHECK.warning(setting.problem, setting.repair)));
    let unrelated = ineffective_settings::unrelated_names(file);
    let others = if unrelated.is_empty() {
        String::new()
    } else {
        format!("; .env also has names that are not settings of Daypass: {}", unrelated.join(", "))
    };
    CHECK.or_ok(problems, format!("{} settings are valid{others}", list.len()))
}

/// Returns the secrets whose files cannot be read.
fn unreadable_secrets(file: &EnvFile) -> impl Iterator<Item = Finding> {
    SECRET_SETTINGS.into_iter().filter_map(move |name| {
        let error = file.check_secrets(|secret| secret == name).err()?;
        Some(CHECK.error(error, format!("{}=<path of a file that the service can read>", file_setting(name))))
    })
}

/// Returns contradictions between settings. The check `cookies` reports `COOKIE_SECURE`.
fn contradictions(config: &Config) -> impl Iterator<Item = String> {
    let sessions = SessionConfig { cookie_secure: Some(CookieSecure::Always), ..config.sessions.clone() };
    let environment = config.daypass_env;
    let results = [
        sessions.check(environment, config.tokens.jwt_ttl),
        read_providers(&mut config.oidc.clone()),
        config.oidc.check(environment, config.listen.public_url.as_ref()),
        config.mail.check(environment, config.listen.public_url.is_some()),
    ];
    results.into_iter().filter_map(Result::err)
}
