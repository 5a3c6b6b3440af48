//! The memory of password hashes and database connections, and the memory that the service may use.

use super::{Check, Finding};
use crate::auth::password::hasher::PasswordHasher;
use crate::config::Config;
use crate::platform::database;
use crate::platform::memory::{MemorySource, limit};

const CHECK: Check = Check("memory");
const MIB: u64 = 1024 * 1024;
/// An estimate of everything except hashes and database connections, in MiB.
const BASE_MIB: u64 = 64;
/// The cache of a SQLite connection, in MiB. Connections to servers need less.
const CONNECTION_MIB: u64 = 2;
/// The memory of a hash thread in addition to its hash, in MiB.
const STACK_MIB: u64 = 3;

/// The memory that the service may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct MemoryBudget {
    pub(super) mib: Option<u64>,
    source: &'static str,
}

impl MemoryBudget {
    /// Uses the option of the command line, or else the limit of this process.
    pub(super) fn of(given: Option<u64>) -> Self {
        if let Some(mib) = given {
            return Self { mib: Some(mib), source: "of --memory-mib" };
        }
        match limit() {
            Some(limit) => {
                let source = match limit.source {
                    MemorySource::Cgroup => "of its cgroup",
                    MemorySource::Machine => "of this machine",
                };
                Self { mib: Some(limit.bytes / MIB), source }
            }
            None => Self { mib: None, source: "" },
        }
    }

    /// Returns how much memory one hash may use so that all threads fit, in KiB.
    pub(super) fn max_hash_kib(&self, config: &Config) -> u32 {
        let Some(mib) = self.mib else { return u32::MAX };
        let threads = config.passwords.threads() as u64 + 1;
        let for_hashes = mib.saturating_sub(fixed_mib(config)) / threads;
        u32::try_from(for_hashes.saturating_sub(STACK_MIB) * 1024).unwrap_or(u32::MAX)
    }
}

/// Returns the memory that does not depend on the number of hash threads, in MiB.
fn fixed_mib(config: &Config) -> u64 {
    let (_, imported) = PasswordHasher::memory_bound(&config.passwords.argon2, 1);
    let connections = u64::from(database::max_connections(&config.database.database_url));
    BASE_MIB + imported as u64 + connections * CONNECTION_MIB
}

pub(super) fn check(config: &Config, budget: MemoryBudget) -> Finding {
    let threads = config.passwords.threads();
    let (hashes, _) = PasswordHasher::memory_bound(&config.passwords.argon2, threads);
    let needed = hashes as u64 + fixed_mib(config);
    let MemoryBudget { mib: Some(available), source } = budget else {
        return CHECK.ok(format!("needs at most about {needed} MiB; this system has no known limit"));
    };
    let found = format!(
        "{threads} hash threads and the database need at most about {needed} MiB, of the {available} MiB {source}"
    );
    let repair = format!("{}, or give the service {} MiB", fewer_threads(config, available), needed + needed / 4);
    if needed > available {
        CHECK.error(found, repair)
    } else if needed * 5 > available * 4 {
        CHECK.warning(found, repair)
    } else {
        CHECK.ok(found)
    }
}

/// Returns the settings with which the service needs at most four fifths of the available memory.
fn fewer_threads(config: &Config, available: u64) -> String {
    let (one, _) = PasswordHasher::memory_bound(&config.passwords.argon2, 0);
    let for_hashes = (available * 4 / 5).saturating_sub(fixed_mib(config));
    // One more thread than HASH_THREADS is started when a thread stalls.
    match (for_hashes / one as u64).saturating_sub(1) {
        0 => "HASH_THREADS=1 and ARGON2=m=7168,t=5,p=1".to_owned(),
        threads => format!("HASH_THREADS={threads}"),
    }
}
