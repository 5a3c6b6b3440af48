//! Chance is a value: whoever needs random bytes is handed a generator.
//!
//! `clippy.toml` forbids the global generators everywhere else, so that nothing unguessable can come
//! from a source that is not meant for secrets.

use rand::CryptoRng;

/// The operating system's randomness through a per-thread generator made for secrets (ChaCha12,
/// reseeded); cheap enough to make for each use.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one room that opens the generator")]
pub fn secure() -> impl CryptoRng {
    rand::rng()
}
