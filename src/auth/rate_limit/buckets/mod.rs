//! Quotas for any number of keys, in bounded memory.
//!
//! Each key has a bucket. As in GCRA, one point in time encodes how full the bucket is. A key is stored as a keyed
//! 64-bit hash, so its length does not matter. When there are too many keys, the half that was charged least often and
//! least recently is deleted, so keys under attack stay. Times come from the monotonic clock, because the wall clock
//! can be set.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::counter;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use super::quota::{Allowance, Quota};
use crate::platform::clock::Monotonic;

/// The maximum number of keys. They take about 5 MiB.
const CAPACITY: usize = 65_536;
/// How long a key is locked after too many charges in a row. A pause of this length resets the count.
const LOCKED: Duration = Duration::from_hours(24);
/// The maximum number of attempts per key that wait for attempts in progress.
const MAX_WAITING: usize = 256;

pub(super) struct Buckets {
    policy: &'static str,
    quota: Quota,
    /// A key is locked after this many charges in a row.
    max_in_a_row: Option<u32>,
    hasher: RandomState,
    entries: Mutex<HashMap<u64, Entry>>,
}

struct Entry {
    /// When the bucket becomes, or became, empty again. All tries are then available.
    empty_at: Monotonic,
    in_a_row: u32,
    /// The number of tries reserved by attempts in progress.
    in_progress: u32,
    /// Wakes waiting attempts when an attempt finishes. Created by the first attempt that waits.
    finished: Option<Arc<Notify>>,
}

/// Why no try could be reserved.
pub(super) enum NoTry {
    /// All tries are used up.
    Exhausted(Allowance),
    /// Attempts in progress have reserved the remaining tries.
    InProgress {
        /// Resolves when one of these attempts finishes. `None` if too many attempts already wait.
        finished: Option<Pin<Box<OwnedNotified>>>,
        /// What is left of the quota if all attempts in progress fail.
        allowance: Allowance,
    },
}

impl NoTry {
    pub(super) fn allowance(&self) -> Allowance {
        match self {
            Self::Exhausted(allowance) | Self::InProgress { allowance, .. } => *allowance,
        }
    }
}

/// One or more reserved tries. If they are dropped, they count as used.
#[must_use]
pub(super) struct Reserved<'a> {
    buckets: &'a Buckets,
    key: u64,
    tries: u32,
    at: Monotonic,
    settled: bool,
}

impl Buckets {
    pub(super) fn new(policy: &'static str, quota: Quota) -> Self {
        Self { policy, quota, max_in_a_row: None, hasher: RandomState::new(), entries: Mutex::default() }
    }

    /// Sets the maximum: a key is locked for a day after `max` charges without a pause of a day.
    pub(super) fn with_max_in_a_row(self, max: u32) -> Self {
        Self { max_in_a_row: Some(max), ..self }
    }

