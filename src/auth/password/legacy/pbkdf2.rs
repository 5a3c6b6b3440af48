//! PBKDF2 in the formats of Django (`pbkdf2_sha256$1000000$salt$base64`) and Werkzeug
//! (`pbkdf2:sha256:1000000$salt$hex`).

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{ImportedCost, Unusable, from_hex};

/// The maximum number of iterations with SHA-1 or SHA-256, and the lowest [`ImportedCost`].
const MAX_ITERATIONS: u32 = 800_000;
const MAX_ITERATIONS_OF_SHA512: u32 = 350_000;

#[derive(Clone, Copy, Debug)]
enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

#[derive(Debug)]
pub struct Pbkdf2 {
    digest: Digest,
    iterations: NonZeroU32,
    /// The salt as text. In both formats, the bytes of the text are the salt.
    salt: String,
    output: Vec<u8>,
}

pub(super) fn parse(text: &str, max: ImportedCost) -> Result<Pbkdf2, Unusable> {
    django(text).or_else(|| werkzeug(text)).ok_or(Unusable::Unknown)?.checked(max)
}

fn django(text: &str) -> Option<Pbkdf2> {
    let [name, iterations, salt, output] = text.split('$').collect::<Vec<_>>().try_into().ok()?;
    let digest = Digest::named(name.strip_prefix("pbkdf2_")?)?;
    let output = BASE64_STANDARD.decode(output).ok()?;
    Some(Pbkdf2 { digest, iterations: iterations.parse().ok()?, salt: salt.to_owned(), output })
}

fn werkzeug(text: &str) -> Option<Pbkdf2> {
    let [method, salt, output] = text.split('$').collect::<Vec<_>>().try_into().ok()?;
    let (name, iterations) = method.strip_prefix("pbkdf2:")?.split_once(':')?;
    let (digest, output) = (Digest::named(name)?, from_hex(output)?);
    Some(Pbkdf2 { digest, iterations: iterations.parse().ok()?, salt: salt.to_owned(), output })
}

impl Digest {
    fn named(name: &str) -> Option<Self> {
        match name {
            "sha1" => Some(Self::Sha1),
            "sha256" => Some(Self::Sha256),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }
}

impl Pbkdf2 {
    fn checked(self, max: ImportedCost) -> Result<Self, Unusable> {
        let (length, max_iterations) = match self.digest {
            Digest::Sha1 => (20, MAX_ITERATIONS),
            Digest::Sha256 => (32, MAX_ITERATIONS),
            Digest::Sha512 => (64, MAX_ITERATIONS_OF_SHA512),
        };
        // A longer output would take several times as long, and a shorter one would match more passwords.
        if self.output.len() != length {
            return Err(Unusable::Unknown);
        }
        if self.iterations.get() > max_iterations * max.factor() { Err(Unusable::TooCostly) } else { Ok(self) }
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let (algorithm, salt) = (self.digest.algorithm(), self.salt.as_bytes());
        pbkdf2::verify(algorithm, self.iterations, salt, password, &self.output).is_ok()
    }
}
