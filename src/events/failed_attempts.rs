//! Failed attempts that wait to be written. A request only adds to a counter in memory, and a job writes the counters.
//!
//! The memory is bounded, and so is the number of rows per run of the job, however many attempts fail.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use metrics::counter;

use super::{Actor, Details, Event, EventKind, Origin};
use crate::auth::token::refusal::Refusal;
use crate::types::UserId;
use crate::types::provider_name::ProviderName;

/// The maximum number of different attempts that wait.
const MAX_WAITING: usize = 100;
/// The maximum number of different attempts of one network that wait with an account. Further ones are counted without an
/// account, so one network cannot fill the memory with names.
const MAX_PER_NETWORK: usize = 16;

/// The account that an attempt named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    Unknown,
    /// The key of a username. The job looks for the user, so the request does the same work for each name.
    Named(String),
    User(UserId),
}

/// A failed attempt.
#[derive(Clone, Debug)]
pub struct FailedAttempt {
    pub at: DateTime<Utc>,
    pub kind: EventKind,
    /// The code of the error.
    pub reason: &'static str,
    pub account: Account,
    pub provider: Option<ProviderName>,
    pub origin: Origin,
}

impl FailedAttempt {
    /// Returns whether both attempts are counted together. The event has the time and the origin of the first one.
    fn is_like(&self, other: &Self) -> bool {
        (self.kind, self.reason, self.origin.network) == (other.kind, other.reason, other.origin.network)
            && (&self.account, &self.provider) == (&other.account, &other.provider)
    }

    /// Returns the event of `count` attempts, which named this user.
    pub fn event(self, user_id: Option<UserId>, count: u64) -> Event {
        let Self { at, kind, reason, provider, origin, .. } = self;
        let provider = provider.map(|name| name.to_string());
        let details = Details { reason: Some(reason.into()), provider, ..Details::default() };
        Event { user_id, count, ..Event::new(kind, Actor::User, at).requested_from(origin).with(details) }
    }
}

/// The attempts that wait to be written.
#[derive(Debug)]
pub struct FailedAttempts {
    waiting: Mutex<Vec<Waiting>>,
    /// The number of rejected tokens by the code of the refusal. Without a lock, because clients can send invalid tokens
    /// at a high rate.
    refusals: Vec<(&'static str, AtomicU64)>,
}

/// Equal attempts, and their number.
#[derive(Debug)]
pub struct Waiting {
    pub attempt: FailedAttempt,
    pub count: u64,
}

impl Default for FailedAttempts {
    fn default() -> Self {
        let refusals = Refusal::codes().map(|code| (code, AtomicU64::new(0))).collect();
        Self { waiting: Mutex::default(), refusals }
    }
}

impl FailedAttempts {
    /// Counts an attempt. If too many different attempts wait, the attempt is dropped and counted as dropped.
    pub fn add(&self, attempt: FailedAttempt) {
        let mut waiting = self.waiting();
        if count(&mut waiting, &attempt) {
            return;
        }
        let network = attempt.origin.network;
        let of_network = waiting.iter().filter(|other| other.attempt.origin.network == network);
        let account = if of_network.count() < MAX_PER_NETWORK { attempt.account } else { Account::Unknown };
        let attempt = FailedAttempt { account, ..attempt };
        if count(&mut waiting, &attempt) {
            return;
        }
        if waiting.len() < MAX_WAITING {
            waiting.push(Waiting { attempt, count: 1 });
        } else {
            note_dropped(1);
        }
    }

    /// Counts a rejected token. A request without a token is not counted, because browsers and probes send many of them.
    pub fn add_refusal(&self, refusal: &Refusal) {
        if *refusal == Refusal::NoToken {
            return;
        }
        let code = refusal.code();
        if let Some((_, count)) = self.refusals.iter().find(|(known, _)| *known == code) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes the attempts that wait.
    #[must_use]
    pub fn take(&self) -> Vec<Waiting> {
        std::mem::take(&mut *self.waiting())
    }

    /// Takes the counters of rejected tokens, as events.
    #[must_use]
    pub fn take_refusals(&self, now: DateTime<Utc>) -> Vec<Event> {
        let counts = self.refusals.iter().map(|(code, count)| (*code, count.swap(0, Ordering::Relaxed)));
        let event = |(code, count): (&'static str, u64)| {
            let details = Details { reason: Some(code.into()), ..Details::default() };
            Event { count, ..Event::new(EventKind::TokenRefused, Actor::User, now).with(details) }
        };
        counts.filter(|(_, count)| *count > 0).map(event).collect()
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds one to the counter of equal attempts. Returns `false` if there is none.
fn count(waiting: &mut [Waiting], attempt: &FailedAttempt) -> bool {
    let equal = waiting.iter_mut().find(|other| other.attempt.is_like(attempt));
    equal.map(|equal| equal.count += 1).is_some()
}

/// Counts failed attempts that are not written.
pub fn note_dropped(attempts: u64) {
    counter!("daypass_events_dropped_total").increment(attempts);
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::auth::rate_limit::client_network::ClientNetwork;

    fn attempt(network: u8, name: &str) -> FailedAttempt {
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, network, 1));
        FailedAttempt {
            at: DateTime::UNIX_EPOCH,
            kind: EventKind::SignInFailed,
            reason: "bad_credentials",
            account: Account::Named(name.to_owned()),
            provider: None,
            origin: Origin { network: Some(ClientNetwork::of(address).network()), ..Origin::default() },
        }
    }

    fn total(waiting: &[Waiting]) -> u64 {
        waiting.iter().map(|waiting| waiting.count).sum()
    }

    #[test]
    fn equal_attempts_are_counted_together() {
        let attempts = FailedAttempts::default();
        for network in [1, 1, 2, 1] {
            attempts.add(attempt(network, "ada"));
        }
        attempts.add(attempt(1, "bob"));
        let counts: Vec<_> = attempts.take().iter().map(|waiting| waiting.count).collect();
        assert_eq!(counts, [3, 1, 1]);
        assert!(attempts.take().is_empty());
    }

    #[test]
    fn one_network_cannot_fill_the_memory() {
        let attempts = FailedAttempts::default();
        for number in 0..10_000 {
            attempts.add(attempt(1, &format!("user {number}")));
        }
        attempts.add(attempt(2, "ada"));
        let waiting = attempts.take();
        assert_eq!((waiting.len(), total(&waiting)), (MAX_PER_NETWORK + 2, 10_001));
        assert_eq!(waiting[MAX_PER_NETWORK].attempt.account, Account::Unknown);
        assert_eq!(waiting[MAX_PER_NETWORK + 1].attempt.account, Account::Named("ada".to_owned()));
    }

    #[test]
    fn memory_is_bounded() {
        let attempts = FailedAttempts::default();
        for network in 0..=255 {
            attempts.add(attempt(network, "ada"));
        }
        assert_eq!(attempts.take().len(), MAX_WAITING);
    }

    #[test]
    fn rejected_tokens_are_counted_by_reason() {
        let attempts = FailedAttempts::default();
        for refusal in [Refusal::BadSignature, Refusal::NoToken, Refusal::BadSignature, Refusal::UnknownKey] {
            attempts.add_refusal(&refusal);
        }
        let events = attempts.take_refusals(DateTime::UNIX_EPOCH);
        let counted: Vec<_> =
            events.iter().map(|event| (event.details.reason.as_deref().unwrap(), event.count)).collect();
        assert_eq!(counted, [("unknown_key", 1), ("bad_signature", 2)]);
        assert!(attempts.take_refusals(DateTime::UNIX_EPOCH).is_empty());
    }
}
