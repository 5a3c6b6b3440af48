//! Locks for asynchronous work on numbered things.

use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// The number of locks. Different keys can share a lock.
const LOCKS: u64 = 64;
/// How long to wait for a lock.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// Makes sure that only one task at a time works on a key.
pub struct KeyedLock(Box<[Mutex<()>]>);

impl Default for KeyedLock {
    fn default() -> Self {
        Self((0..LOCKS).map(|_| Mutex::default()).collect())
    }
}

impl KeyedLock {
    /// Waits until no other task works on the key.
    ///
    /// # Errors
    /// [`Elapsed`] if other tasks take longer than two seconds.
    pub async fn lock(&self, key: u64) -> Result<MutexGuard<'_, ()>, Elapsed> {
        timeout(MAX_WAIT, self.0[usize::try_from(key % LOCKS).unwrap_or(0)].lock()).await
    }
}
