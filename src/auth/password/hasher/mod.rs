//! Hashes and verifies passwords on a pool of threads.

use std::sync::Arc;
use std::time::Instant;

use argon2::Params;
use thiserror::Error;

use super::argon2id;
use super::argon2id::{Fault, Memory};
use super::policy::{Forms, Password};
use super::pool::{Busy, HashPool};
use super::rejection_delay::RejectionSchedule;
use super::requester::Requester;
use super::stored_hash;
use super::stored_hash::{Argon2Hash, ImportedCost, StoredHash};
use crate::platform::thread_priority::Class;

#[cfg(test)]
mod tests;

/// The result of comparing a password with a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Comparison {
    Match {
        /// Whether the stored hash should be replaced, because it is a legacy hash or has other parameters.
        outdated: bool,
    },
    /// The password is wrong, or there is no such user. Both cost the same work.
    Mismatch,
}

/// Why hashing or comparing a password returned no result.
#[derive(Debug, Error)]
pub enum HashError {
    /// The queue is full, or the job waited too long.
    #[error("the hash threads are busy")]
    Busy,
    /// The network has too many pending rejections. The result is not reported, and the attempt counts as a failure.
    #[error("too many rejected sign-ins of this network are pending")]
    Withheld,
    /// An error in the stored hash, the parameters or the system.
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

/// Hashes and compares passwords. Clones share the threads.
#[derive(Clone)]
pub struct PasswordHasher(Arc<Shared>);

struct Shared {
    params: Params,
    imported: ImportedCost,
    /// Every comparison first computes one hash with the current parameters in this pool, even if the stored hash is a
    /// legacy hash. So neither the wait nor a full queue reveals the kind of hash.
    pool: HashPool,
    /// The pool that compares legacy hashes in a second step. They take more time and memory.
    legacy_pool: HashPool,
    /// The hash for the first step if the user does not exist or has a legacy hash, so that all cases take the same
    /// time.
    dummy_hash: String,
    rejections: RejectionSchedule,
}

/// The result of the first step of a comparison.
enum FirstStep {
    /// The comparison is complete: the stored hash has the current parameters, or there is none.
    Compared(Comparison),
    /// The stored hash is a legacy hash or has other parameters, and needs the second step.
    Legacy { hash: StoredHash, forms: Arc<Forms> },
}

impl PasswordHasher {
    /// Starts the threads. They end when the last clone is dropped.
    pub fn new(params: Params, threads: usize, imported: ImportedCost) -> Result<Self, HashError> {
        // This memory is released at the end of the function, so an unused service needs little memory.
        let mut memory = Memory::default();
        let dummy_hash = argon2id::hash(&params, b"a dummy password", &mut memory)?;
        // Measures the second hash, because the first one includes mapping the memory.
        let started = Instant::now();
        argon2id::hash(&params, b"a dummy password", &mut memory)?;
        let usual = started.elapsed();
        let rejections = RejectionSchedule::new(usual, imported);
        let no_threads = |error: std::io::Error| HashError::Fault(error.to_string());
        let pool = HashPool::start(threads, Class::Idle, usual).map_err(no_threads)?;
        let legacy_pool = HashPool::start(1, Class::Low, usual).map_err(no_threads)?;
        Ok(Self(Arc::new(Shared { params, imported, pool, legacy_pool, dummy_hash, rejections })))
    }

    /// Hashes `password` with a new salt. Returns the PHC string.
    pub async fn hash(&self, by: impl Into<Requester>, password: Password) -> Result<String, HashError> {
        let (params, forms) = (self.0.params.clone(), password.forms());
        let hashed = self.0.pool.run(by.into(), move |memory| match forms.normalised() {
            Some(bytes) => argon2id::hash(&params, bytes, memory),
            None => Err(Fault("the password is too long in NFKC".to_owned())),
        });
        Ok(hashed.await??)
    }

    /// Returns [`HashError::Busy`] if the queue has no capacity for this requester.
    pub fn check_capacity(&self, by: impl Into<Requester>) -> Result<(), HashError> {
        if self.0.pool.has_capacity(by.into()) { Ok(()) } else { Err(HashError::Busy) }
    }

