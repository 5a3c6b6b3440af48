//! A store of values that expire, each with a random key: codes and access tokens.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::random;
use crate::platform::clock::Monotonic;

/// The maximum number of values. A new value replaces the oldest one, so requests cannot fill the memory.
const CAPACITY: usize = 100;

pub(super) struct Expiring<T> {
    lifetime: Duration,
    /// In the order of creation.
    entries: Mutex<VecDeque<Entry<T>>>,
}

struct Entry<T> {
    key: String,
    created: Monotonic,
    value: T,
}

impl<T> Expiring<T> {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, entries: Mutex::default() }
    }

    /// Stores a value, and returns its key.
    pub(super) fn insert(&self, value: T, now: Monotonic) -> String {
        let key = random::text();
        let mut entries = self.entries(now);
        if entries.len() == CAPACITY {
            entries.pop_front();
        }
        entries.push_back(Entry { key: key.clone(), created: now, value });
        key
    }

    /// Removes and returns a value.
    pub(super) fn take(&self, key: &str, now: Monotonic) -> Option<T> {
        let mut entries = self.entries(now);
        let index = entries.iter().position(|entry| entry.key == key)?;
        entries.remove(index).map(|entry| entry.value)
    }

    pub(super) fn get(&self, key: &str, now: Monotonic) -> Option<T>
    where
        T: Clone,
    {
        self.entries(now).iter().find(|entry| entry.key == key).map(|entry| entry.value.clone())
    }

    /// Locks the values, and removes those that have expired.
    fn entries(&self, now: Monotonic) -> MutexGuard<'_, VecDeque<Entry<T>>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| now.since(entry.created) < self.lifetime);
        entries
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::platform::clock::TestClock;

    #[test]
    fn expiring_values_have_a_maximum_number() {
        let values = Expiring::new(Duration::from_secs(60));
        let now = TestClock::at(DateTime::default()).monotonic();
        let keys: Vec<_> = (0..101).map(|number| values.insert(number, now)).collect();
        assert_eq!((values.get(&keys[0], now), values.get(&keys[1], now)), (None, Some(1)));
        assert_eq!(values.get(&keys[100], now), Some(100));
    }
}
