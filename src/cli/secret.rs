//! `daypass secret`: generates secrets and lists the keys in use.

use std::path::Path;

use chrono::SecondsFormat;
use clap::Subcommand;

use super::database::open_existing;
use super::failure::Failure;
use super::ineffective_settings::warn_of_repeated_names;
use super::output::stdout_line;
use super::settings::{ENV_FILE, setting_names};
use crate::app::AppState;
use crate::auth::token::keys::KeyRing;
use crate::config::{Config, EnvFile, Reread, SecretSource, SigningAlgorithm, generate_secret};
use crate::error::Error;
use crate::events::{Actor, Details, Event, EventKind};
use crate::models::{event, session};
use crate::platform::clock::Clock;
use crate::platform::database::Pool;
use crate::platform::random;
use crate::platform::signals::Hangup;

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Print a new secret for JWT_SECRET
    Generate,
    /// List the keys in use and how long retired keys are needed
    Status,
}

pub(super) async fn run(command: &Command, config: &Config) -> Result<(), Failure> {
    match command {
        Command::Generate => stdout_line(&generate_secret(&mut random::secure())),
        Command::Status => {
            // Open the database first: in the wrong folder, `keys` would create a new development secret.
            let db = open_existing(config).await?;
            let status = match keys(config) {
                Ok((keys, _)) => print_status(&keys, &db, config).await,
                Err(failure) => Err(failure),
            };
            db.close_in_time().await;
            status
        }
    }
}

/// Returns the key ring for these settings, and the source of the signing key.
pub(super) fn keys(config: &Config) -> Result<(KeyRing, SecretSource), Failure> {
    let mut retired = config.tokens.retired_secrets()?;
    let folder = config.database.database_url.folder();
    let (environment, mut rng) = (config.daypass_env, random::secure());
    let (ring, source) = match config.tokens.jwt_algorithm {
        SigningAlgorithm::Hs256 => {
            let (secret, source) = config.tokens.signing_secret(environment, &folder, &mut rng)?;
            (KeyRing::hmac(&secret, &retired), source)
        }
        SigningAlgorithm::EdDsa => {
            if config.tokens.jwt_secret.is_some() {
                retired.push(config.tokens.signing_secret(environment, &folder, &mut rng)?.0);
            }
            let (pem, source) = config.tokens.private_keys()?;
            (KeyRing::eddsa(&pem, &retired), source)
        }
    };
    let ring = ring
        .map_err(|_| Failure::usage("JWT_PRIVATE_KEY_FILE: not an Ed25519 key in unencrypted PKCS#8 PEM".to_owned()))?;
    Ok((ring, source))
}

/// Reloads the secrets from `.env` on every SIGHUP. `file` has the settings that `.env` had at the start.
pub(super) async fn rotate_on_hangup(app: AppState, mut hangup: Hangup, mut file: EnvFile) {
    while hangup.reload().await.is_some() {
        match reread(&app.config, &mut file) {
            Ok(keys) => {
                let changed = report_changes(&app.tokens.keys(), &keys);
                let key_id = keys.signing().id().to_string();
                app.tokens.rotate(keys);
                if changed && let Err(error) = record_change(&app, key_id).await {
                    tracing::error!(cause = error.cause(), "cannot write the event of the new keys");
                }
            }
            Err(failure) => {
                tracing::error!(cause = failure.message(), "keys not reloaded; the previous keys stay in use");
            }
        }
    }
}

/// Returns the key ring for the secrets in `.env` and in secret files. If there are no such files, uses the settings
/// from the start.
fn reread(config: &Config, known: &mut EnvFile) -> Result<KeyRing, Failure> {
    let path = Path::new(ENV_FILE);
    if !path.exists() && !known.has_secret_files() {
        return Ok(keys(config)?.0);
    }
    let file = known.reread(path)?;
    warn_of_repeated_names(&file);
    warn_of_ignored_changes(config, known, &file);
    let (keys, _) = keys(&Config { tokens: config.tokens.reread(&file), ..config.clone() })?;
    *known = file;
    Ok(keys)
}

/// Inserts the event of a change of the keys. Each replica inserts one, because each has its own key ring.
async fn record_change(app: &AppState, key_id: String) -> Result<(), Error> {
    let details = Details { key_id: Some(key_id), ..Details::default() };
    let changed = Event::new(EventKind::KeysChanged, Actor::Operator, app.clock.now()).with(details);
    let transaction = app.db.begin_write().await?;
    event::create(&transaction, &changed).await?;
    transaction.commit().await?;
    changed.log();
    Ok(())
}

/// Logs the changes of the keys. Returns whether there are any.
fn report_changes(before: &KeyRing, after: &KeyRing) -> bool {
    let only_in = |ring: &KeyRing, other: &KeyRing| -> Vec<String> {
        ring.iter()
            .filter(|key| other.iter().all(|known| known.id() != key.id()))
            .map(|key| key.id().to_string())
            .collect()
    };
    let (added, removed) = (only_in(after, before), only_in(before, after));
    let changed = !added.is_empty() || !removed.is_empty() || before.signing().id() != after.signing().id();
    if changed {
        tracing::info!(signing = %after.signing().id(), ?added, ?removed, "keys reloaded");
    } else {
        tracing::info!("keys reloaded: no key has changed");
    }
    changed
}

/// Logs the names of settings that changed in `.env` but that a reload does not apply. Does not log their values.
fn warn_of_ignored_changes(config: &Config, known: &EnvFile, file: &EnvFile) {
    let value = |file: &'_ EnvFile, name: &str| file.get(name).filter(|value| !value.is_empty()).map(ToOwned::to_owned);
    for name in setting_names().into_iter().filter(|name| value(known, name) != value(file, name)) {
        let place = if file.secret_file(&name).is_some() { "its file" } else { ENV_FILE };
        match config.tokens.rereads(&name) {
            Reread::Yes => {}
            Reread::Fixed => tracing::warn!("{name} of {place} is ignored: a flag or the environment sets it"),
            Reread::No => tracing::warn!("{name} has changed in {place}; restart the service to apply it"),
        }
    }
}

async fn print_status(keys: &KeyRing, db: &Pool, config: &Config) -> Result<(), Failure> {
    let now = Clock::System.now();
    stdout_line(&format!("{}  signs and verifies", keys.signing().id()))?;
    for key in keys.iter().skip(1) {
        let last = session::latest_expiry_by_key(db, key.id()).await.map_err(|error| error.to_string())?;
        let needed_until = last.map(|expiry| expiry + config.tokens.jwt_leeway).filter(|until| *until > now);
        // Not every token has a row: anonymous sessions have none, and the row of a session has only the key of its first
        // token.
        let lifetime = humantime::format_duration(config.session_max().to_std().unwrap_or_default());
        let advice = needed_until.map_or(format!("not needed after {lifetime} without signing"), |until| {
            format!("needed until {}", until.to_rfc3339_opts(SecondsFormat::Secs, true))
        });
        stdout_line(&format!("{}  verifies, {advice}", key.id()))?;
    }
    Ok(())
}
