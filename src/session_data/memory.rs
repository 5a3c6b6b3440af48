//! Session data in the memory of this process. It is lost at a restart, and other replicas do not see it.
//!
//! The memory is bounded. When it is full, the least recently used sessions lose their data. User sessions and
//! anonymous sessions have separate bounds, because any client can start any number of anonymous sessions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use moka::Expiry;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::SessionContext;
use crate::auth::token::session_id::SessionId;
use crate::error::Error;
use crate::session_data::data::SessionData;

/// The maximum size of the data of user sessions, in bytes. It includes [`OVERHEAD`] for each session.
const MAX_USER_BYTES: u64 = 48 * 1024 * 1024;
/// The maximum size of the data of anonymous sessions, in bytes.
const MAX_ANONYMOUS_BYTES: u64 = 16 * 1024 * 1024;
/// The approximate size of an entry without its JSON, in bytes.
const OVERHEAD: usize = 512;

pub(super) struct MemoryStore {
    users: Cache<SessionId, Entry>,
    anonymous: Cache<SessionId, Entry>,
}

/// The data of one session. It is stored as JSON, so that its size in memory is known.
#[derive(Clone)]
struct Entry {
    json: Arc<str>,
    lifetime: Duration,
}

impl MemoryStore {
    pub(super) fn new() -> Self {
        Self { users: cache(MAX_USER_BYTES), anonymous: cache(MAX_ANONYMOUS_BYTES) }
    }

    fn cache_of(&self, context: SessionContext<'_>) -> &Cache<SessionId, Entry> {
        if context.is_user { &self.users } else { &self.anonymous }
    }

    pub(super) fn read(&self, context: SessionContext<'_>) -> Result<SessionData, Error> {
        stored(self.cache_of(context).get(&context.session).as_ref())
    }

    /// Changes the data. moka runs only one change of a session at a time.
    pub(super) fn update<T>(
        &self,
        context: SessionContext<'_>,
        now: DateTime<Utc>,
        change: impl FnOnce(&mut SessionData) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let lifetime = (context.ends_at - now).to_std().unwrap_or_default();
        let mut outcome = None;
        self.cache_of(context).entry(context.session).and_try_compute_with(|entry| {
            let (changed, json) = stored(entry.map(moka::Entry::into_value).as_ref())?.change(change)?;
            outcome = Some(changed);
            Ok::<_, Error>(Op::Put(Entry { json: json.into(), lifetime }))
        })?;
        Ok(outcome.expect("the closure has run and set it"))
    }

    pub(super) fn delete(&self, session: SessionId) {
        self.users.invalidate(&session);
        self.anonymous.invalidate(&session);
    }
}

fn stored(entry: Option<&Entry>) -> Result<SessionData, Error> {
    SessionData::stored(entry.map(|entry| entry.json.as_bytes()))
}

fn cache(max_bytes: u64) -> Cache<SessionId, Entry> {
    let weight = |_: &SessionId, entry: &Entry| u32::try_from(entry.json.len() + OVERHEAD).unwrap_or(u32::MAX);
    Cache::builder()
        .eviction_policy(EvictionPolicy::lru())
        .max_capacity(max_bytes)
        .weigher(weight)
        .expire_after(WithItsSession)
        .build()
}

/// The policy that an entry expires with its session.
struct WithItsSession;

impl Expiry<SessionId, Entry> for WithItsSession {
    fn expire_after_create(&self, _: &SessionId, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.lifetime)
    }

    fn expire_after_update(&self, _: &SessionId, entry: &Entry, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(entry.lifetime)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::value::RawValue;

    use super::*;
    use crate::platform::random;
    use crate::session_data::data::VariableName;
    use crate::types::version::Expected;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn context(is_user: bool) -> SessionContext<'static> {
        let session = SessionId::random(&mut random::secure());
        SessionContext { session, is_user, ends_at: NOW + TimeDelta::hours(1), cookie: None }
    }

    fn write(memory: &MemoryStore, context: SessionContext<'_>) {
        let name = VariableName::parse("a").unwrap();
        let value = RawValue::from_string(format!("[{}0]", "{},".repeat(1000))).unwrap();
        memory.update(context, NOW, |data| data.set(&name, value.clone(), &Expected::Any)).unwrap();
        memory.users.run_pending_tasks();
        memory.anonymous.run_pending_tasks();
    }

    #[test]
    fn memory_use_is_counted_and_bounded() {
        let memory = MemoryStore { users: cache(100 * 1024), anonymous: cache(100 * 1024) };
        for _ in 0..200 {
            let context = context(true);
            write(&memory, context);
            assert!(!memory.read(context).unwrap().is_empty(), "the latest write is never evicted");
        }
        let held: usize = memory.users.iter().map(|(_, entry)| entry.json.len() + OVERHEAD).sum();
        assert_eq!(held as u64, memory.users.weighted_size());
        assert!((90 * 1024..=100 * 1024).contains(&held), "{held}");
    }

    #[test]
    fn anonymous_visitors_do_not_evict_the_data_of_users() {
        let memory = MemoryStore { users: cache(100 * 1024), anonymous: cache(20 * 1024) };
        let user = context(true);
        write(&memory, user);
        for _ in 0..500 {
            write(&memory, context(false));
        }
        assert!(!memory.read(user).unwrap().is_empty());
        assert!(memory.anonymous.weighted_size() <= 20 * 1024);
        memory.delete(user.session);
        assert!(memory.read(user).unwrap().is_empty());
    }
}
