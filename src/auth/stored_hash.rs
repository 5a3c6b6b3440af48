//! Password hashes as they stand in a row: those we make, and those that users bring from elsewhere.
//!
//! Argon2 of any parameters and bcrypt (`$2a$`, `$2b$`, `$2y$`) are understood, up to a cap: what somebody
//! puts into a file must not be able to hold a hash thread for seconds or take a gigabyte.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Params, Version};
use thiserror::Error;

/// The most memory of an Argon2 hash, in KiB: 128 MiB.
pub const MAX_MEMORY: u32 = 128 * 1024;
/// The most work of an Argon2 hash, in KiB times passes: not quite seven times what ours takes.
const MAX_WORK: u64 = 2 * MAX_MEMORY as u64;
const MAX_LANES: u32 = 16;
/// The highest cost of a bcrypt hash; each step doubles the time, and 12 takes some eighteen times what ours takes.
const MAX_BCRYPT_COST: u32 = 12;

/// A hash that a password can be compared with.
#[derive(Debug)]
pub enum StoredHash {
    /// Argon2, with what it takes to compute it again.
    Argon2(Argon2Hash),
    /// bcrypt, which reads 72 bytes of a password.
    Bcrypt,
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
    /// Whether it is what we would make now.
    pub(super) fn is_made_with(&self, params: &Params) -> bool {
        let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        self.algorithm == Algorithm::Argon2id
            && self.version == Version::V0x13
            && costs(&self.params) == costs(params)
            && self.output.len() == Params::DEFAULT_OUTPUT_LEN
    }
}

/// Why no password can be compared with a text.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Unusable {
    /// Neither Argon2 as a PHC string nor bcrypt.
    #[error("the hash is neither argon2 nor bcrypt")]
    Unknown,
    /// It would take more memory or time than we spend on one.
    #[error("the hash would take more memory or time than is spent on one")]
    TooCostly,
}

impl StoredHash {
    /// Reads a stored hash.
    ///
    /// # Errors
    /// Why no password can be compared with it.
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        if text.starts_with("$2") { bcrypt(text) } else { argon2(text).map(Self::Argon2) }
    }
}

/// `$2b$10$` and 53 characters of salt and hash.
fn bcrypt(text: &str) -> Result<StoredHash, Unusable> {
    let mut parts = text.split('$').skip(1);
    let (version, cost, rest) = (parts.next(), parts.next(), parts.next());
    let known = matches!(version, Some("2a" | "2b" | "2y")) && parts.next().is_none();
    let whole = rest.is_some_and(|rest| rest.len() == 53 && rest.bytes().all(is_bcrypt_digit));
    match cost.filter(|cost| cost.len() == 2).and_then(|cost| cost.parse::<u32>().ok()) {
        Some(cost) if known && whole && cost >= 4 => {
            if cost > MAX_BCRYPT_COST {
                Err(Unusable::TooCostly)
            } else {
                Ok(StoredHash::Bcrypt)
            }
        }
        _ => Err(Unusable::Unknown),
    }
}

fn is_bcrypt_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/'
}

/// Whether a hash of these parameters takes no more memory and time than is spent on one.
#[must_use]
pub fn is_affordable(params: &Params) -> bool {
    let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
    params.m_cost() <= MAX_MEMORY && work <= MAX_WORK && params.p_cost() <= MAX_LANES
}

fn argon2(text: &str) -> Result<Argon2Hash, Unusable> {
    let hash = PasswordHash::new(text).map_err(|_| Unusable::Unknown)?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| Unusable::Unknown)?;
    let params = Params::try_from(&hash).map_err(|_| Unusable::Unknown)?;
    // Without a version it is the first one (the reference decoder's rule).
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
    fn argon2_and_bcrypt_are_understood() {
        for head in ["argon2id$v=19$m=19456,t=2,p=1", "argon2i$v=19$m=4096,t=3,p=1", "argon2d$m=64,t=1,p=4"] {
            assert!(matches!(StoredHash::parse(&format!("${head}${ARGON2}")), Ok(StoredHash::Argon2(_))), "{head}");
        }
        for head in ["2a$10", "2b$12", "2y$04"] {
            assert!(matches!(StoredHash::parse(&format!("${head}${BCRYPT}")), Ok(StoredHash::Bcrypt)), "{head}");
        }
    }

    #[test]
    fn what_would_take_too_much_is_refused() {
        for head in [
            "argon2id$v=19$m=131073,t=1,p=1",
            "argon2id$v=19$m=131072,t=3,p=1",
            "argon2id$v=19$m=1024,t=4294967295,p=1",
            "argon2id$v=19$m=4096,t=1,p=17",
        ] {
            assert_eq!(StoredHash::parse(&format!("${head}${ARGON2}")).err(), Some(Unusable::TooCostly), "{head}");
        }
        assert_eq!(StoredHash::parse(&format!("$2b$13${BCRYPT}")).err(), Some(Unusable::TooCostly));
    }

    #[test]
    fn anything_else_is_no_hash() {
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
            assert_eq!(StoredHash::parse(text).err(), Some(Unusable::Unknown), "{text}");
        }
    }
}
