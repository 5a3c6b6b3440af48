//! Variables in the memory of this process: gone when it ends, unknown to other replicas, and bounded.
//!
//! When the bound is reached, the sessions that were not used for longest lose their variables: what was just written
//! is kept.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use moka::Expiry;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::Place;
use crate::auth::session_id::SessionId;
use crate::error::Error;
use crate::models::bag::Bag;

/// All bags together, with what it takes to keep them.
const CAPACITY: u64 = 64 * 1024 * 1024;
/// What it takes to keep a bag beside its text, about.
const OVERHEAD: usize = 512;

/// The bags of all sessions.
pub(super) struct Memory(Cache<SessionId, Kept>);

/// A bag is kept as its JSON, so that what is counted is what it takes.
#[derive(Clone)]
struct Kept {
    bag: Arc<str>,
    for_as_long_as: Duration,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self::of(CAPACITY)
    }

    fn of(capacity: u64) -> Self {
        let weight = |_: &SessionId, kept: &Kept| u32::try_from(kept.bag.len() + OVERHEAD).unwrap_or(u32::MAX);
        Self(
            Cache::builder()
                .eviction_policy(EvictionPolicy::lru())
                .max_capacity(capacity)
                .weigher(weight)
                .expire_after(WithItsSession)
                .build(),
        )
    }

    pub(super) fn read(&self, place: Place<'_>) -> Result<Bag, Error> {
        match self.0.get(&place.session) {
            Some(kept) => Bag::from_json(kept.bag.as_bytes()),
            None => Ok(Bag::default()),
        }
    }

    pub(super) fn change<T>(
        &self,
        place: Place<'_>,
        now: DateTime<Utc>,
        change: impl Fn(&mut Bag) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut bag = self.read(place)?;
        let outcome = change(&mut bag)?;
        let bag = bag.to_json()?.into();
        let for_as_long_as = (place.ends_at - now).to_std().unwrap_or_default();
        self.0.insert(place.session, Kept { bag, for_as_long_as });
        Ok(outcome)
    }

    pub(super) fn forget(&self, session: SessionId) {
        self.0.invalidate(&session);
    }
}

/// A bag goes when its session ends.
struct WithItsSession;

impl Expiry<SessionId, Kept> for WithItsSession {
    fn expire_after_create(&self, _: &SessionId, kept: &Kept, _: Instant) -> Option<Duration> {
        Some(kept.for_as_long_as)
    }

    fn expire_after_update(&self, _: &SessionId, kept: &Kept, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(kept.for_as_long_as)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::value::RawValue;

    use super::*;
    use crate::models::bag::VariableName;
    use crate::models::version::Expected;
    use crate::random;

    #[test]
    fn all_bags_together_take_what_they_count_for_and_no_more_than_the_bound() {
        let (memory, now) = (Memory::of(100 * 1024), DateTime::UNIX_EPOCH);
        let name = VariableName::parse("a").unwrap();
        let value = RawValue::from_string(format!("[{}0]", "{},".repeat(1000))).unwrap();
        for _ in 0..200 {
            let session = SessionId::random(&mut random::secure());
            let place = Place { session, ends_at: now + TimeDelta::hours(1), sealed: None };
            memory.change(place, now, |bag| bag.set(&name, value.clone(), &Expected::Any)).unwrap();
            memory.0.run_pending_tasks();
            assert!(!memory.read(place).unwrap().is_empty(), "what was just written is there, however full it is");
        }
        memory.0.run_pending_tasks();
        let held: usize = memory.0.iter().map(|(_, kept)| kept.bag.len() + OVERHEAD).sum();
        assert_eq!(held as u64, memory.0.weighted_size());
        assert!((90 * 1024..=100 * 1024).contains(&held), "{held}");
    }
}