    /// Compares `password` with the stored hash, or with a dummy hash if there is none.
    pub async fn verify(
        &self,
        by: impl Into<Requester>,
        password: &Password,
        stored: Option<String>,
    ) -> Result<Comparison, HashError> {
        let by = by.into();
        let first = self.first_step(by, password, stored).await?;
        self.second_step(by, first).await
    }

    /// Compares `password` like [`PasswordHasher::verify`], for a sign-in that was received at `received`. The time and
    /// the form of a rejection do not reveal whether the user exists, or which kind of hash the user has.
    pub async fn verify_sign_in(
        &self,
        by: Requester,
        password: &Password,
        stored: Option<String>,
        received: Instant,
    ) -> Result<Comparison, HashError> {
        let first = self.first_step(by, password, stored).await?;
        if let FirstStep::Compared(matched @ Comparison::Match { .. }) = first {
            return Ok(matched);
        }
        let rejection = self.0.rejections.schedule(by.from.network(), received, Instant::now());
        if rejection.is_crowded_out() {
            rejection.due().await;
            return Err(HashError::Withheld);
        }
        let compared = self.second_step(by, first).await;
        if !matches!(compared, Ok(Comparison::Match { .. })) {
            rejection.due().await;
        }
        compared
    }

    async fn first_step(
        &self,
        by: Requester,
        password: &Password,
        stored: Option<String>,
    ) -> Result<FirstStep, HashError> {
        let parse =
            |text: &str| StoredHash::parse(text, self.0.imported).map_err(|error| HashError::Fault(error.to_string()));
        let hash = stored.as_deref().map(parse).transpose()?;
        let (ours, legacy) = match hash {
            Some(StoredHash::Argon2(hash)) if hash.is_made_with(&self.0.params) => (Some(hash), None),
            other => (None, other),
        };
        let exists = ours.is_some();
        let compared_with = match (ours, parse(&self.0.dummy_hash)?) {
            (Some(hash), _) | (None, StoredHash::Argon2(hash)) => hash,
            (None, StoredHash::Legacy(_)) => return Err(HashError::Fault("the dummy hash is not argon2".to_owned())),
        };
        let forms = Arc::new(password.forms());
        let forms_of_job = Arc::clone(&forms);
        let compared = self.0.pool.run(by, move |memory| {
            // A password that is too long in NFKC cannot match, but costs the same work.
            let bytes = forms_of_job.normalised();
            argon2id::matches(&compared_with, bytes.unwrap_or_default(), memory).map(|equal| equal && bytes.is_some())
        });
        let equal = compared.await??;
        Ok(match legacy {
            Some(hash) => FirstStep::Legacy { hash, forms },
            None if equal && exists => FirstStep::Compared(Comparison::Match { outdated: false }),
            None => FirstStep::Compared(Comparison::Mismatch),
        })
    }

    async fn second_step(&self, by: Requester, first: FirstStep) -> Result<Comparison, HashError> {
        let (hash, forms) = match first {
            FirstStep::Compared(comparison) => return Ok(comparison),
            FirstStep::Legacy { hash, forms } => (hash, forms),
        };
        let compared = self.0.legacy_pool.run(by, move |memory| match &hash {
            StoredHash::Legacy(hash) => Ok(hash.matches(&forms)),
            StoredHash::Argon2(hash) => matches_any(hash, &forms, memory),
        });
        Ok(if compared.await?? { Comparison::Match { outdated: true } } else { Comparison::Mismatch })
    }

    /// Returns two maximums in MiB: the memory of all threads, including the fallback worker, and that of one legacy
    /// hash.
    pub fn memory_bound(params: &Params, threads: usize) -> (usize, usize) {
        // Adds 3 MiB per thread for its stack, its queue and the allocator.
        let mib = |kib: u32| kib.div_ceil(1024) as usize + 3;
        ((threads + 1) * mib(params.m_cost()), mib(stored_hash::MAX_MEMORY))
    }
}

impl std::fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordHasher").field("params", &self.0.params).finish_non_exhaustive()
    }
}

fn matches_any(hash: &Argon2Hash, forms: &Forms, memory: &mut Memory) -> Result<bool, Fault> {
    for form in forms.all() {
        if argon2id::matches(hash, form, memory)? {
            return Ok(true);
        }
    }
    Ok(false)
}
