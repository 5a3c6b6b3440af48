//! Argon2id hashes as PHC strings, computed in reused memory.
//!
//! The `hash_password` of the `argon2` crate would allocate memory for each call.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::{Zeroize as _, Zeroizing};

use super::stored_hash::Argon2Hash;
use crate::platform::random;

const SALT_BYTES: usize = 16;

/// The size, in blocks of 1 KiB, of an allocation that glibc returns to the system when it is freed. glibc can keep
/// allocations of up to 32 MiB (`DEFAULT_MMAP_THRESHOLD_MAX`).
const RETURNED_WHEN_FREED: usize = 33 * 1024;

/// An error in the stored hash, the parameters or the system.
#[derive(Debug)]
pub(super) struct Fault(pub(super) String);

/// Memory for one hash at a time. It grows to the size that the largest hash so far needed.
#[derive(Default)]
pub(super) struct Memory {
    blocks: Vec<Block>,
    used: bool,
}

impl Memory {
    fn blocks(&mut self, params: &Params) -> &mut [Block] {
        let count = params.block_count();
        if self.blocks.capacity() < count {
            // Wipes and frees the old memory. Growing it could leave a copy behind.
            *self = Self::default();
        }
        if self.blocks.len() < count {
            // Reserves more memory than is used, because glibc could keep a freed allocation of 19 MiB. The unused
            // pages are never touched.
            self.blocks.reserve_exact(count.max(RETURNED_WHEN_FREED) - self.blocks.len());
            self.blocks.resize(count, Block::default());
        }
        self.used = true;
        &mut self.blocks[..count]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    pub(super) fn is_wiped(&self) -> bool {
        !self.used
    }

    /// Erases everything that was computed from passwords.
    pub(super) fn wipe(&mut self) {
        if self.used {
            // `fill` would not be reliable: the compiler may remove writes to memory that is never read.
            self.blocks.iter_mut().for_each(Block::zeroize);
            self.used = false;
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// Hashes `password` with a new salt. Returns the PHC string.
pub(super) fn hash(params: &Params, password: &[u8], memory: &mut Memory) -> Result<String, Fault> {
    let mut salt = [0; SALT_BYTES];
    rand::Rng::fill_bytes(&mut random::secure(), &mut salt);
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    argon2.hash_password_into_with_memory(password, &salt, &mut output, memory.blocks(params)).map_err(fault)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(fault)?,
        salt: Some(Salt::new(&salt).map_err(fault)?),
        hash: Some(Output::new(&output).map_err(fault)?),
    };
    Ok(hash.to_string())
}

/// Returns whether `password` matches the stored hash. Compares in constant time.
pub(super) fn matches(stored: &Argon2Hash, password: &[u8], memory: &mut Memory) -> Result<bool, Fault> {
    let argon2 = Argon2::new(stored.algorithm, stored.version, stored.params.clone());
    let mut output = Zeroizing::new(vec![0; stored.output.len()]);
    let blocks = memory.blocks(&stored.params);
    argon2.hash_password_into_with_memory(password, &stored.salt, &mut output, blocks).map_err(fault)?;
    Ok(Output::new(&output).map_err(fault)? == Output::new(&stored.output).map_err(fault)?)
}

fn fault(error: impl std::fmt::Display) -> Fault {
    Fault(error.to_string())
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

    use super::*;
    use crate::auth::password::stored_hash::{ImportedCost, StoredHash};

    fn matches(stored: &str, password: &[u8], memory: &mut Memory) -> Result<bool, Fault> {
        match StoredHash::parse(stored, ImportedCost::default()) {
            Ok(StoredHash::Argon2(stored)) => super::matches(&stored, password, memory),
            other => Err(fault(format!("{other:?}"))),
        }
    }

    #[test]
    fn hashes_are_compatible_with_the_argon2_crate() {
        let (params, mut memory) = (Params::new(64, 2, 2, None).unwrap(), Memory::default());
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let ours = hash(&params, b"correct horse", &mut memory).unwrap();
        assert!(argon2.verify_password(b"correct horse", &PasswordHash::new(&ours).unwrap()).is_ok());
        let theirs: PasswordHash = argon2.hash_password(b"correct horse").unwrap();
        assert!(matches(&theirs.to_string(), b"correct horse", &mut memory).unwrap());
        assert!(!matches(&theirs.to_string(), b"correct mule", &mut memory).unwrap());
    }

    #[test]
    fn wiped_memory_contains_only_zeros() {
        let mut memory = Memory::default();
        hash(&Params::new(8, 1, 1, None).unwrap(), b"correct horse", &mut memory).unwrap();
        let words =
            |memory: &Memory| memory.blocks.iter().flat_map(|block| block.as_ref().to_vec()).collect::<Vec<_>>();
        assert!(!memory.is_wiped() && words(&memory).iter().any(|word| *word != 0));
        memory.wipe();
        assert!(memory.is_wiped() && words(&memory).iter().all(|word| *word == 0));
    }

    #[test]
    fn growing_memory_does_not_copy_its_content() {
        let mut memory = Memory::default();
        let (small, large) = (Params::new(8, 1, 1, None).unwrap(), Params::new(34 * 1024, 1, 1, None).unwrap());
        hash(&small, b"correct horse", &mut memory).unwrap();
        let blocks = memory.blocks(&large);
        assert!(blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
    }

    #[test]
    fn memory_of_an_earlier_hash_does_not_change_the_result() {
        let (small, large) = (Params::new(8, 1, 1, None).unwrap(), Params::new(64, 1, 1, None).unwrap());
        let mut memory = Memory::default();
        let one = hash(&small, b"one", &mut memory).unwrap();
        let other = hash(&large, b"other", &mut memory).unwrap();
        assert!(matches(&one, b"one", &mut memory).unwrap() && matches(&other, b"other", &mut memory).unwrap());
    }
}