    /// Reserves a try for `key`.
    pub(super) fn reserve(&self, key: impl Hash, now: Monotonic) -> Result<Reserved<'_>, NoTry> {
        self.reserve_many(key, 1, now)
    }

    /// Reserves `tries` tries for `key`. If there are fewer, reserves none.
    pub(super) fn reserve_many(&self, key: impl Hash, tries: u32, now: Monotonic) -> Result<Reserved<'_>, NoTry> {
        let key = self.hasher.hash_one(key);
        let mut entries = self.lock();
        if entries.len() >= CAPACITY && !entries.contains_key(&key) {
            delete_half(&mut entries);
        }
        let new = Entry { empty_at: now, in_a_row: 0, in_progress: 0, finished: None };
        let entry = entries.entry(key).or_insert(new);
        if now.since(entry.empty_at) > LOCKED {
            entry.in_a_row = 0;
        }
        let allowance = self.allowance(entry.empty_at, now);
        if allowance.remaining > 0 && self.max_in_a_row.is_some_and(|max| entry.in_a_row >= max) {
            // The key is no longer locked.
            entry.in_a_row = 0;
        }
        let until_locked = self.max_in_a_row.map_or(u32::MAX, |max| max.saturating_sub(entry.in_a_row));
        if allowance.remaining < tries {
            counter!("daypass_limited_total", "limit" => self.policy).increment(1);
            let missing = self.quota.interval() * (tries - allowance.remaining - 1);
            return Err(NoTry::Exhausted(Allowance { next: allowance.next + missing, ..allowance }));
        }
        if entry.in_progress.saturating_add(tries) > allowance.remaining.min(until_locked) {
            return Err(self.in_progress(entry, now));
        }
        entry.in_progress += tries;
        Ok(Reserved { buckets: self, key, tries, at: now, settled: false })
    }

    fn in_progress(&self, entry: &mut Entry, now: Monotonic) -> NoTry {
        let notify = entry.finished.get_or_insert_default();
        // Each waiting attempt holds a reference, and so does the entry.
        let finished =
            (Arc::strong_count(notify) <= MAX_WAITING).then(|| Box::pin(Arc::clone(notify).notified_owned()));
        let if_all_fail = entry.empty_at.max(now) + self.quota.interval() * entry.in_progress;
        NoTry::InProgress { finished, allowance: self.allowance(if_all_fail, now) }
    }

    /// Ends the reservation, applies `change` to the entry, and wakes waiting attempts. Returns what is left of the
    /// quota.
    fn settle(&self, reserved: &mut Reserved<'_>, change: impl FnOnce(&mut Entry)) -> Allowance {
        let mut entries = self.lock();
        let new = Entry { empty_at: reserved.at, in_a_row: 0, in_progress: 0, finished: None };
        // The entry exists, because entries with reserved tries are never deleted.
        let entry = entries.entry(reserved.key).or_insert(new);
        entry.in_progress = entry.in_progress.saturating_sub(if reserved.settled { 0 } else { reserved.tries });
        reserved.settled = true;
        change(entry);
        let allowance = self.allowance(entry.empty_at, reserved.at);
        if let Some(finished) = &entry.finished {
            finished.notify_waiters();
        }
        if entry.in_progress == 0 && entry.in_a_row == 0 && entry.empty_at <= reserved.at {
            entries.remove(&reserved.key);
        }
        allowance
    }

    fn charge(&self, entry: &mut Entry, tries: u32, at: Monotonic) {
        entry.empty_at = entry.empty_at.max(at) + self.quota.interval() * tries;
        entry.in_a_row += 1;
        if self.max_in_a_row.is_some_and(|max| entry.in_a_row >= max) {
            // Locks the key: the next try is possible a day later.
            entry.empty_at = at + (LOCKED + self.quota.window - self.quota.interval());
        }
    }

    fn allowance(&self, empty_at: Monotonic, now: Monotonic) -> Allowance {
        let (window, interval) = (self.quota.window, self.quota.interval());
        let used = empty_at.since(now);
        let free = window.saturating_sub(used).as_nanos();
        let remaining = u32::try_from(free / interval.as_nanos().max(1)).unwrap_or(u32::MAX).min(self.quota.tries);
        let next = (used + interval * (remaining + 1)).saturating_sub(window);
        Allowance { policy: self.policy, quota: self.quota, remaining, next }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reserved<'_> {
    pub(super) fn count(mut self) -> Allowance {
        self.charge()
    }

    pub(super) fn release(mut self) -> Allowance {
        self.buckets.settle(&mut self, |_| ())
    }

    /// Releases these tries and empties the bucket, so that all tries are available.
    pub(super) fn reset(mut self) -> Allowance {
        let at = self.at;
        self.buckets.settle(&mut self, |entry| {
            entry.empty_at = at;
            entry.in_a_row = 0;
        })
    }

    fn charge(&mut self) -> Allowance {
        let (buckets, tries, at) = (self.buckets, self.tries, self.at);
        buckets.settle(self, |entry| buckets.charge(entry, tries, at))
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.charge();
        }
    }
}

/// Deletes half of the entries. Entries with attempts in progress stay. The number of connections limits how many there
/// are.
fn delete_half(entries: &mut HashMap<u64, Entry>) {
    let rank = |entry: &Entry| (entry.in_a_row, entry.empty_at);
    let mut ranks: Vec<_> = entries.values().map(rank).collect();
    let middle = ranks.len() / 2;
    let median = *ranks.select_nth_unstable(middle).1;
    // More than half of the entries can have the same rank, so the deletions are counted.
    let mut surplus = entries.len() - middle;
    entries.retain(|_, entry| {
        let delete = surplus > 0 && entry.in_progress == 0 && rank(entry) <= median;
        surplus -= usize::from(delete);
        !delete
    });
}

#[cfg(test)]
mod tests;
