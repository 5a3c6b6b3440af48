//! Tries that are used up and come back, for any number of keys, in bounded memory.
//!
//! Each key has a bucket (GCRA: one moment says how full it is). A key is kept as a keyed 64-bit hash, so a
//! name of any length takes the same. When there are too many, the emptier half is forgotten: whoever is
//! under attack has a full bucket, and keeps it.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use metrics::counter;

use super::{Allowance, Quota};

/// The most keys remembered, in some 5 MiB.
const CAPACITY: usize = 65_536;
/// A key that was charged so often without a [`Buckets::forgive`] is closed for [`CLOSED`]
/// (NIST SP 800-63B-4 §3.2.2).
const MOST_IN_A_ROW: u32 = 100;
const CLOSED: TimeDelta = TimeDelta::hours(24);

pub(super) struct Buckets {
    policy: &'static str,
    quota: Quota,
    hasher: RandomState,
    entries: Mutex<HashMap<u64, Entry>>,
}

struct Entry {
    /// When the bucket is, or was, empty again.
    empty_at: DateTime<Utc>,
    in_a_row: u32,
}

/// A bucket that was charged, to be named again when the outcome is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Charged(u64);

impl Buckets {
    pub(super) fn new(policy: &'static str, quota: Quota) -> Self {
        Self { policy, quota, hasher: RandomState::new(), entries: Mutex::default() }
    }

    /// Uses up a try of `key`, if it has one left.
    ///
    /// # Errors
    /// When it has none, with the time of the next one.
    pub(super) fn charge(&self, key: impl Hash, now: DateTime<Utc>) -> Result<(Charged, Allowance), Allowance> {
        let key = self.hasher.hash_one(key);
        let (window, interval) = (span(self.quota.window), span(self.quota.interval()));
        let mut entries = self.lock();
        if entries.len() >= CAPACITY && !entries.contains_key(&key) {
            forget_the_emptier_half(&mut entries);
        }
        let entry = entries.entry(key).or_insert(Entry { empty_at: now, in_a_row: 0 });
        let empty_at = entry.empty_at.max(now) + interval;
        if empty_at - now > window {
            counter!("daypass_limited_total", "limit" => self.policy).increment(1);
            return Err(self.allowance(entry.empty_at, now));
        }
        entry.empty_at = empty_at;
        entry.in_a_row += 1;
        if entry.in_a_row >= MOST_IN_A_ROW {
            *entry = Entry { empty_at: now + CLOSED + window - interval, in_a_row: 0 };
        }
        Ok((Charged(key), self.allowance(entry.empty_at, now)))
    }

    /// Gives a try back that came to nothing.
    pub(super) fn give_back(&self, Charged(key): Charged) {
        if let Some(entry) = self.lock().get_mut(&key) {
            entry.empty_at -= span(self.quota.interval());
            entry.in_a_row = entry.in_a_row.saturating_sub(1);
        }
    }

    /// Forgets what was charged to a key.
    pub(super) fn forgive(&self, Charged(key): Charged) {
        self.lock().remove(&key);
    }

    /// A bucket that nothing was charged to yet.
    pub(super) fn untouched(&self) -> Allowance {
        let Quota { tries, .. } = self.quota;
        Allowance { policy: self.policy, quota: self.quota, remaining: tries, next: Duration::ZERO }
    }

    fn allowance(&self, empty_at: DateTime<Utc>, now: DateTime<Utc>) -> Allowance {
        let (window, interval) = (span(self.quota.window), span(self.quota.interval()));
        let used = (empty_at - now).max(TimeDelta::zero());
        let room = (window - used).max(TimeDelta::zero());
        let remaining = room.num_microseconds().unwrap_or(0) / interval.num_microseconds().unwrap_or(1).max(1);
        let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
        let next = used + interval * i32::try_from(remaining + 1).unwrap_or(i32::MAX) - window;
        let next = next.max(TimeDelta::zero()).to_std().unwrap_or_default();
        Allowance { policy: self.policy, quota: self.quota, remaining, next }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

fn forget_the_emptier_half(entries: &mut HashMap<u64, Entry>) {
    let mut moments: Vec<_> = entries.values().map(|entry| entry.empty_at).collect();
    let middle = moments.len() / 2;
    let (_, median, _) = moments.select_nth_unstable(middle);
    let median = *median;
    // Equal moments could be more than half: of those, as many go as must.
    let mut surplus = entries.len() - middle;
    entries.retain(|_, entry| {
        let goes = surplus > 0 && entry.empty_at <= median;
        surplus -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(tries: u32) -> Buckets {
        Buckets::new("test", Quota { tries, window: Duration::from_secs(60) })
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    #[test]
    fn tries_are_used_up_and_come_back_one_by_one() {
        let buckets = buckets(3);
        for left in [2, 1, 0] {
            assert_eq!(buckets.charge("a", at(0)).unwrap().1.remaining, left);
        }
        let refused = buckets.charge("a", at(5)).unwrap_err();
        assert_eq!((refused.remaining, refused.next), (0, Duration::from_secs(15)));
        assert!(buckets.charge("b", at(5)).is_ok(), "another key has its own");
        assert!(buckets.charge("a", at(20)).is_ok());
        assert!(buckets.charge("a", at(20)).is_err());
        assert_eq!(buckets.charge("a", at(200)).unwrap().1.remaining, 2, "never more than the quota");
    }

    #[test]
    fn what_came_to_nothing_is_given_back_and_a_success_forgives() {
        let buckets = buckets(2);
        let (charged, _) = buckets.charge("a", at(0)).unwrap();
        buckets.give_back(charged);
        let (charged, allowance) = buckets.charge("a", at(0)).unwrap();
        assert_eq!(allowance.remaining, 1);
        buckets.charge("a", at(0)).unwrap();
        buckets.forgive(charged);
        assert_eq!(buckets.charge("a", at(0)).unwrap().1.remaining, 1);
    }

    #[test]
    fn memory_is_bounded_and_who_is_under_attack_is_not_forgotten() {
        let buckets = buckets(5);
        for _ in 0..5 {
            buckets.charge("victim", at(0)).unwrap();
        }
        for stranger in 0..4 * CAPACITY {
            buckets.charge(stranger, at(0)).unwrap();
        }
        let entries = buckets.lock();
        assert!(entries.len() <= CAPACITY && entries.capacity() < 4 * CAPACITY, "{}", entries.capacity());
        drop(entries);
        assert!(buckets.charge("victim", at(0)).is_err());
    }
}
