//! Writing beside a running service: some hundred rows in a transaction, so that it writes in between.

use crate::error::Error;

/// Rows of one transaction.
pub(super) const BATCH: usize = 500;
/// How often a batch is tried that others are in the way of.
const TRIES: u32 = 5;

/// Does `work`, and again while somebody signs up with one of its names, deletes their account, or holds a lock
/// for long.
pub(super) async fn patiently<T>(work: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    let mut tries = TRIES;
    loop {
        match work().await {
            Err(Error::UsernameTaken | Error::Refused(_) | Error::Unavailable(_)) if tries > 1 => tries -= 1,
            done => return done,
        }
    }
}
