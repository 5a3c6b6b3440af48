//! Bulk writes, split into short transactions so that a running service can write between them.

use crate::error::Error;

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
