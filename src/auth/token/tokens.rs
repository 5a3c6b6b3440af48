//! The state that issuing and verifying share: keys, issuer, audience and lifetimes.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::TimeDelta;

use super::keys::KeyRing;

/// How far `iat` and `nbf` may lie in the future, because the clocks of replicas differ. For `exp`, the tolerance is
/// [`Lifetimes::leeway`].
pub const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(60);

/// Token and session lifetimes. Fractions of seconds are ignored.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// The maximum lifetime of a session.
    pub session: TimeDelta,
    /// The lifetime of an unused session. If set, tokens have this lifetime and are renewed while the session is used.
    pub unused: Option<TimeDelta>,
    /// How long after `exp` a token is still accepted.
    pub leeway: TimeDelta,
}

/// Issues and verifies tokens.
#[derive(Debug)]
pub struct Tokens {
    keys: RwLock<Arc<KeyRing>>,
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) lifetimes: Lifetimes,
}

impl Tokens {
    pub fn new(keys: KeyRing, issuer: String, audience: String, lifetimes: Lifetimes) -> Self {
        Self { keys: RwLock::new(Arc::new(keys)), issuer, audience, lifetimes }
    }

    /// Replaces the key ring. Calls that have already read the old ring finish with it.
    pub fn rotate(&self, keys: KeyRing) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    pub fn keys(&self) -> Arc<KeyRing> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}
