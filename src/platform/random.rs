//! The random number generator. Code that needs random bytes takes a generator as an argument.
//!
//! `clippy.toml` forbids other generators, so secrets cannot come from one that is predictable.

use rand::CryptoRng;

/// Returns the generator of the thread: ChaCha12, seeded by the operating system. It is cheap to create for each use.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the only place that creates a generator")]
pub fn secure() -> impl CryptoRng {
    rand::rng()
}
