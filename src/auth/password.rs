//! Passwords: what one may be, and the only door to hashing and verifying.
//!
//! Argon2id takes 19 MiB and some 20 ms of a core each time, so it runs off the async threads and
//! behind a bound: as many at once as there are hash threads, a short line of those who wait, and a
//! deadline. Who finds the line full is told to come back, at once. Each job borrows memory that stays
//! allocated: fresh blocks for each would be mapped anew each time and, once freed, kept by the allocator.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::Params;
use icu_normalizer::ComposingNormalizerBorrowed;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::sync::Semaphore;

use super::Rule;
use super::argon2id::{self, Fault, Memory};
use super::stored_hash::StoredHash;

/// A longer password is refused, not cut; counted as sent.
pub const MAX_PASSWORD_BYTES: usize = 1024;
/// Those who wait, for each hash thread; one more is turned away.
const WAITING_PER_THREAD: usize = 32;
/// The longest anyone waits for a hash thread.
const DEADLINE: Duration = Duration::from_secs(5);

/// A password as a person gave it, in NFKC (NIST SP 800-63B-4 §3.1.1.2), so that it does not matter
/// which keyboard composed its accents. Blanks and case stay as they are.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// A password presented to be compared with a stored one: no rule but the size.
    ///
    /// # Errors
    /// [`Rule::PasswordTooLong`] over 1,024 bytes.
    pub fn presented(text: &str) -> Result<Self, Rule> {
        if text.len() > MAX_PASSWORD_BYTES {
            return Err(Rule::PasswordTooLong);
        }
        let normalised = ComposingNormalizerBorrowed::new_nfkc().normalize(text).into_owned();
        Ok(Self(SecretString::from(normalised)))
    }

    /// A password chosen for an account: at least `minimum` code points.
    ///
    /// # Errors
    /// The rule that `text` breaks.
    pub fn chosen(text: &str, minimum: usize) -> Result<Self, Rule> {
        let password = Self::presented(text)?;
        if password.0.expose_secret().chars().count() < minimum {
            return Err(Rule::PasswordTooShort { minimum });
        }
        Ok(password)
    }

    fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}

/// What comparing a password with a stored hash found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It is the password of the account.
    Right,
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

/// Hashes and verifies passwords behind a bound; clones share it.
#[derive(Clone)]
pub struct PasswordHasher(Arc<Shared>);

struct Shared {
    params: Params,
    /// One permit for each job that runs.
    threads: Arc<Semaphore>,
    /// One permit for each job that runs or waits.
    places: Arc<Semaphore>,
    /// Memory that no job is using at the moment; never more than there are threads.
    memory: Mutex<Vec<Memory>>,
    /// Compared with when there is no such user, so that both cases cost the same.
    nobody: String,
}

impl PasswordHasher {
    /// A hasher that runs at most `threads` jobs at once.
    ///
    /// # Errors
    /// When `params` cannot be used to hash.
    pub fn new(params: Params, threads: usize) -> Result<Self, HashError> {
        // In memory of its own, given back at once: a service nobody has signed in to yet stays small.
        let nobody = argon2id::hash(&params, b"the password of nobody", &mut Memory::default())?;
        Ok(Self(Arc::new(Shared {
            params,
            threads: Arc::new(Semaphore::new(threads)),
            places: Arc::new(Semaphore::new(threads * (1 + WAITING_PER_THREAD))),
            memory: Mutex::default(),
            nobody,
        })))
    }

    /// The PHC string to store for `password`, with a new salt.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the line is full or too slow.
    pub async fn hash(&self, password: Password) -> Result<String, HashError> {
        let shared = Arc::clone(&self.0);
        self.run(move |memory| Ok(argon2id::hash(&shared.params, password.bytes(), memory)?)).await
    }

    /// Compares `password` with the stored PHC string, or with nobody's when there is none.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the line is full or too slow; a fault when the stored string is none.
    pub async fn verify(&self, password: Password, stored: Option<String>) -> Result<Verdict, HashError> {
        let shared = Arc::clone(&self.0);
        self.run(move |memory| {
            let hash = stored.as_deref().unwrap_or(&shared.nobody);
            let right = match StoredHash::parse(hash).map_err(|error| HashError::Fault(error.to_string()))? {
                StoredHash::Argon2(hash) => argon2id::matches(&hash, password.bytes(), memory)?,
                StoredHash::Bcrypt => bcrypt::verify(password.bytes(), hash).unwrap_or(false),
            };
            Ok(if right && stored.is_some() { Verdict::Right } else { Verdict::Wrong })
        })
        .await
    }

