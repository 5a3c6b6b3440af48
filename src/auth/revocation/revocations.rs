//! The set of revoked sessions, in memory.
//!
//! Each replica holds the complete set, so a request needs no query. The revocation feed updates it from the database.
//! If the feed fails for longer than [`MAX_AGE`], the status of sessions becomes unknown.

use std::collections::{HashMap, VecDeque};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::ended::{Ended, Ending, UserEnded};
use super::reason::Reason;
use super::roles_changed::{RoleChanges, RoleStatus, RolesChanged};
use super::shards::{SHARDS, Shards};
use crate::auth::token::session_id::SessionId;
use crate::auth::token::{AnySession, SessionUser};
use crate::platform::clock::Monotonic;
use crate::types::UserId;
use crate::types::generation::Generation;
use crate::types::role::UserRoles;

/// The maximum age of the set. If it is older, no session counts as active.
pub const MAX_AGE: Duration = Duration::from_secs(5);
/// The maximum number of earlier database generations in memory. Their tokens are rejected without a query.
const MAX_PAST_GENERATIONS: usize = 64;

/// The status of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Active,
    Revoked(Reason),
    /// The set is too old, or the token has an unknown database generation.
    Unknown,
}

/// The set of revoked sessions of this process.
#[derive(Debug, Default)]
pub struct Revocations {
    /// The revoked sessions, in 24 bytes each. A million entries take about 50 MB.
    sessions: Shards<Entry>,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Users whose sessions from before a certain time have all ended.
    users: HashMap<UserId, UserEnded>,
    /// The current database generation. `None` before the first load.
    generation: Option<Generation>,
    role_changes: RoleChanges,
    past_generations: VecDeque<Generation>,
    /// When the set was last complete.
    confirmed_at: Option<Monotonic>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// When the token expires, in seconds since 1970. 32 bits suffice until 2106 and keep the entry small.
    expires_at: u32,
    reason: Reason,
}

impl Revocations {
    /// Returns the status of a session, without I/O.
    pub fn status(&self, session: &AnySession, now: Monotonic) -> Status {
        // The lock is held during the complete lookup, so that `restart` cannot clear the set in between.
        let set = self.read();
        if let Some(reason) = self.ended(session.id).or_else(|| set.reason(session)) {
            return Status::Revoked(reason);
        }
        if set.generation != Some(session.generation) {
            let past = set.past_generations.contains(&session.generation);
            return if past { Status::Revoked(Reason::DatabaseReset) } else { Status::Unknown };
        }
        let fresh = set.confirmed_at.is_some_and(|confirmed_at| now.since(confirmed_at) <= MAX_AGE);
        if fresh { Status::Active } else { Status::Unknown }
    }

    /// Returns whether the roles in the user's token are the current ones, without I/O.
    pub fn role_status(&self, user: &SessionUser) -> RoleStatus {
        self.read().role_changes.status(user.id, user.roles.version)
    }

    /// Records a change of roles.
    pub fn add_role_change(&self, change: RolesChanged) {
        self.write().role_changes.add(change);
    }

    /// Stores the current roles of a user for the sessions whose tokens have older ones.
    pub fn store_roles(&self, user_id: UserId, roles: UserRoles) {
        self.write().role_changes.store(user_id, roles);
    }

    /// Returns why this session ended. Ignores entries that end all sessions of a user.
    pub fn ended(&self, id: SessionId) -> Option<Reason> {
        self.sessions.get(id).map(|entry| entry.reason)
    }

    /// Adds ended sessions. Returns how many entries were new.
    pub fn add(&self, ending: &Ending) -> usize {
        let mut new = 0;
        for Ended { id, reason, expires_at } in &ending.sessions {
            let expires_at = u32::try_from(expires_at.timestamp()).unwrap_or(u32::MAX);
            new += usize::from(self.sessions.insert(*id, Entry { expires_at, reason: *reason }));
        }
        if ending.users.is_empty() {
            return new;
        }
        let mut set = self.write();
        // A user's latest entry covers the user's earlier entries.
        for ended in &ending.users {
            if set.users.get(&ended.user_id).is_none_or(|known| known.before < ended.before) {
                set.users.insert(ended.user_id, *ended);
                new += 1;
            }
        }
        new
    }

    /// Reserves memory for this number of additional sessions.
    pub fn reserve(&self, sessions: u64) {
        self.sessions.reserve(usize::try_from(sessions).unwrap_or(0));
    }

    /// Records that the set was complete at this time.
    pub fn confirm(&self, at: Monotonic) {
        self.write().confirmed_at = Some(at);
    }

    /// Returns the time since the set was last complete. `None` before the set is loaded.
    pub fn age(&self, now: Monotonic) -> Option<Duration> {
        self.read().confirmed_at.map(|confirmed_at| now.since(confirmed_at))
    }

    /// Returns the current database generation. `None` before the set is loaded.
    pub fn generation(&self) -> Option<Generation> {
        self.read().generation
    }

    /// Clears the set for a new load. Until [`Revocations::confirm`] is called, no session counts as active.
    pub fn restart(&self, generation: Generation) {
        let mut set = self.write();
        let before = set.generation.replace(generation).filter(|before| *before != generation);
        before.into_iter().for_each(|before| set.retire(before));
        self.sessions.clear();
        set.users.clear();
        set.role_changes.clear();
        set.confirmed_at = None;
    }

    /// Records a generation as an earlier one, unless it is the current one. Tokens of an earlier generation are
    /// rejected without a query.
    pub fn retire_unless_current(&self, generation: Generation) {
        self.write().retire(generation);
    }

    /// Removes sessions whose tokens expired before `before`. Each step of the returned iterator purges one shard and
    /// yields the number of removed sessions. So each lock is held for less than a millisecond.
    pub fn purge(&self, before: DateTime<Utc>) -> impl Iterator<Item = usize> {
        let mut set = self.write();
        set.users.retain(|_, ended| ended.expires_at >= before);
        set.role_changes.purge(before);
        drop(set);
        let before = u32::try_from(before.timestamp()).unwrap_or(0);
        (0..SHARDS).map(move |shard| self.sessions.retain_in(shard, |entry| entry.expires_at >= before))
    }

    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    // No panic can leave the state half-changed, so a poisoned lock is usable.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns why all sessions of the user ended, if this session is one of them.
    fn reason(&self, session: &AnySession) -> Option<Reason> {
        let user = session.user.as_ref()?;
        let ended = self.users.get(&user.id)?;
        let ended_too = user.began_at.timestamp() < ended.before.timestamp() && ended.spared != Some(session.id);
        ended_too.then_some(ended.reason)
    }

    fn retire(&mut self, generation: Generation) {
        if self.generation == Some(generation) || self.past_generations.contains(&generation) {
            return;
        }
        if self.past_generations.len() == MAX_PAST_GENERATIONS {
            self.past_generations.pop_front();
        }
        self.past_generations.push_back(generation);
    }
}
