//! Seeds: sample data, one file per seed. A seed runs once. Its rows and the record of their ids are inserted in one
//! transaction. When the seed is reverted, the record identifies the rows to delete.

use chrono::{DateTime, Utc};
use sea_orm::EntityTrait as _;

use crate::config::Config;
use crate::error::Error;
use crate::events::{Actor, Details, Event, EventKind};
use crate::models::session::EndedAt;
use crate::models::user_creation::NewUser;
use crate::models::{event, imported_record, seed, session, test_row, user};
use crate::platform::database::{Pool, Transaction};
use crate::platform::random;
use crate::types::generation::Generation;

mod demo;
mod test_rows;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// Users with items and workout logs.
    Demo,
    /// A row of the course's table `tests`.
    TestRows,
}

impl Seed {
    /// All seeds in the order in which they run.
    pub const ALL: [Self; 2] = [Self::Demo, Self::TestRows];

    /// Returns the name on the command line and in the database. A name must never be reused for another seed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::TestRows => "test-rows",
        }
    }

    /// Returns the usernames and passwords of the accounts that the seed creates. They are public.
    #[must_use]
    pub fn accounts(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Demo => demo::accounts().collect(),
            Self::TestRows => Vec::new(),
        }
    }
}

/// Runs a seed. Returns false if it was run before.
///
/// # Errors
/// If a username is taken or a password is too short for these settings. In that case nothing is changed.
pub async fn run(db: &Pool, seed: Seed, config: &Config, now: DateTime<Utc>) -> Result<bool, Error> {
    let users = new_users(seed, config, now).await?;
    let transaction = db.begin_write().await?;
    if !insert(&transaction, seed, users, now).await? {
        return Ok(false);
    }
    transaction.commit().await?;
    Ok(true)
}

/// Returns the users of a seed. Hashing their passwords is slow, so this function is called before the write
/// transaction.
async fn new_users(seed: Seed, config: &Config, now: DateTime<Utc>) -> Result<Vec<NewUser>, Error> {
    match seed {
        Seed::Demo => demo::new_users(config, now).await,
        Seed::TestRows => Ok(Vec::new()),
    }
}

/// Inserts the rows of a seed and their record. Returns false if the seed was run before.
async fn insert(db: &Transaction, seed: Seed, users: Vec<NewUser>, now: DateTime<Utc>) -> Result<bool, Error> {
    let Some(record) = seed::record(db, seed.name(), now).await? else { return Ok(false) };
    let inserted = match seed {
        Seed::Demo => demo::insert(db, users, now).await?,
        Seed::TestRows => test_rows::insert(db, now).await?,
    };
    record.save_rows(db, &inserted).await?;
    Ok(true)
}

/// The result of [`reset`].
pub struct Reset {
    pub deleted_users: u64,
    /// The seeds that were run again.
    pub seeds: Vec<&'static str>,
}

/// Deletes all users and rows, ends all sessions, and reruns the seeds that were run before, in one transaction.
pub async fn reset(db: &Pool, config: &Config, now: DateTime<Utc>) -> Result<Reset, Error> {
    let mut prepared = Vec::new();
    for seed in Seed::ALL {
        prepared.push((seed, new_users(seed, config, now).await?));
    }
    let transaction = db.begin_write().await?;
    let ran = seed::all(&transaction).await?;
    session::end_every(&transaction, Generation::random(&mut random::secure())).await?;
    // Items, workout logs and sessions are deleted with their users.
    let deleted = user::Entity::delete_many().exec(&transaction).await?.rows_affected;
    test_row::Entity::delete_many().exec(&transaction).await?;
    imported_record::Entity::delete_many().exec(&transaction).await?;
    seed::Entity::delete_many().exec(&transaction).await?;
    event::Entity::delete_many().exec(&transaction).await?;
    let details = Details { users: Some(deleted), ..Details::default() };
    event::create(&transaction, &Event::new(EventKind::ClassroomReset, Actor::Operator, now).with(details)).await?;
    prepared.retain(|(seed, _)| ran.iter().any(|row| row.name == seed.name()));
    let mut seeds = Vec::new();
    for (seed, users) in prepared {
        insert(&transaction, seed, users, now).await?;
        seeds.push(seed.name());
    }
    transaction.commit().await?;
    Ok(Reset { deleted_users: deleted, seeds })
}

/// Deletes the remaining rows of a seed and returns their number, or `None` if the seed was not run.
pub async fn revert(db: &Pool, name: &str, at: EndedAt) -> Result<Option<u64>, Error> {
    let transaction = db.begin_write().await?;
    let Some(record) = seed::lock(&transaction, name).await? else { return Ok(None) };
    let deleted = record.revert(&transaction, at).await?;
    transaction.commit().await?;
    Ok(Some(deleted))
}
