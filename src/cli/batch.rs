//! Bulk writes, split into short transactions so that a running service can write between them.

use chrono::{DateTime, Utc};

use crate::error::Error;
use crate::events::{Actor, Details, Event, EventKind};
use crate::models::event;
use crate::platform::database::Transaction;

/// The maximum number of rows in one transaction.
pub(super) const BATCH_SIZE: usize = 500;
const MAX_ATTEMPTS: u32 = 5;

/// Runs `work` up to five times. Retries it after a conflict with another writer, such as a sign-up with the same name,
/// a deleted account, or a time-out while waiting for a lock.
pub(super) async fn retry<T>(work: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 1..MAX_ATTEMPTS {
        match work().await {
            Err(Error::UsernameTaken | Error::Refused(_) | Error::Unavailable(_)) => {}
            result => return result,
        }
    }
    work().await
}

/// Inserts the event of a transaction that imports users.
pub(super) async fn record_import(db: &Transaction, users: usize, now: DateTime<Utc>) -> Result<(), Error> {
    if users == 0 {
        return Ok(());
    }
    let details = Details { users: Some(users as u64), ..Details::default() };
    event::create(db, &Event::new(EventKind::UsersImported, Actor::Operator, now).with(details)).await
}
