//! A map from session ids to values, split into shards with one lock each.
//!
//! Purging or growing one map with a million entries would hold its lock for tens of milliseconds. Purging or growing a
//! shard takes about 0.1 ms.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::auth::token::session_id::SessionId;

/// The number of shards: one for each value of a session id's last byte.
pub(super) const SHARDS: usize = 256;

type Shard<T> = RwLock<HashMap<SessionId, T>>;

/// The shards of the map. They have about the same size, because session ids are random.
#[derive(Debug)]
pub(super) struct Shards<T>(Box<[Shard<T>]>);

impl<T> Default for Shards<T> {
    fn default() -> Self {
        Self(std::iter::repeat_with(Shard::default).take(SHARDS).collect())
    }
}

impl<T: Copy> Shards<T> {
    pub(super) fn get(&self, id: SessionId) -> Option<T> {
        read(self.shard(id)).get(&id).copied()
    }

    /// Inserts a value unless the id already has one. Returns whether the value was inserted.
    pub(super) fn insert(&self, id: SessionId, value: T) -> bool {
        let mut shard = write(self.shard(id));
        let before = shard.len();
        shard.entry(id).or_insert(value);
        shard.len() > before
    }

    /// Reserves memory for this number of additional entries.
    pub(super) fn reserve(&self, entries: usize) {
        // Each shard reserves slightly more than the average, because a shard that must grow copies its entries.
        let each = entries.div_ceil(SHARDS);
        let each = each + each / 16;
        self.0.iter().for_each(|shard| write(shard).reserve(each));
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|shard| read(shard).len()).sum()
    }

    /// Removes all entries, but keeps their memory, because a new load follows.
    pub(super) fn clear(&self) {
        self.0.iter().for_each(|shard| write(shard).clear());
    }

    /// Removes the entries of one shard for which `keep` returns `false`, and releases unused memory. Returns the
    /// number of removed entries.
    pub(super) fn retain_in(&self, shard: usize, keep: impl Fn(&T) -> bool) -> usize {
        let mut shard = write(&self.0[shard]);
        let before = shard.len();
        shard.retain(|_, value| keep(value));
        if shard.len() < shard.capacity() / 4 {
            shard.shrink_to_fit();
        }
        before - shard.len()
    }

    fn shard(&self, id: SessionId) -> &Shard<T> {
        &self.0[usize::from(id.last_byte())]
    }
}

// No panic can leave a map half-changed, so a poisoned lock is usable.
fn read<T>(shard: &Shard<T>) -> RwLockReadGuard<'_, HashMap<SessionId, T>> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(shard: &Shard<T>) -> RwLockWriteGuard<'_, HashMap<SessionId, T>> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::super::revocations::Entry;
    use super::*;
    use crate::platform::random;

    const MILLION: usize = 1_000_000;

    fn million() -> Shards<u32> {
        let (shards, mut rng) = (Shards::default(), random::secure());
        shards.reserve(MILLION);
        for number in 0..MILLION as u32 {
            shards.insert(SessionId::random(&mut rng), number % 2);
        }
        shards
    }

    #[test]
    fn a_million_entries_take_at_most_64_bytes_each() {
        let shards = million();
        let slot = size_of::<(SessionId, Entry)>() + 1;
        let slots: usize = shards.0.iter().map(|shard| (read(shard).capacity() * 8 / 7).next_power_of_two()).sum();
        assert!(slots * slot / MILLION <= 64, "{}", slots * slot / MILLION);
        assert!(slot * 16 / 7 <= 64, "worst case: the map has just doubled");
    }

    /// Measures how long each lock is held, and how long a reader waits during the purge.
    #[test]
    fn purging_a_million_entries_does_not_block_readers() {
        let shards = Arc::new(million());
        let id = SessionId::random(&mut random::secure());
        let purged = Arc::new(AtomicBool::new(false));
        let reader = {
            let (shards, purged) = (Arc::clone(&shards), Arc::clone(&purged));
            thread::spawn(move || {
                let mut waits = Vec::with_capacity(MILLION);
                while !purged.load(Ordering::Relaxed) && waits.len() < MILLION {
                    let asked = Instant::now();
                    std::hint::black_box(shards.get(id));
                    waits.push(asked.elapsed());
                    thread::sleep(Duration::from_micros(50));
                }
                waits.sort_unstable();
                waits
            })
        };
        let mut held: Vec<Duration> = Vec::new();
        let mut removed = 0;
        for shard in 0..SHARDS {
            let started = Instant::now();
            removed += shards.retain_in(shard, |value| *value == 1);
            held.push(started.elapsed());
        }
        purged.store(true, Ordering::Relaxed);
        let waits = reader.join().unwrap();
        held.sort_unstable();
        assert_eq!((removed, shards.len()), (MILLION / 2, MILLION / 2));
        // The test checks a median and a high quantile, because other processes can interrupt it.
        let typical = held[SHARDS / 2];
        assert!(typical < Duration::from_millis(if cfg!(debug_assertions) { 5 } else { 1 }), "{typical:?}");
        let late = waits[waits.len() * 95 / 100];
        assert!(late < Duration::from_millis(5), "{late:?} of {}", waits.len());
    }
}
