//! The state that issuing and verifying share: keys, issuer, audience and lifetimes.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::errors::Error;

use super::keys::{Key, KeyRing, Purpose};
use super::verified::VerifiedTokens;
use crate::types::secret_code::ShortCode;

/// How far `iat` and `nbf` may lie in the future, because the clocks of replicas differ. For `exp`, the tolerance is
/// [`Lifetimes::leeway`].
pub const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(60);

/// Token and session lifetimes. Fractions of seconds are ignored.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// The maximum lifetime of a token, and the lifetime of an anonymous session.
    pub token: TimeDelta,
    /// The maximum lifetime of a user's session. Not shorter than `token`.
    pub session: TimeDelta,
    /// The lifetime of an unused session. If set, tokens have this lifetime and are renewed while the session is used.
    pub unused: Option<TimeDelta>,
    /// How long after `exp` a token is still accepted.
    pub leeway: TimeDelta,
}

/// The keys in use, and the tokens that were verified with them.
#[derive(Clone, Debug)]
pub(super) struct Current {
    pub(super) keys: Arc<KeyRing>,
    pub(super) verified: Arc<VerifiedTokens>,
}

/// Issues and verifies tokens.
#[derive(Debug)]
pub struct Tokens {
    current: RwLock<Current>,
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) lifetimes: Lifetimes,
}

impl From<KeyRing> for Current {
    fn from(keys: KeyRing) -> Self {
        Self { keys: Arc::new(keys), verified: Arc::default() }
    }
}

impl Tokens {
    pub fn new(keys: KeyRing, issuer: String, audience: String, lifetimes: Lifetimes) -> Self {
        Self { current: RwLock::new(keys.into()), issuer, audience, lifetimes }
    }

    /// Replaces the key ring. Calls that have already read the old ring finish with it.
    pub fn rotate(&self, keys: KeyRing) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = keys.into();
    }

    pub fn keys(&self) -> Arc<KeyRing> {
        self.current().keys
    }

    /// Returns the text that the database stores instead of a code: 43 characters of base64url. It depends on the
    /// signing key, so the code cannot be computed from a copy of the database.
    pub fn hash_code(&self, code: &ShortCode) -> Result<String, Error> {
        hash_code(self.keys().signing(), code)
    }

    /// Returns the hashes that a code can have: one for each key of the ring.
    pub fn code_hashes(&self, code: &ShortCode) -> Result<Vec<String>, Error> {
        self.keys().iter().map(|key| hash_code(key, code)).collect()
    }

    pub(super) fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn hash_code(key: &Key, code: &ShortCode) -> Result<String, Error> {
    Ok(URL_SAFE_NO_PAD.encode(key.derive::<32>(Purpose::SHORT_CODE, code.expose().as_bytes())?))
}
