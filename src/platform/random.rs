//! The random number generator. Code that needs random bytes takes a generator as an argument.
//!
//! `clippy.toml` forbids `rand::rng` and `rand::random` in other modules, so every generator comes from [`secure`].

use rand::CryptoRng;

/// Returns the thread's generator: ChaCha12, seeded by the operating system. A call is cheap, so callers need not store
/// it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the only place that creates a generator")]
pub fn secure() -> impl CryptoRng {
    rand::rng()
}
