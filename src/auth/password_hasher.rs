//! The only door to hashing and comparing passwords.

use std::sync::Arc;
use std::time::{Duration, Instant};

use argon2::Params;
use thiserror::Error;

use super::address_prefix::AddressPrefix;
use super::argon2id::{self, Fault, Memory};
use super::hash_pool::{Busy, Class, HashPool};
use super::password::Password;
use super::stored_hash::{self, Argon2Hash, StoredHash};

/// A refused sign-in takes as long as so many hashes of ours: longer than the costliest stored hash that is
/// accepted ([`stored_hash`]).
const REFUSAL_IN_HASHES: u32 = 24;
/// A machine that was busy at the start does not make everybody wait for ever.
const LONGEST_REFUSAL: Duration = Duration::from_secs(3);

/// What comparing a password with a stored hash found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It is the password of the account.
    Right {
        /// The stored hash was made elsewhere or with other parameters: it is to be made anew.
        outdated: bool,
    },
    /// It is not, or there is no such account: the same work was done.
    Wrong,
}

/// Why a password was neither hashed nor compared.
#[derive(Debug, Error)]
pub enum HashError {
    /// The line is full, or the deadline passed while waiting in it.
    #[error("the hash threads are busy")]
    Busy,
    /// The stored hash, the parameters or the machine are at fault.
    #[error("hashing failed: {0}")]
    Fault(String),
}

impl From<Fault> for HashError {
    fn from(Fault(cause): Fault) -> Self {
        Self::Fault(cause)
    }
}

impl From<Busy> for HashError {
    fn from(Busy: Busy) -> Self {
        Self::Busy
    }
}

/// Hashes and compares passwords on threads of its own; clones share them.
#[derive(Clone)]
pub struct PasswordHasher(Arc<Shared>);

struct Shared {
    params: Params,
    /// For hashes of our own parameters, and for nobody's.
    pool: HashPool,
    /// For those made elsewhere: they take longer and more memory, so they wait for each other and for nobody
    /// else. A name that does not exist would otherwise wait for those that do.
    elsewhere: HashPool,
    /// Compared with when there is no such user, so that both cases cost the same.
    nobody: String,
    /// A refusal is told at whole numbers of this after it was asked for.
    refusal: Duration,
}

impl PasswordHasher {
    /// A hasher with `threads` threads, which end with its last clone.
    ///
    /// # Errors
    /// When `params` cannot be used to hash, or the system has no threads.
    pub fn new(params: Params, threads: usize) -> Result<Self, HashError> {
        // In memory of its own, given back at once: a service nobody has signed in to yet stays small.
        let mut memory = Memory::default();
        let nobody = argon2id::hash(&params, b"the password of nobody", &mut memory)?;
        // The first one waited for its memory to be mapped; only the second tells how long one takes.
        let begun = Instant::now();
        argon2id::hash(&params, b"the password of nobody", &mut memory)?;
        let usual = begun.elapsed();
        let refusal = (usual * REFUSAL_IN_HASHES).min(LONGEST_REFUSAL);
        let no_threads = |error: std::io::Error| HashError::Fault(error.to_string());
        let pool = HashPool::start(threads, Class::Idle, usual).map_err(no_threads)?;
        let elsewhere = HashPool::start(1, Class::Low, usual).map_err(no_threads)?;
        Ok(Self(Arc::new(Shared { params, pool, elsewhere, nobody, refusal })))
    }

    /// The PHC string to store for `password`, with a new salt.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the line is full or too slow.
    pub async fn hash(&self, from: AddressPrefix, password: Password) -> Result<String, HashError> {
        let params = self.0.params.clone();
        let made = self.0.pool.run(from, move |memory| argon2id::hash(&params, password.bytes(), memory));
        Ok(made.await??)
    }

    /// Refuses at once who would be turned away.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the line is full.
    pub fn expect_place(&self, from: AddressPrefix) -> Result<(), HashError> {
        if self.0.pool.has_place(from) { Ok(()) } else { Err(HashError::Busy) }
    }

    /// Compares `password` with the stored hash, or with nobody's when there is none.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the line is full or too slow; a fault when the stored hash is none.
    pub async fn verify(
        &self,
        from: AddressPrefix,
        password: Password,
        stored: Option<String>,
    ) -> Result<Verdict, HashError> {
        let exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.0.nobody.clone());
        let hash = StoredHash::parse(&stored).map_err(|error| HashError::Fault(error.to_string()))?;
        let outdated = !matches!(&hash, StoredHash::Argon2(hash) if hash.is_made_with(&self.0.params));
        let pool = if outdated { &self.0.elsewhere } else { &self.0.pool };
        let compared = pool.run(from, move |memory| {
            let right = match &hash {
                StoredHash::Bcrypt => bcrypt::verify(password.typed(), &stored).unwrap_or(false),
                StoredHash::Argon2(hash) if outdated => matches_any(hash, &password, memory)?,
                StoredHash::Argon2(hash) => argon2id::matches(hash, password.bytes(), memory)?,
            };
            Ok(if right && exists { Verdict::Right { outdated } } else { Verdict::Wrong })
        });
        compared.await?
    }

    /// Resolves when a refusal may be told to who was heard at `asked`: a whole number of the same time later,
    /// one if nobody is in the way. So it says nothing of what the password was compared with: bcrypt takes
    /// longer than argon2, and neither may tell of the user.
    pub async fn until_refusal(&self, asked: Instant) {
        let times = asked.elapsed().div_duration_f64(self.0.refusal).ceil().max(1.0);
        tokio::time::sleep_until((asked + self.0.refusal.mul_f64(times)).into()).await;
    }

    /// The most memory that hashing takes, in MiB: all threads with the one that relieves them, and one
    /// hash from elsewhere.
    #[must_use]
    pub fn memory_bound(params: &Params, threads: usize) -> (usize, usize) {
        // Three MiB each for the stack, for those who wait, and for what the allocator keeps of them.
        let mib = |kib: u32| kib.div_ceil(1024) as usize + 3;
        ((threads + 1) * mib(params.m_cost()), mib(stored_hash::MAX_MEMORY))
    }
}

