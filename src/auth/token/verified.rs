//! Tokens that were verified before.
//!
//! Clients send the same token with every request, and checking the signature and parsing the claims takes longer than
//! the rest of the request. The result depends only on the token and the keys, except for the times, which are checked
//! with every request. Revocations are not part of the result.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};

use super::session::AnySession;

/// The number of tokens that can be stored. A token has exactly one place, so a new token replaces an older one.
const SLOTS: usize = 1024;
/// The hash of a token is computed from this number of bytes at its end. They are a part of the signature, so they
/// differ between tokens.
const TAIL: usize = 32;

/// The verified tokens of one key ring. After a key rotation, a new ring has an empty store.
#[derive(Debug)]
pub(super) struct VerifiedTokens {
    slots: Box<[Mutex<Option<Entry>>]>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Entry {
    token: SecretString,
    verified: Verified,
}

/// What a token says, if it is valid at the current time.
#[derive(Clone, Debug)]
pub(super) struct Verified {
    pub(super) session: AnySession,
    /// The later one of `nbf` and `iat`, in seconds since 1970.
    pub(super) not_before: i64,
}

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self { slots: std::iter::repeat_with(Mutex::default).take(SLOTS).collect(), hasher: RandomState::new() }
    }
}

impl VerifiedTokens {
    /// Returns what the token says, if it was verified before.
    pub(super) fn get(&self, token: &str) -> Option<Verified> {
        let slot = self.slot(token);
        slot.as_ref().filter(|entry| entry.token.expose_secret() == token).map(|entry| entry.verified.clone())
    }

    pub(super) fn insert(&self, token: &str, verified: &Verified) {
        *self.slot(token) = Some(Entry { token: SecretString::from(token), verified: verified.clone() });
    }

    fn slot(&self, token: &str) -> MutexGuard<'_, Option<Entry>> {
        let bytes = token.as_bytes();
        let hash = self.hasher.hash_one(&bytes[bytes.len().saturating_sub(TAIL)..]);
        let slot = usize::try_from(hash % SLOTS as u64).unwrap_or(0);
        // No panic can leave a slot half-changed, so a poisoned lock is usable.
        self.slots[slot].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::auth::token::session_id::SessionId;
    use crate::platform::random;
    use crate::types::generation::Generation;

    fn verified(not_before: i64) -> Verified {
        let (generation, now) = (Generation::random(&mut random::secure()), DateTime::UNIX_EPOCH);
        let id = SessionId::random(&mut random::secure());
        Verified { session: AnySession { id, user: None, generation, expires_at: now, ends_at: now }, not_before }
    }

    #[test]
    fn only_exactly_the_verified_token_is_found() {
        let tokens = VerifiedTokens::default();
        let (token, tail) = ("a.b.", "c".repeat(TAIL));
        tokens.insert(&format!("{token}{tail}"), &verified(7));
        assert_eq!(tokens.get(&format!("{token}{tail}")).unwrap().not_before, 7);
        for other in [format!("a.B.{tail}"), format!("{token}{tail}c"), tail.clone(), String::new(), token.to_owned()] {
            assert!(tokens.get(&other).is_none(), "{other}");
        }
    }

    #[test]
    fn number_of_stored_tokens_is_limited_and_their_text_is_not_shown() {
        let tokens = VerifiedTokens::default();
        for number in 0..10 * SLOTS {
            tokens.insert(&format!("secret {number}"), &verified(0));
        }
        assert!(tokens.get(&format!("secret {}", 10 * SLOTS - 1)).is_some(), "the latest token is stored");
        let found = (0..10 * SLOTS).filter(|number| tokens.get(&format!("secret {number}")).is_some()).count();
        assert!(found <= SLOTS && found > SLOTS / 2, "{found}");
        assert!(!format!("{tokens:?}").contains("secret"));
    }
}
