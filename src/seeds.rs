//! Seeds: rows to begin with, one file each. A seed is run once: its rows and the record of them are made in
//! one transaction, and the record is what finds them when it is taken back.

use chrono::{DateTime, Utc};
use sea_orm::DatabaseConnection;

use crate::config::Config;
use crate::database::Writers;
use crate::error::Error;
use crate::models::seed;

mod demo;
mod test_rows;

/// What can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// People with items and workout logs, to try the service with.
    Demo,
    /// A row of the course's table.
    TestRows,
}

impl Seed {
    /// All, in the order in which they are run.
    pub const ALL: [Self; 2] = [Self::Demo, Self::TestRows];

    /// The name it is run by and recorded under; never to be given to another.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::TestRows => "test-rows",
        }
    }

    /// The seed of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|seed| seed.name() == name)
    }

    /// The usernames and passwords of the accounts it makes. They are written here, so everybody knows them.
    #[must_use]
    pub fn accounts(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Demo => demo::accounts().collect(),
            Self::TestRows => Vec::new(),
        }
    }
}

/// Runs a seed unless it was run before; whether it was run now.
///
/// # Errors
/// When something it makes is there already, breaks a rule of these settings, or the database fails: then
/// nothing has been changed.
pub async fn run(db: &DatabaseConnection, seed: Seed, config: &Config, now: DateTime<Utc>) -> Result<bool, Error> {
    // Hashing takes its time; nobody is to wait for a turn to write meanwhile.
    let newcomers = match seed {
        Seed::Demo => demo::newcomers(config, now).await?,
        Seed::TestRows => Vec::new(),
    };
    let transaction = Writers::of(db).begin(db).await?;
    let Some(record) = seed::record(&transaction, seed.name(), now).await? else { return Ok(false) };
    let made = match seed {
        Seed::Demo => demo::make(&transaction, newcomers, now).await?,
        Seed::TestRows => test_rows::make(&transaction, now).await?,
    };
    record.remember(&transaction, &made).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Deletes the rows that the seed of this name made, and no others; how many there still were, or none if it
/// was not run.
///
/// # Errors
/// When the database fails: then nothing has been changed.
pub async fn revert(db: &DatabaseConnection, name: &str, now: DateTime<Utc>) -> Result<Option<u64>, Error> {
    let transaction = Writers::of(db).begin(db).await?;
    let Some(record) = seed::lock(&transaction, name).await? else { return Ok(None) };
    let deleted = record.revert(&transaction, now).await?;
    transaction.commit().await?;
    Ok(Some(deleted))
}
