//! Argon2id over borrowed memory: one hash, one comparison, as PHC strings.
//!
//! The crate's own `hash_password` allocates its blocks for each call.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::stored_hash::Argon2Hash;
use crate::random;

/// Bytes of a salt and of a hash.
const SALT_BYTES: usize = 16;

/// Blocks of 1 KiB: above the most that glibc takes from its heap (`DEFAULT_MMAP_THRESHOLD_MAX`, 32 MiB).
const GIVEN_BACK: usize = 33 * 1024;

/// The stored hash, the parameters or the machine are at fault.
#[derive(Debug)]
pub(super) struct Fault(pub(super) String);

/// Memory for one hash at a time; grows to the largest that was asked for.
#[derive(Default)]
pub(super) struct Memory {
    blocks: Vec<Block>,
    used: bool,
}

impl Memory {
    fn blocks(&mut self, params: &Params) -> &mut [Block] {
        let count = params.block_count();
        if self.blocks.len() < count {
            // Room for more than is used: the pages are never touched, and glibc gives so large a piece back to
            // the system when it is freed, where it would keep one of 19 MiB for itself.
            self.blocks.reserve_exact(count.max(GIVEN_BACK) - self.blocks.len());
            self.blocks.resize(count, Block::default());
        }
        self.used = true;
        &mut self.blocks[..count]
    }

    /// Whether it takes nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Whether it holds nothing that was made from a password.
    pub(super) fn is_clean(&self) -> bool {
        !self.used
    }

    /// Leaves nothing that was made from a password.
    pub(super) fn wipe(&mut self) {
        if self.used {
            self.blocks.fill(Block::default());
            self.used = false;
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// The PHC string of `password` with a new salt.
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

/// Whether `password` is the one behind the stored hash; compared in constant time.
pub(super) fn matches(stored: &Argon2Hash, password: &[u8], memory: &mut Memory) -> Result<bool, Fault> {
    let argon2 = Argon2::new(stored.algorithm, stored.version, stored.params.clone());
    let mut output = vec![0; stored.output.len()];
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

    use super::super::stored_hash::StoredHash;
    use super::*;

    fn matches(stored: &str, password: &[u8], memory: &mut Memory) -> Result<bool, Fault> {
        match StoredHash::parse(stored) {
            Ok(StoredHash::Argon2(stored)) => super::matches(&stored, password, memory),
            other => Err(fault(format!("{other:?}"))),
        }
    }

    #[test]
    fn we_and_the_crate_read_each_others_hashes() {
        let (params, mut memory) = (Params::new(64, 2, 2, None).unwrap(), Memory::default());
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let ours = hash(&params, b"correct horse", &mut memory).unwrap();
        assert!(argon2.verify_password(b"correct horse", &PasswordHash::new(&ours).unwrap()).is_ok());
        let theirs: PasswordHash = argon2.hash_password(b"correct horse").unwrap();
        assert!(matches(&theirs.to_string(), b"correct horse", &mut memory).unwrap());
        assert!(!matches(&theirs.to_string(), b"correct mule", &mut memory).unwrap());
    }

    #[test]
    fn wiped_memory_holds_nothing_of_the_password() {
        let mut memory = Memory::default();
        hash(&Params::new(8, 1, 1, None).unwrap(), b"correct horse", &mut memory).unwrap();
        let words =
            |memory: &Memory| memory.blocks.iter().flat_map(|block| block.as_ref().to_vec()).collect::<Vec<_>>();
        assert!(!memory.is_clean() && words(&memory).iter().any(|word| *word != 0));
        memory.wipe();
        assert!(memory.is_clean() && words(&memory).iter().all(|word| *word == 0));
    }

    #[test]
    fn memory_left_by_another_hash_changes_nothing() {
        let (small, large) = (Params::new(8, 1, 1, None).unwrap(), Params::new(64, 1, 1, None).unwrap());
        let mut memory = Memory::default();
        let one = hash(&small, b"one", &mut memory).unwrap();
        let other = hash(&large, b"other", &mut memory).unwrap();
        assert!(matches(&one, b"one", &mut memory).unwrap() && matches(&other, b"other", &mut memory).unwrap());
    }
}
