//! Tries that are used up and come back, for any number of keys, in bounded memory.
//!
//! Each key has a bucket (GCRA: one moment says how full it is). A key is kept as a keyed 64-bit hash, so a
//! name of any length takes the same. When there are too many, half are forgotten, those charged least often
//! and longest ago: whoever is under attack stays.

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
/// How long a key is closed that was charged too often in a row; a pause as long begins the row anew.
const CLOSED: TimeDelta = TimeDelta::hours(24);

pub(super) struct Buckets {
    policy: &'static str,
    quota: Quota,
    /// A key charged so often in a row is closed.
    most_in_a_row: Option<u32>,
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
        Self { policy, quota, most_in_a_row: None, hasher: RandomState::new(), entries: Mutex::default() }
    }

    /// Closes a key for a day once it was charged `most` times without a day's pause.
    pub(super) fn closing_after(self, most: u32) -> Self {
        Self { most_in_a_row: Some(most), ..self }
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
            forget_half(&mut entries);
        }
        let entry = entries.entry(key).or_insert(Entry { empty_at: now, in_a_row: 0 });
        if now - entry.empty_at > CLOSED {
            entry.in_a_row = 0;
        }
        // A clock that was turned back closes nothing for longer than a day.
        entry.empty_at = entry.empty_at.min(now + CLOSED + window);
        let empty_at = entry.empty_at.max(now) + interval;
        if empty_at - now > window {
            counter!("daypass_limited_total", "limit" => self.policy).increment(1);
            return Err(self.allowance(entry.empty_at, now));
        }
        entry.empty_at = empty_at;
        entry.in_a_row += 1;
        if self.most_in_a_row.is_some_and(|most| entry.in_a_row >= most) {
            *entry = Entry { empty_at: now + CLOSED + window - interval, in_a_row: 0 };
        }
        Ok((Charged(key), self.allowance(entry.empty_at, now)))
    }

    /// Gives a try back that came to nothing.
    pub(super) fn give_back(&self, Charged(key): Charged) {
        let mut entries = self.lock();
        let Some(entry) = entries.get_mut(&key) else { return };
        entry.empty_at -= span(self.quota.interval());
        entry.in_a_row = match (entry.in_a_row, self.most_in_a_row) {
            // It was this very try that closed the key.
            (0, Some(most)) => {
                entry.empty_at -= CLOSED;
                most - 1
            }
            (in_a_row, _) => in_a_row.saturating_sub(1),
        };
        if entry.in_a_row == 0 {
            entries.remove(&key);
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
        let remaining = u32::try_from(remaining).unwrap_or(u32::MAX).min(self.quota.tries);
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

fn forget_half(entries: &mut HashMap<u64, Entry>) {
    let rank = |entry: &Entry| (entry.in_a_row, entry.empty_at);
    let mut ranks: Vec<_> = entries.values().map(rank).collect();
    let middle = ranks.len() / 2;
    let median = *ranks.select_nth_unstable(middle).1;
    // Equal ranks could be more than half: of those, as many go as must.
    let mut surplus = entries.len() - middle;
    entries.retain(|_, entry| {
        let goes = surplus > 0 && rank(entry) <= median;
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
    fn a_key_charged_too_often_in_a_row_is_closed_for_a_day_unless_the_last_came_to_nothing() {
        let buckets = buckets(5).closing_after(8);
        let charge = |second| buckets.charge("a", at(second));
        for turn in 0..7 {
            charge(turn * 20).unwrap();
        }
        let (last, _) = charge(200).unwrap();
        assert!(charge(300).is_err());
        buckets.give_back(last);
        charge(300).unwrap();
        assert_eq!(charge(400).unwrap_err().next.as_secs(), 24 * 3600 - 100);
        assert!(charge(300 + 24 * 3600).is_ok());
        let without = self::buckets(5);
        assert!((0..300).all(|turn| without.charge("a", at(turn * 20)).is_ok()), "others are never closed");
    }

    #[test]
    fn a_pause_of_a_day_begins_the_row_anew() {
        let buckets = buckets(5).closing_after(3);
        for day in 0..9 {
            assert!(buckets.charge("a", at(day * 25 * 3600)).is_ok());
        }
    }

    #[test]
    fn a_clock_turned_back_closes_nothing_for_ever() {
        let buckets = buckets(5);
        buckets.charge("a", at(1_000_000_000)).unwrap();
        let refused = buckets.charge("a", at(0)).unwrap_err();
        assert!(refused.next <= Duration::from_hours(25), "{:?}", refused.next);
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
