//! Password hashes in the formats of other frameworks and libraries: bcrypt, PBKDF2 and scrypt.
//!
//! In each format, a hash of the maximum cost takes about as long as bcrypt with the cost `IMPORTED_HASH_COST`.

use thiserror::Error;

use super::policy::Forms;

mod bcrypt;
mod pbkdf2;
mod scrypt;

use bcrypt::Bcrypt;
use pbkdf2::Pbkdf2;
use scrypt::Scrypt;

/// The maximum memory of a hash, in KiB.
pub const MAX_MEMORY: u32 = 128 * 1024;

/// Why a stored hash cannot be used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Unusable {
    #[error("the format of the hash is not supported")]
    Unknown,
    #[error("the hash would take too much memory or time; a higher IMPORTED_HASH_COST may allow it")]
    TooCostly,
}

/// The maximum time of a legacy hash, as a bcrypt cost. Each increase by one doubles the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportedCost(u32);

impl Default for ImportedCost {
    fn default() -> Self {
        Self(Self::RANGE.0)
    }
}

impl ImportedCost {
    /// The lowest and the highest cost. A hash of the lowest cost takes about 18 times as long as one with the default
    /// argon2 parameters. A hash of the highest cost takes about a second.
    const RANGE: (u32, u32) = (12, 14);

    #[must_use]
    pub fn new(bcrypt_cost: u32) -> Option<Self> {
        (Self::RANGE.0..=Self::RANGE.1).contains(&bcrypt_cost).then_some(Self(bcrypt_cost))
    }

    fn bcrypt_cost(self) -> u32 {
        self.0
    }

    /// Returns the maximum time of a hash, as a multiple of the maximum time with the lowest cost.
    pub(super) fn factor(self) -> u32 {
        1 << (self.0 - Self::RANGE.0)
    }
}

#[derive(Debug)]
pub enum LegacyHash {
    Bcrypt(Bcrypt),
    Pbkdf2(Pbkdf2),
    Scrypt(Scrypt),
}

impl LegacyHash {
    pub(super) fn parse(text: &str, max: ImportedCost) -> Result<Self, Unusable> {
        match bcrypt::parse(text, max).map(Self::Bcrypt) {
            Err(Unusable::Unknown) => {}
            parsed => return parsed,
        }
        match pbkdf2::parse(text, max).map(Self::Pbkdf2) {
            Err(Unusable::Unknown) => scrypt::parse(text, max).map(Self::Scrypt),
            parsed => parsed,
        }
    }

    pub(super) fn matches(&self, forms: &Forms) -> bool {
        match self {
            Self::Bcrypt(hash) => hash.matches(forms.typed()),
            Self::Pbkdf2(hash) => hash.matches(forms.typed()),
            Self::Scrypt(hash) => hash.matches(forms),
        }
    }
}

