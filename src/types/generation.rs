//! The generation of the database: a random number that changes when the database is reset or restored.
//!
//! Every token contains the generation in which it was issued. A token of another generation is rejected, because its
//! user id may now belong to another user, and its revocation may be lost.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::CryptoRng;

/// A generation of the database, written as 11 characters of base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(NonZeroU64);

impl Generation {
    /// Creates a random generation.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self(NonZeroU64::new(rng.next_u64()).unwrap_or(NonZeroU64::MIN))
    }
}

impl From<Generation> for u64 {
    fn from(generation: Generation) -> Self {
        generation.0.get()
    }
}

impl TryFrom<u64> for Generation {
    type Error = NotAGeneration;

    fn try_from(number: u64) -> Result<Self, NotAGeneration> {
        NonZeroU64::new(number).map(Self).ok_or(NotAGeneration)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.get().to_be_bytes()))
    }
}

/// The error for a text that is not 11 characters of canonical base64url, or for the number zero.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a generation of the database")]
pub struct NotAGeneration;

impl FromStr for Generation {
    type Err = NotAGeneration;

    fn from_str(text: &str) -> Result<Self, NotAGeneration> {
        let mut bytes = [0; 8];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(8) => u64::from_be_bytes(bytes).try_into(),
            _ => Err(NotAGeneration),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_generation_reads_back_as_the_same_generation() {
        let generation = Generation::random(&mut crate::platform::random::secure());
        assert_eq!(generation.to_string().parse(), Ok(generation));
        assert_eq!(generation.to_string().len(), 11);
    }
}
