//! Stored password hashes: our own, and legacy hashes of imported users.
//!
//! Argon2 with any parameters and the formats of `legacy` are supported, up to a maximum cost. An imported hash must
//! not block a hash thread for seconds or use a gigabyte of memory.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Params, Version};

pub use super::legacy::Unusable;
pub use super::legacy::{ImportedCost, MAX_MEMORY};
use super::legacy::{LegacyHash, without_prefix};

/// The maximum work of an argon2 hash, in KiB times passes. It is almost seven times the default for new hashes.
pub(super) const MAX_WORK: u64 = 2 * MAX_MEMORY as u64;
const MAX_LANES: u32 = 16;

#[derive(Debug)]
pub enum StoredHash {
    Argon2(Argon2Hash),
    Legacy(LegacyHash),
}

/// The parts of an Argon2 PHC string.
#[derive(Debug)]
pub struct Argon2Hash {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) params: Params,
    pub(super) salt: Vec<u8>,
    pub(super) output: Vec<u8>,
}

impl Argon2Hash {
    /// Returns whether the hash looks like a new hash with these parameters.
    pub(super) fn is_made_with(&self, params: &Params) -> bool {
        let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        self.algorithm == Algorithm::Argon2id
            && self.version == Version::V0x13
            && costs(&self.params) == costs(params)
            && self.output.len() == Params::DEFAULT_OUTPUT_LEN
    }
}

impl StoredHash {
    pub fn parse(text: &str, max: ImportedCost) -> Result<Self, Unusable> {
        let text = without_prefix(text);
        if text.starts_with("$argon2") {
            argon2(text).map(Self::Argon2)
        } else {
            LegacyHash::parse(text, max).map(Self::Legacy)
        }
    }
}

/// Returns whether a hash with these parameters is within the limits on memory and time.
pub fn is_affordable(params: &Params) -> bool {
    let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
    params.m_cost() <= MAX_MEMORY && work <= MAX_WORK && params.p_cost() <= MAX_LANES
}

fn argon2(text: &str) -> Result<Argon2Hash, Unusable> {
    // Some libraries write base64 with padding.
    let unpadded = text.split('$').map(|part| part.trim_end_matches('=')).collect::<Vec<_>>().join("$");
    let hash = PasswordHash::new(&unpadded).map_err(|_| Unusable::Unknown)?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| Unusable::Unknown)?;
    let params = Params::try_from(&hash).map_err(|_| Unusable::Unknown)?;
    // A hash without a version has version 0x10, as in the reference decoder.
    let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(|_| Unusable::Unknown)?;
    let (Some(salt), Some(output)) = (&hash.salt, &hash.hash) else { return Err(Unusable::Unknown) };
    if !is_affordable(&params) {
        return Err(Unusable::TooCostly);
    }
    Ok(Argon2Hash { algorithm, version, params, salt: salt.to_vec(), output: output.as_bytes().to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARGON2: &str = "c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
    const BCRYPT: &str = "N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

    #[test]
    fn argon2_and_bcrypt_are_supported() {
        for head in ["argon2id$v=19$m=19456,t=2,p=1", "argon2i$v=19$m=4096,t=3,p=1", "argon2d$m=64,t=1,p=4"] {
            assert!(
                matches!(
                    StoredHash::parse(&format!("${head}${ARGON2}"), ImportedCost::default()),
                    Ok(StoredHash::Argon2(_))
                ),
                "{head}"
            );
        }
        for head in ["2a$10", "2b$12", "2y$04"] {
            assert!(
                matches!(
                    StoredHash::parse(&format!("${head}${BCRYPT}"), ImportedCost::default()),
                    Ok(StoredHash::Legacy(_))
                ),
                "{head}"
            );
        }
    }

    #[test]
    fn hashes_above_the_maximum_cost_are_rejected() {
        for head in [
            "argon2id$v=19$m=131073,t=1,p=1",
            "argon2id$v=19$m=131072,t=3,p=1",
            "argon2id$v=19$m=1024,t=4294967295,p=1",
            "argon2id$v=19$m=4096,t=1,p=17",
        ] {
            assert_eq!(
                StoredHash::parse(&format!("${head}${ARGON2}"), ImportedCost::default()).err(),
                Some(Unusable::TooCostly),
                "{head}"
            );
        }
        assert_eq!(
            StoredHash::parse(&format!("$2b$13${BCRYPT}"), ImportedCost::default()).err(),
            Some(Unusable::TooCostly)
        );
    }

    #[test]
    fn anything_else_is_not_a_hash() {
        for text in [
            "",
            "plain",
            "$",
            "$2b$10$",
            "$2x$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
            "$2b$1$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
            "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lh_y",
            "$argon2id$v=19$m=8,t=1,p=1",
            "$argon2x$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA",
            "$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA",
            "5f4dcc3b5aa765d61d8327deb882cf99",
        ] {
            assert_eq!(StoredHash::parse(text, ImportedCost::default()).err(), Some(Unusable::Unknown), "{text}");
        }
    }
}
