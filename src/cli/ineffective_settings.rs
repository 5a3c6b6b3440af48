//! Settings without effect: repeated or misspelt names, and settings that require another one.

use std::collections::BTreeSet;

use strsim::osa_distance;

use super::settings::{ENV_FILE, is_set, setting_names, variables_of_providers};
use crate::config::{Config, EnvFile, OidcConfig, SECRET_SETTINGS, SigningAlgorithm, file_setting};

/// The maximum number of typing errors in a name that counts as a misspelt setting.
const MAX_TYPOS: usize = 2;
/// Shorter names do not count as misspelt, because they are similar to too many others.
const MIN_NAME_CHARS: usize = 5;

/// A setting without effect. The texts do not contain its value.
pub(super) struct Ineffective {
    pub(super) problem: String,
    pub(super) repair: String,
}

/// Logs the settings without effect.
pub(super) fn warn(config: &Config, file: &EnvFile) {
    find(config, file).iter().for_each(|Ineffective { problem, .. }| tracing::warn!("{problem}"));
}

/// Logs the names that the file sets more than once.
pub(super) fn warn_of_repeated_names(file: &EnvFile) {
    repeated(file).for_each(|Ineffective { problem, .. }| tracing::warn!("{problem}"));
}

/// Returns the settings without effect.
pub(super) fn find(config: &Config, file: &EnvFile) -> Vec<Ineffective> {
    let mut found: Vec<_> = repeated(file).chain(misspelt(file)).collect();
    let providers = config.oidc.settings();
    let unused = variables_of_providers().into_iter().filter(|name| {
        is_set(name) && name != "OIDC_PROVIDERS" && OidcConfig::is_setting(name) && !providers.contains(name)
    });
    found.extend(unused.map(|name| Ineffective {
        problem: format!("{name} has no effect, because OIDC_PROVIDERS does not name its provider"),
        repair: format!("add the provider to OIDC_PROVIDERS, or remove {name}"),
    }));
    if config.tokens.jwt_private_key_file.is_some() && config.tokens.jwt_algorithm != SigningAlgorithm::EdDsa {
        found.push(Ineffective {
            problem: "JWT_PRIVATE_KEY_FILE has no effect without JWT_ALGORITHM=EdDSA".to_owned(),
            repair: "JWT_ALGORITHM=EdDSA".to_owned(),
        });
    }
    found
}

fn repeated(file: &EnvFile) -> impl Iterator<Item = Ineffective> {
    file.repeated().iter().map(|name| Ineffective {
        problem: format!("{ENV_FILE} sets {name} more than once; the first line counts"),
        repair: format!("remove all lines of {ENV_FILE} that set {name}, except one"),
    })
}

fn misspelt(file: &EnvFile) -> Vec<Ineffective> {
    let environment = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let names: BTreeSet<_> = environment.chain(file.names().map(ToOwned::to_owned)).collect();
    let settings = known_names();
    let ineffective = |name: String| {
        let meant = nearest(&name, &settings)?;
        Some(Ineffective {
            problem: format!("{name} is not a setting; did you mean {meant}?"),
            repair: format!("rename {name} to {meant}"),
        })
    };
    names.into_iter().filter_map(ineffective).collect()
}

/// Returns the names in `.env` that are not settings and are not similar to one. Other programs may read them.
pub(super) fn unrelated_names(file: &EnvFile) -> Vec<&str> {
    let settings = known_names();
    let is_known = |name: &str| settings.iter().any(|known| known == name) || OidcConfig::is_setting(name);
    file.names().filter(|name| !is_known(name) && nearest(name, &settings).is_none()).collect()
}

fn known_names() -> Vec<String> {
    setting_names().into_iter().chain(SECRET_SETTINGS.into_iter().map(file_setting)).collect()
}

/// Returns the setting that the operator probably meant by `name`. Every name that starts with `JWT_` counts as a
/// misspelt setting if it is not one.
fn nearest<'a>(name: &str, settings: &'a [String]) -> Option<&'a str> {
    let upper = name.to_ascii_uppercase();
    let distance = |setting: &&String| osa_distance(&upper, setting);
    let nearest = settings.iter().min_by_key(distance)?;
    let is_near = distance(&nearest) <= MAX_TYPOS && nearest.len() >= MIN_NAME_CHARS && upper.len() >= MIN_NAME_CHARS;
    (name != nearest && (is_near || upper.starts_with("JWT_"))).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_like_a_setting_are_recognised() {
        let settings = setting_names();
        for (name, meant) in [
            ("JWT_SECRETT", Some("JWT_SECRET")),
            ("RATELIMITS", Some("RATE_LIMITS")),
            ("database_url", Some("DATABASE_URL")),
            ("DATABSE_URL", Some("DATABASE_URL")),
            ("JWT_EXPIRES_IN", Some("JWT_ISSUER")),
            ("TRUSTED_PROXY", None),
            ("HOSTNAME", None),
            ("POST", None),
            ("PATH", None),
            ("LOGNAME", None),
            ("DAYPASS_PORT", None),
            ("POSTGRES_PASSWORD", None),
        ] {
            let found = nearest(name, &settings);
            assert_eq!(found.is_some(), meant.is_some(), "{name}: {found:?}");
            assert!(name == "JWT_EXPIRES_IN" || found == meant, "{name}: {found:?}");
        }
        assert!(settings.iter().all(|name| nearest(name, &settings).is_none()));
    }
}
