//! `daypass secret`: makes secrets, and tells which are in use.

use std::path::Path;

use chrono::SecondsFormat;
use clap::Subcommand;
use sea_orm::DatabaseConnection;

use super::{Failure, say};
use crate::app::App;
use crate::auth::keys::KeyRing;
use crate::clock::Clock;
use crate::config::{Config, SecretSource, SigningAlgorithm, generate_secret};
use crate::models::session;
use crate::{database, random};

#[derive(Subcommand, Debug)]
pub(super) enum Verb {
    /// Print a new secret for JWT_SECRET
    Generate,
    /// List the keys in use, and until when a retired one is needed
    Status,
}

pub(super) async fn run(verb: &Verb, config: &Config) -> Result<(), Failure> {
    match verb {
        Verb::Generate => say(&generate_secret(&mut random::secure())),
        Verb::Status => {
            let (keys, _) = keys(config)?;
            let db = database::connect(&config.database.database_url).await?;
            print_status(&keys, &db, config).await
        }
    }
}

/// The key ring of these settings, and where the key that signs came from.
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

/// Takes the secrets that `.env` names now into use, each time the process is sent SIGHUP.
pub(super) async fn rotate_on_hangup(app: App, mut hangup: tokio::signal::unix::Signal) {
    while hangup.recv().await.is_some() {
        let settings = app.config.tokens.reread(Path::new(".env")).map_err(Failure::from);
        let rotated = settings.and_then(|tokens| keys(&Config { tokens, ..app.config.clone() }));
        match rotated {
            Ok((keys, _)) => {
                tracing::info!(?keys, "took the keys of .env into use");
                app.tokens.rotate(keys);
            }
            Err(failure) => tracing::error!(cause = failure.message(), "the keys stay as they are"),
        }
    }
}

async fn print_status(keys: &KeyRing, db: &DatabaseConnection, config: &Config) -> Result<(), Failure> {
    let now = Clock::System.now();
    say(&format!("{}  signs and verifies", keys.signing().id()))?;
    for key in keys.iter().skip(1) {
        let last = session::last_of_key(db, key.id()).await.map_err(|error| error.to_string())?;
        let needed_until = last.map(|expiry| expiry + config.tokens.jwt_leeway).filter(|until| *until > now);
        // Sessions of visitors have no row, and one that is renewed has another key by now.
        let lifetime = humantime::format_duration(config.tokens.jwt_ttl.to_std().unwrap_or_default());
        let advice = needed_until.map_or(format!("no longer needed once it has not signed for {lifetime}"), |until| {
            format!("needed until {}", until.to_rfc3339_opts(SecondsFormat::Secs, true))
        });
        say(&format!("{}  verifies, {advice}", key.id()))?;
    }
    Ok(())
}
