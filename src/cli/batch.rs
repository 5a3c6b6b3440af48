//! Bulk writes in transactions of limited size, so that a running service can write in between.

use crate::error::Error;

/// Rows of one transaction.
pub(super) const BATCH_SIZE: usize = 500;
const MAX_ATTEMPTS: u32 = 5;

/// Runs `work`, and repeats it after a conflict with another writer: a sign-up with the same name, a deleted account, or
/// a lock that was held for long.
pub(super) async fn retry<T>(work: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 1..MAX_ATTEMPTS {
        match work().await {
            Err(Error::UsernameTaken | Error::Refused(_) | Error::Unavailable(_)) => {}
            result => return result,
        }
    }
    work().await
}