impl std::fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordHasher").field("params", &self.0.params).finish_non_exhaustive()
    }
}

fn matches_any(hash: &Argon2Hash, password: &Password, memory: &mut Memory) -> Result<bool, Fault> {
    for form in password.forms() {
        if argon2id::matches(hash, form, memory)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: AddressPrefix = AddressPrefix::LOCAL;
    const RIGHT: Verdict = Verdict::Right { outdated: false };

    fn hasher() -> PasswordHasher {
        PasswordHasher::new(Params::new(16, 1, 1, None).unwrap(), 1).unwrap()
    }

    async fn verdict(hasher: &PasswordHasher, password: &str, stored: &str) -> Verdict {
        let password = Password::presented(password).unwrap();
        hasher.verify(HERE, password, Some(stored.to_owned())).await.unwrap()
    }

    #[tokio::test]
    async fn composed_and_decomposed_accents_are_one_password_but_blanks_and_case_matter() {
        let hasher = hasher();
        let stored = hasher.hash(HERE, Password::presented("caf\u{e9} Noir").unwrap()).await.unwrap();
        for (given, expected) in
            [("cafe\u{301} Noir", RIGHT), ("caf\u{e9} noir", Verdict::Wrong), ("caf\u{e9} Noir ", Verdict::Wrong)]
        {
            assert_eq!(verdict(&hasher, given, &stored).await, expected, "{given:?}");
        }
    }

    #[tokio::test]
    async fn every_byte_of_a_long_password_counts() {
        let hasher = hasher();
        let long = "x".repeat(1024);
        let stored = hasher.hash(HERE, Password::presented(&long).unwrap()).await.unwrap();
        assert_eq!(verdict(&hasher, &format!("{}y", &long[..1023]), &stored).await, Verdict::Wrong);
        assert_eq!(verdict(&hasher, &long, &stored).await, RIGHT);
    }

    #[tokio::test]
    async fn nobodys_password_opens_nothing() {
        let given = Password::presented("the password of nobody").unwrap();
        assert_eq!(hasher().verify(HERE, given, None).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn hashes_made_elsewhere_are_right_but_outdated_also_of_text_that_was_not_normalised() {
        let hasher = hasher();
        let (smaller, larger) = (Params::new(8, 2, 1, None).unwrap(), Params::new(64, 1, 2, None).unwrap());
        let decomposed = "cafe\u{301} noir";
        let argon2 = |params: &Params| argon2id::hash(params, decomposed.as_bytes(), &mut Memory::default()).unwrap();
        for stored in [argon2(&smaller), argon2(&larger), bcrypt::hash(decomposed, 4).unwrap()] {
            assert_eq!(verdict(&hasher, decomposed, &stored).await, Verdict::Right { outdated: true }, "{stored}");
            assert_eq!(verdict(&hasher, "cafe noir", &stored).await, Verdict::Wrong, "{stored}");
        }
    }

    #[tokio::test]
    async fn bcrypt_of_other_programs_is_read() {
        for stored in [
            // npm bcryptjs 2.4.3, which the course uses
            "$2a$05$0F0LmHSP6rfq61Gg5sWRXOL15N1kSxDDnipQ2dzTAj.aHfnXgRYgy",
            // npm bcrypt
            "$2b$05$IstSuZJq7QN/uS5YyfJCuuTY5DTFvzhydEkef.ZAhuc3f7kDqiuS.",
            // htpasswd -B
            "$2y$05$y2m6Q6YyIMHUjSPzgJrSIej.SRo/mp32YFdmEVikgqb43rNjHewSi",
        ] {
            assert_eq!(
                verdict(&hasher(), "correct horse", stored).await,
                Verdict::Right { outdated: true },
                "{stored}"
            );
        }
    }

    #[tokio::test]
    async fn what_is_no_hash_is_a_fault_and_not_a_match() {
        let password = Password::presented("plain").unwrap();
        let answer = hasher().verify(HERE, password, Some("plain".to_owned())).await;
        assert!(matches!(answer, Err(HashError::Fault(_))));
    }

    #[tokio::test]
    async fn a_refusal_is_told_after_a_whole_number_of_the_same_time() {
        let hasher = hasher();
        let refusal = hasher.0.refusal;
        assert!(refusal > Duration::ZERO);
        for late in [Duration::ZERO, refusal / 2, refusal * 3 / 2] {
            let asked = Instant::now().checked_sub(late).unwrap();
            hasher.until_refusal(asked).await;
            assert!(asked.elapsed() >= if late > refusal { refusal * 2 } else { refusal });
        }
    }
}