/// Removes the prefix with which Django (`bcrypt$`, `argon2`) or Spring (`{bcrypt}`) names the format of a hash.
pub(super) fn without_prefix(text: &str) -> &str {
    let spring = text.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    let spring = spring.filter(|(name, _)| *name == "bcrypt" || name.split('@').next() == Some("argon2"));
    let django = || text.strip_prefix("bcrypt$").or_else(|| text.strip_prefix("argon2"));
    let hash = spring.map(|(_, hash)| hash).or_else(django).filter(|hash| hash.starts_with('$'));
    hash.unwrap_or(text)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Vec<u8> = text.as_bytes().iter().map(digit).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::password::argon2id::{Memory, matches};
    use crate::auth::password::policy::Password;
    use crate::auth::password::stored_hash::StoredHash;

    /// Hashes that the original libraries computed. The scripts in the folder of the file create them.
    const HASHES: &str = include_str!("../../../../tests/vectors/password_hashes.tsv");
    const PASSWORD: &str = "correct horse bättery staple";
    const HIGHEST: ImportedCost = ImportedCost(14);

    fn matches_password(stored: &StoredHash, password: &str) -> bool {
        let forms = Password::presented(password).unwrap().forms();
        match stored {
            StoredHash::Argon2(hash) => matches(hash, forms.typed(), &mut Memory::default()).unwrap(),
            StoredHash::Legacy(hash) => hash.matches(&forms),
        }
    }

    #[test]
    fn hashes_of_other_libraries_match_their_password_only() {
        for line in HASHES.lines() {
            let (_, text) = line.split_once('\t').unwrap();
            let stored = StoredHash::parse(text, HIGHEST).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert!(matches_password(&stored, PASSWORD), "{line}");
            assert!(!matches_password(&stored, "correct horse battery staple"), "{line}");
        }
    }

    #[test]
    fn damaged_hashes_are_rejected() {
        for text in [
            "pbkdf2_sha256$0$salt$ejjkItkw7rkoKgis03N65v+2Xs/4PKn2H/hfeT2J9g4=",
            "pbkdf2_sha256$1000$salt$ejjkItkw7rko",
            "pbkdf2_md5$1000$salt$ejjkItkw7rkoKgis03N65v+2Xs/4PKn2H/hfeT2J9g4=",
            "pbkdf2:sha256:1000$salt$7c2fcda4",
            "scrypt:32767:8:1$salt$88fb3e546b72fa0919c9cb0afdb2cf82",
            "scrypt:1:8:1$salt$88fb3e546b72fa0919c9cb0afdb2cf82",
            "$scrypt$ln=15,r=8$c2FsdHNhbHRzYWx0c2FsdA$JCYN8VEzdlxWAhpbYBpL4YX4YFIpBfkmA5gsSPASMSI",
            "0864209cf79c5e50969f846057509b78:945ea1e3f439a25aeca9c56c486ed923",
            "+864209cf79c5e50969f846057509b78:+45ea1e3f439a25aeca9c56c486ed923",
            "{bcrypt}plain",
            "{noop}plain",
            "{argon2}",
            "argon2$",
            "bcrypt_sha256$plain",
        ] {
            assert_eq!(StoredHash::parse(text, HIGHEST).err(), Some(Unusable::Unknown), "{text}");
        }
    }

    #[test]
    fn maximum_cost_doubles_with_each_step() {
        let key = "88fb3e546b72fa0919c9cb0afdb2cf82";
        let sha256 = "ejjkItkw7rkoKgis03N65v+2Xs/4PKn2H/hfeT2J9g4=";
        let rest = "N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
        for step in 0..3 {
            let max = ImportedCost::new(12 + step).unwrap();
            for (text, is_accepted) in [
                (format!("$2b${}${rest}", 12 + step), true),
                (format!("$2b${}${rest}", 13 + step), false),
                (format!("pbkdf2_sha256${}$salt${sha256}", 800_000 << step), true),
                (format!("pbkdf2_sha256${}$salt${sha256}", (800_000 << step) + 1), false),
                (format!("scrypt:16384:8:{}$salt${key}", 5 << step), true),
                (format!("scrypt:16384:8:{}$salt${key}", (5 << step) + 1), false),
            ] {
                let parsed = StoredHash::parse(&text, max);
                let error = (!is_accepted).then_some(Unusable::TooCostly);
                assert_eq!(parsed.err(), error, "{text} with {max:?}");
            }
        }
        assert_eq!((ImportedCost::new(11), ImportedCost::new(15)), (None, None));
    }

    #[test]
    fn hash_with_too_much_memory_is_rejected_at_any_cost() {
        for text in [
            "scrypt:262144:8:1$salt$88fb3e546b72fa0919c9cb0afdb2cf82",
            "$scrypt$ln=63,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$JCYN8VEzdlxWAhpbYBpL4YX4YFIpBfkmA5gsSPASMSI",
        ] {
            assert_eq!(StoredHash::parse(text, HIGHEST).err(), Some(Unusable::TooCostly), "{text}");
        }
    }
}
