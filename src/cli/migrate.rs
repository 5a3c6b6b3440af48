//! `daypass migrate`: the tables, up and down. What destroys data asks first.

use clap::Subcommand;
use migration::{MigrationStatus, Migrator, MigratorTrait};
use sea_orm::DatabaseConnection;

use super::Failure;
use super::consent::Consent;
use crate::config::Config;
use crate::database::{self, DatabaseError};

#[derive(Subcommand, Debug)]
pub(super) enum Verb {
    /// Apply what is pending
    Up,
    /// Take back the latest migrations, with the data of their tables
    Down {
        /// How many
        #[arg(default_value_t = 1)]
        steps: u32,
        /// All after this one: its name, the beginning of it, or its number
        #[arg(long, value_name = "NAME", conflicts_with = "steps")]
        to: Option<String>,
        #[command(flatten)]
        consent: Consent,
    },
    /// List the migrations and whether they are applied
    Status,
    /// Drop all tables, with all data, and apply every migration
    Fresh {
        #[command(flatten)]
        consent: Consent,
    },
}

pub(super) async fn run(verb: &Verb, config: &Config) -> Result<(), Failure> {
    let url = &config.database.database_url;
    match verb {
        Verb::Down { to: Some(name), consent, .. } => {
            let name = find(name)?;
            consent.obtain(&format!("Take back every migration of {url} after {name}, with their data?"))?;
        }
        Verb::Down { steps, consent, .. } => {
            consent.obtain(&format!("Take back {steps} migration(s) of {url}, with their data?"))?;
        }
        Verb::Fresh { consent } => consent.obtain(&format!("Drop all data of {url}?"))?,
        Verb::Up | Verb::Status => {}
    }
    let db = database::connect(url).await?;
    let done = match verb {
        Verb::Up => database::migrate(&db).await,
        Verb::Down { to: Some(name), .. } => Migrator::down(&db, Some(applied_after(&db, &find(name)?).await?)).await,
        Verb::Down { steps, .. } => Migrator::down(&db, Some(*steps)).await,
        Verb::Fresh { .. } => Migrator::fresh(&db).await,
        Verb::Status => Ok(()),
    };
    done.map_err(DatabaseError::Migrate)?;
    print_status(&db).await
}

/// The one migration that is meant by its name, the beginning of it, or its number.
fn find(text: &str) -> Result<String, Failure> {
    let all = Migrator::migrations();
    let number: Option<u32> = text.parse().ok();
    let meant = |name: &&str| name.starts_with(text) || number.is_some() && number == number_of(name);
    let mut found = all.iter().map(|migration| migration.name()).filter(meant);
    match (found.next(), found.next()) {
        (Some(name), None) => Ok(name.to_owned()),
        (Some(_), Some(_)) => Err(Failure::usage(format!("--to {text:?} is the beginning of several migrations"))),
        (None, _) => Err(Failure::usage(format!("there is no migration {text:?} (see daypass migrate status)"))),
    }
}

/// The 7 of `m20261121_000007_workout_logs`.
fn number_of(name: &str) -> Option<u32> {
    name.split('_').nth(1)?.parse().ok()
}

/// How many of those that are applied come after this one, which must be.
async fn applied_after(db: &DatabaseConnection, name: &str) -> Result<u32, Failure> {
    let applied = Migrator::get_applied_migrations(db).await.map_err(DatabaseError::Migrate)?;
    let after = applied.iter().rev().position(|migration| migration.name() == name);
    let after = after.ok_or_else(|| Failure::from(format!("{name} is not applied; nothing was changed")))?;
    u32::try_from(after).map_err(|error| Failure::from(error.to_string()))
}

#[expect(clippy::print_stdout, reason = "the list is what was asked for")]
async fn print_status(db: &DatabaseConnection) -> Result<(), Failure> {
    let all = Migrator::get_migration_with_status(db).await.map_err(DatabaseError::Migrate)?;
    for migration in all {
        let status = match migration.status() {
            MigrationStatus::Applied => "applied",
            MigrationStatus::Pending => "pending",
        };
        println!("{status}  {}", migration.name());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_is_meant_by_its_name_a_beginning_that_only_it_has_or_its_number() {
        for text in ["m20261121_000007_workout_logs", "m20261121_000007", "7", "000007"] {
            assert_eq!(find(text).unwrap(), "m20261121_000007_workout_logs");
        }
        for text in ["m2026", "", "0", "20261121", "workout_logs", "m20261121_000007_workout_logs_", "-7"] {
            assert!(find(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_migration_has_a_number_of_its_own() {
        let numbers: Vec<_> = Migrator::migrations().iter().map(|migration| number_of(migration.name())).collect();
        assert_eq!(numbers, (1..=numbers.len()).map(|number| u32::try_from(number).ok()).collect::<Vec<_>>());
    }
}
