//! The sessions that ended before their tokens expired, in memory: what validating a session looks at.
//!
//! Each replica holds the whole live set, because a look-up in memory is what keeps the database off
//! the request path. `background::follow` keeps it in step with the table; when that has not worked for
//! [`BUDGET`], the set no longer says that a session lives, and the table is asked instead.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use chrono::{DateTime, TimeDelta, Utc};

use super::reason::Reason;
use super::session_id::SessionId;

/// The oldest the set may be and still vouch for a session.
pub const BUDGET: TimeDelta = TimeDelta::seconds(5);

/// What is known of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has not ended.
    Live,
    /// It has ended.
    Ended(Reason),
    /// The set is too old to say.
    Unknown,
}

/// A session that ended, and until when that must be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The session.
    pub id: SessionId,
    /// Why it ended.
    pub reason: Reason,
    /// When its token expires.
    pub expires_at: DateTime<Utc>,
}

/// The set; shared by all requests of this process.
#[derive(Debug, Default)]
pub struct Revocations {
    /// 24 bytes an entry: a million take about 50 MB.
    set: RwLock<HashMap<SessionId, Entry>>,
    /// When the set was last known to be whole, in milliseconds since 1970; 0 before the first load.
    whole_at: AtomicI64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Seconds since 1970; 32 bits reach until 2106 and halve the entry.
    expires_at: u32,
    reason: Reason,
}

impl Revocations {
    /// What is known of this session at the moment `now`.
    #[must_use]
    pub fn standing(&self, id: SessionId, now: DateTime<Utc>) -> Standing {
        if let Some(entry) = self.read().get(&id) {
            return Standing::Ended(entry.reason);
        }
        if self.age(now).is_some_and(|age| age <= BUDGET) { Standing::Live } else { Standing::Unknown }
    }

    /// Remembers sessions that ended; tells how many were new. Adding one twice changes nothing.
    pub fn add(&self, ended: &[Ended]) -> usize {
        let mut set = self.write();
        let held = set.len();
        for Ended { id, reason, expires_at } in ended {
            let expires_at = u32::try_from(expires_at.timestamp()).unwrap_or(u32::MAX);
            set.entry(*id).or_insert(Entry { expires_at, reason: *reason });
        }
        set.len() - held
    }

    /// Makes room for so many sessions at once.
    pub fn reserve(&self, sessions: u64) {
        self.write().reserve(usize::try_from(sessions).unwrap_or(0));
    }

    /// Notes that at the moment `now` the set held everything the table does.
    pub fn confirm(&self, now: DateTime<Utc>) {
        self.whole_at.store(now.timestamp_millis(), Ordering::Release);
    }

    /// How long ago the set was last known to be whole; none before it was loaded.
    #[must_use]
    pub fn age(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        match self.whole_at.load(Ordering::Acquire) {
            0 => None,
            millis => Some(TimeDelta::milliseconds(now.timestamp_millis() - millis)),
        }
    }

    /// Forgets sessions whose tokens expired before `before`; tells how many.
    pub fn purge(&self, before: DateTime<Utc>) -> usize {
        let before = u32::try_from(before.timestamp()).unwrap_or(0);
        let mut set = self.write();
        let held = set.len();
        set.retain(|_, entry| entry.expires_at >= before);
        if set.len() < set.capacity() / 4 {
            set.shrink_to_fit();
        }
        held - set.len()
    }

    /// How many sessions are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    // A panic cannot leave the map half-changed, so a poisoned lock is as good as any.
    fn read(&self) -> RwLockReadGuard<'_, HashMap<SessionId, Entry>> {
        self.set.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<SessionId, Entry>> {
        self.set.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn ended(expires_at: i64) -> Ended {
        let id = SessionId::random(&mut random::secure());
        Ended { id, reason: Reason::SignOut, expires_at: DateTime::from_timestamp(expires_at, 0).unwrap() }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_set_that_was_never_loaded_or_is_too_old_vouches_for_nobody() {
        let (set, live) = (Revocations::default(), ended(500));
        assert_eq!(set.standing(live.id, at(100)), Standing::Unknown);
        set.confirm(at(100));
        assert_eq!(set.standing(live.id, at(105)), Standing::Live);
        assert_eq!(set.standing(live.id, at(106)), Standing::Unknown);
    }

    #[test]
    fn an_ended_session_is_ended_however_old_the_set_is() {
        let (set, gone) = (Revocations::default(), ended(500));
        set.add(&[gone]);
        assert_eq!(set.standing(gone.id, at(499)), Standing::Ended(Reason::SignOut));
    }

    #[test]
    fn what_can_no_longer_be_presented_is_forgotten() {
        let set = Revocations::default();
        set.add(&[ended(100), ended(200), ended(300)]);
        assert_eq!(set.purge(at(200)), 1);
        assert_eq!(set.len(), 2);
    }

    #[test]
    fn an_entry_takes_at_most_64_bytes_also_when_the_map_has_just_grown() {
        let slot = size_of::<(SessionId, Entry)>() + 1;
        let mut map: HashMap<SessionId, ()> = HashMap::new();
        map.reserve(1_000_000);
        let buckets = (map.capacity() * 8 / 7).next_power_of_two();
        assert!(buckets * slot / 1_000_000 <= 64, "{}", buckets * slot / 1_000_000);
        assert!(slot * 16 / 7 <= 64, "the worst case is a map that has just doubled");
    }
}