    #[expect(clippy::disallowed_methods, reason = "this is the bounded room for hashing")]
    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Memory) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let place = Arc::clone(&self.0.places).try_acquire_owned().map_err(|_| HashError::Busy)?;
        let thread = tokio::time::timeout(DEADLINE, Arc::clone(&self.0.threads).acquire_owned()).await;
        let thread = thread.map_err(|_| HashError::Busy)?.map_err(|_| HashError::Busy)?;
        let shared = Arc::clone(&self.0);
        let job = tokio::task::spawn_blocking(move || {
            // The permits go with the job: a client that hangs up ends its request, not the hashing.
            let _held = (place, thread);
            let mut memory = shared.borrow_memory();
            let done = job(&mut memory);
            shared.give_back(memory);
            done
        });
        job.await.map_err(|fault| HashError::Fault(fault.to_string()))?
    }
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHasher").field("params", &self.0.params).finish_non_exhaustive()
    }
}

impl Shared {
    fn borrow_memory(&self) -> Memory {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give_back(&self, memory: Memory) {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher() -> PasswordHasher {
        PasswordHasher::new(Params::new(8, 1, 1, None).unwrap(), 1).unwrap()
    }

    #[test]
    fn length_is_counted_in_code_points_and_capped_in_bytes() {
        assert!(Password::chosen("ünïcödé!", 8).is_ok());
        assert_eq!(Password::chosen("ünïcödé", 8).unwrap_err(), Rule::PasswordTooShort { minimum: 8 });
        assert!(Password::chosen(&"x".repeat(1024), 8).is_ok());
        assert_eq!(Password::chosen(&"x".repeat(1025), 8).unwrap_err(), Rule::PasswordTooLong);
    }

    #[test]
    fn a_password_is_not_shown_by_debug() {
        assert_eq!(format!("{:?}", Password::presented("hunter2!").unwrap()), "Password(hidden)");
    }

    #[tokio::test]
    async fn composed_and_decomposed_accents_are_one_password_but_blanks_and_case_matter() {
        let hasher = hasher();
        let stored = hasher.hash(Password::presented("caf\u{e9} Noir").unwrap()).await.unwrap();
        for (given, verdict) in [
            ("cafe\u{301} Noir", Verdict::Right),
            ("caf\u{e9} noir", Verdict::Wrong),
            ("caf\u{e9} Noir ", Verdict::Wrong),
        ] {
            let given = Password::presented(given).unwrap();
            assert_eq!(hasher.verify(given, Some(stored.clone())).await.unwrap(), verdict);
        }
    }

    #[tokio::test]
    async fn every_byte_of_a_long_password_counts() {
        let hasher = hasher();
        let long = "x".repeat(1024);
        let stored = hasher.hash(Password::presented(&long).unwrap()).await.unwrap();
        let almost = Password::presented(&format!("{}y", &long[..1023])).unwrap();
        assert_eq!(hasher.verify(almost, Some(stored)).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn nobodys_password_opens_nothing() {
        let given = Password::presented("the password of nobody").unwrap();
        assert_eq!(hasher().verify(given, None).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_job_whose_client_hung_up_keeps_its_thread_until_it_is_done() {
        let hasher = hasher();
        let (begin, begun) = std::sync::mpsc::channel();
        let (finish, finished) = std::sync::mpsc::channel::<()>();
        let abandoned = hasher.run(move |_| {
            let _ = begin.send(());
            let _ = finished.recv();
            Ok(())
        });
        let waiting = tokio::time::timeout(Duration::from_millis(10), abandoned).await;
        assert!(waiting.is_err() && begun.recv().is_ok(), "it runs, and nobody waits for it");
        assert_eq!(hasher.0.threads.available_permits(), 0);
        finish.send(()).unwrap();
        let _thread = hasher.0.threads.acquire().await.unwrap();
    }

    #[tokio::test]
    async fn who_finds_the_line_full_is_turned_away_at_once() {
        let hasher = hasher();
        let _all = Arc::clone(&hasher.0.places).try_acquire_many_owned(1 + WAITING_PER_THREAD as u32).unwrap();
        let refused = hasher.hash(Password::presented("correct horse").unwrap()).await;
        assert!(matches!(refused, Err(HashError::Busy)));
    }
}
