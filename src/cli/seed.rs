//! `daypass seed`: rows to begin with, each seed once, and taken back alone.

use chrono::SecondsFormat;
use clap::Subcommand;
use sea_orm::DatabaseConnection;

use super::consent::Consent;
use super::{Failure, say};
use crate::clock::Clock;
use crate::config::{Config, Environment};
use crate::models::seed;
use crate::seeds::{self, Seed};

#[derive(Subcommand, Debug)]
pub(super) enum Verb {
    /// Run a seed that was not run before, or all of them
    Run {
        /// Its name
        name: Option<String>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Delete the rows that a seed made, also those that were changed since, or those of all seeds
    Revert {
        /// Its name
        name: Option<String>,
        /// All that were run, the latest first: what no name means, too
        #[arg(long, conflicts_with = "name")]
        all: bool,
        #[command(flatten)]
        consent: Consent,
    },
    /// List the seeds and whether they were run
    Status,
}

pub(super) async fn run(verb: &Verb, config: &Config) -> Result<(), Failure> {
    let db = super::open_database(config).await?;
    match verb {
        Verb::Run { name, consent } => run_seeds(&db, name.as_deref(), consent, config).await,
        Verb::Revert { name: Some(name), consent, .. } => revert(&db, name, consent, config).await,
        Verb::Revert { name: None, consent, .. } => revert_all(&db, consent, config).await,
        Verb::Status => print_status(&db).await,
    }
}

async fn run_seeds(
    db: &DatabaseConnection,
    name: Option<&str>,
    consent: &Consent,
    config: &Config,
) -> Result<(), Failure> {
    let meant = match name {
        Some(name) => vec![Seed::named(name).ok_or_else(|| unknown(name))?],
        None => Seed::ALL.to_vec(),
    };
    let ran = seed::all(db).await?;
    let before = |seed: Seed| ran.iter().any(|row| row.name == seed.name());
    if config.daypass_env == Environment::Production
        && let Some(seed) = meant.iter().find(|seed| !before(**seed) && !seed.accounts().is_empty())
    {
        let url = &config.database.database_url;
        consent.obtain(&format!("Everybody knows the passwords of the seed {}. Run it on {url}?", seed.name()))?;
    }
    for seed in meant {
        if before(seed) || !run_one(db, seed, config).await? {
            say(&format!("{} was run before", seed.name()))?;
        }
    }
    Ok(())
}

/// Runs it, and tells whom one can sign in as; whether it was run now.
async fn run_one(db: &DatabaseConnection, seed: Seed, config: &Config) -> Result<bool, Failure> {
    let ran = seeds::run(db, seed, config, Clock::System.now()).await;
    let ran = ran.map_err(|error| format!("{} was not run: {}", seed.name(), Failure::from(error).message()))?;
    if ran {
        say(&format!("ran {}", seed.name()))?;
        for (username, password) in seed.accounts() {
            say(&format!("  username {username:?}, password {password:?}"))?;
        }
    }
    Ok(ran)
}

async fn revert(db: &DatabaseConnection, name: &str, consent: &Consent, config: &Config) -> Result<(), Failure> {
    // What another release recorded can be taken back, too.
    if !seed::all(db).await?.iter().any(|row| row.name == name) {
        let seed = Seed::named(name).ok_or_else(|| unknown(name))?;
        return Err(not_run(seed.name()));
    }
    let url = &config.database.database_url;
    consent.obtain(&format!("Delete the rows that the seed {name} made in {url}, with all that is its users'?"))?;
    if revert_one(db, name).await? { Ok(()) } else { Err(not_run(name)) }
}

/// Reverts what was run, the latest first. Each is a transaction of its own: should one fail, those that
/// were run after it have been reverted, and are told of.
async fn revert_all(db: &DatabaseConnection, consent: &Consent, config: &Config) -> Result<(), Failure> {
    let names: Vec<_> = seed::all(db).await?.into_iter().rev().map(|row| row.name).collect();
    if names.is_empty() {
        say("no seed was run")?;
        return Ok(());
    }
    let (url, all) = (&config.database.database_url, names.join(", "));
    consent.obtain(&format!("Delete the rows that the seeds {all} made in {url}, with all that is their users'?"))?;
    for name in names {
        // One that somebody else has just reverted is no more to be.
        revert_one(db, &name).await?;
    }
    Ok(())
}

/// Whether it was there to be reverted.
async fn revert_one(db: &DatabaseConnection, name: &str) -> Result<bool, Failure> {
    let reverted = seeds::revert(db, name, Clock::System.now()).await;
    let deleted = reverted.map_err(|error| format!("{name} was not reverted: {}", Failure::from(error).message()))?;
    if let Some(deleted) = deleted {
        say(&format!("reverted {name}; rows deleted: {deleted}"))?;
    }
    Ok(deleted.is_some())
}

fn unknown(name: &str) -> Failure {
    Failure::usage(format!("there is no seed {name:?} (see daypass seed status)"))
}

fn not_run(name: &str) -> Failure {
    Failure::from(format!("the seed {name} was not run"))
}

async fn print_status(db: &DatabaseConnection) -> Result<(), Failure> {
    let ran = seed::all(db).await?;
    for row in &ran {
        say(&format!("ran      {}  {}", row.name, row.ran_at.0.to_rfc3339_opts(SecondsFormat::Secs, true)))?;
    }
    for seed in Seed::ALL.into_iter().filter(|seed| !ran.iter().any(|row| row.name == seed.name())) {
        say(&format!("pending  {}", seed.name()))?;
    }
    Ok(())
}
