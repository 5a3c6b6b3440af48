//! `daypass seed`: inserts sample data, and deletes it.

use chrono::SecondsFormat;
use clap::Subcommand;

use super::confirm::Confirm;
use super::database;
use super::database::ended_at;
use super::failure::Failure;
use super::output::stdout_line;
use crate::config::{Config, Environment};
use crate::models::seed;
use crate::platform::clock::Clock;
use crate::platform::database::Pool;
use crate::seeds;
use crate::seeds::Seed;

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Run a seed, or all seeds, unless they were run before
    Run {
        /// Name of the seed
        name: Option<String>,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// Delete the rows that a seed inserted, even if they have changed since
    Revert {
        /// Name of the seed
        name: Option<String>,
        /// Revert all seeds, the latest first (default without a name)
        #[arg(long, conflicts_with = "name")]
        all: bool,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// List seeds and their status
    Status,
}

pub(super) async fn run(command: &Command, config: &Config) -> Result<(), Failure> {
    let run = async |db: &Pool| match command {
        Command::Run { name, confirm } => run_seeds(db, name.as_deref(), confirm, config).await,
        Command::Revert { name, confirm, .. } => revert(db, name.as_deref(), confirm, config).await,
        Command::Status => print_status(db).await,
    };
    database::with(config, run).await
}

async fn run_seeds(db: &Pool, name: Option<&str>, confirm: &Confirm, config: &Config) -> Result<(), Failure> {
    let selected = match name {
        Some(name) => vec![find(name)?],
        None => Seed::ALL.to_vec(),
    };
    let ran = seed::all(db).await?;
    let before = |seed: Seed| ran.iter().any(|row| row.name == seed.name());
    if config.daypass_env == Environment::Production
        && let Some(seed) = selected.iter().find(|seed| !before(**seed) && !seed.accounts().is_empty())
    {
        let url = &config.database.database_url;
        confirm.ask(&format!("The passwords of the seed {} are public. Run it on {url}?", seed.name()))?;
    }
    for seed in selected {
        if before(seed) || !run_one(db, seed, config).await? {
            stdout_line(&format!("{} was run before", seed.name()))?;
        }
    }
    Ok(())
}

/// Runs a seed and prints its accounts. Returns false if the seed was run before.
async fn run_one(db: &Pool, seed: Seed, config: &Config) -> Result<bool, Failure> {
    let name = seed.name();
    let ran = seeds::run(db, seed, config, Clock::System.now()).await;
    let ran = ran.map_err(|error| format!("{name} was not run: {}", Failure::from(error).message()))?;
    if ran {
        stdout_line(&format!("ran {name}"))?;
        for (username, password) in seed.accounts() {
            stdout_line(&format!("  username {username:?}, password {password:?}"))?;
        }
    }
    Ok(ran)
}

/// Reverts the seed with this name, or all seeds from the latest to the first. Each seed has its own transaction: if
/// one fails, the seeds that were reverted before it stay reverted.
async fn revert(db: &Pool, name: Option<&str>, confirm: &Confirm, config: &Config) -> Result<(), Failure> {
    // Uses the records in the database instead of `Seed::ALL`, because seeds of other releases can also be reverted.
    let ran = seed::all(db).await?.into_iter().rev().map(|row| row.name);
    let names: Vec<_> = ran.filter(|ran| name.is_none_or(|name| name == ran)).collect();
    let (url, all) = (&config.database.database_url, names.join(", "));
    let rows = match (name, &*names) {
        (None, []) => return stdout_line("no seeds to revert"),
        (Some(name), []) => return Err(not_run(find(name)?.name())),
        (_, [_]) => format!("the seed {all} inserted into {url}, and all data of its users"),
        (_, _) => format!("the seeds {all} inserted into {url}, and all data of their users"),
    };
    confirm.ask(&format!("Delete the rows that {rows}?"))?;
    for reverted in names {
        // Another process may have reverted the seed in the meantime.
        if !revert_one(db, &reverted, config).await? && name.is_some() {
            return Err(not_run(&reverted));
        }
    }
    Ok(())
}

/// Reverts a seed and prints the number of deleted rows. Returns false if the seed was already reverted.
async fn revert_one(db: &Pool, name: &str, config: &Config) -> Result<bool, Failure> {
    let reverted = seeds::revert(db, name, ended_at(config)).await;
    let deleted = reverted.map_err(|error| format!("{name} was not reverted: {}", Failure::from(error).message()))?;
    if let Some(deleted) = deleted {
        stdout_line(&format!("reverted {name}; rows deleted: {deleted}"))?;
    }
    Ok(deleted.is_some())
}

fn find(name: &str) -> Result<Seed, Failure> {
    let found = Seed::ALL.into_iter().find(|seed| seed.name() == name);
    found.ok_or_else(|| Failure::usage(format!("seed {name:?} not found (see daypass seed status)")))
}

fn not_run(name: &str) -> Failure {
    Failure::from(format!("the seed {name} was not run"))
}

async fn print_status(db: &Pool) -> Result<(), Failure> {
    let ran = seed::all(db).await?;
    for row in &ran {
        stdout_line(&format!("ran      {}  {}", row.name, row.ran_at.0.to_rfc3339_opts(SecondsFormat::Secs, true)))?;
    }
    for seed in Seed::ALL.into_iter().filter(|seed| !ran.iter().any(|row| row.name == seed.name())) {
        stdout_line(&format!("pending  {}", seed.name()))?;
    }
    Ok(())
}
