//! Measures Argon2id parameters on this machine, and chooses parameters for a target time.

use std::time::{Duration, Instant};

use argon2::Params;

use super::argon2id;
use super::argon2id::Memory;
use super::hasher::HashError;
use super::stored_hash::{MAX_MEMORY, MAX_WORK};

/// The weakest parameters that OWASP recommends, with one lane. All of them cost an attacker about the same.
const RECOMMENDED: [Cost; 5] = [
    Cost { memory: 47104, passes: 1 },
    Cost { memory: 19456, passes: 2 },
    Cost { memory: 12288, passes: 3 },
    Cost { memory: 9216, passes: 4 },
    Cost { memory: 7168, passes: 5 },
];
/// The unit of suggested memory, in KiB.
const MEMORY_STEP: u32 = 1024;

/// The cost of one hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// In KiB.
    pub memory: u32,
    pub passes: u32,
}

impl Cost {
    #[must_use]
    pub fn of(params: &Params) -> Self {
        Self { memory: params.m_cost(), passes: params.t_cost() }
    }

    fn work(self) -> u64 {
        u64::from(self.memory) * u64::from(self.passes)
    }

    /// Returns whether the cost is at least one that OWASP recommends.
    #[must_use]
    pub fn is_recommended(self) -> bool {
        RECOMMENDED.iter().any(|least| self.memory >= least.memory && self.passes >= least.passes)
    }
}

/// Returns the time of one hash. Measures the second hash, because the first one includes mapping the memory.
///
/// # Errors
/// [`HashError::Fault`].
pub fn measure(params: &Params) -> Result<Duration, HashError> {
    let mut memory = Memory::default();
    argon2id::hash(params, b"a measured password", &mut memory)?;
    let started = Instant::now();
    argon2id::hash(params, b"a measured password", &mut memory)?;
    Ok(started.elapsed())
}

/// Chooses the cost that takes about `target`, if `measured` took `time`. Uses at most `max_memory` KiB, but never less
/// than the weakest recommended cost. More memory makes attacks more expensive than more passes, so it is used first.
#[must_use]
pub fn suggest(measured: Cost, time: Duration, target: Duration, max_memory: u32) -> Cost {
    let work = measured.work() as f64 * target.as_secs_f64() / time.as_secs_f64().max(1e-6);
    let work = (work as u64).min(MAX_WORK);
    let max_memory = max_memory.clamp(1, MAX_MEMORY);
    let passes = work.div_ceil(u64::from(max_memory)).max(2);
    let memory = u32::try_from(work / passes).unwrap_or(MAX_MEMORY);
    let memory = memory - memory % MEMORY_STEP;
    let cost = Cost { memory, passes: u32::try_from(passes).unwrap_or(u32::MAX) };
    if cost.is_recommended() {
        return cost;
    }
    let [_, several_passes @ .., least] = &RECOMMENDED;
    *several_passes.iter().find(|cost| cost.memory <= max_memory).unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: Cost = Cost { memory: 19456, passes: 2 };

    fn suggested(milliseconds: u64, target: u64, max_memory: u32) -> (u32, u32) {
        let time = |milliseconds| Duration::from_millis(milliseconds);
        let cost = suggest(DEFAULT, time(milliseconds), time(target), max_memory);
        assert!(cost.is_recommended() && cost.work() <= MAX_WORK, "{cost:?}");
        (cost.memory, cost.passes)
    }

    #[test]
    fn slower_target_uses_more_memory_and_then_more_passes() {
        assert_eq!(suggested(50, 50, MAX_MEMORY), (19456, 2));
        assert_eq!(suggested(50, 100, MAX_MEMORY), (38912, 2));
        assert_eq!(suggested(50, 200, 19456), (19456, 8));
        assert_eq!(suggested(50, 250, 64 * 1024), (63 * 1024, 3));
    }

    #[test]
    fn suggestion_is_within_the_limits_of_the_setting() {
        assert_eq!(suggested(10, 5000, MAX_MEMORY), (MAX_MEMORY, 2));
        assert_eq!(suggested(10, 5000, 19456), (18432, 14));
    }

    #[test]
    fn suggestion_is_never_weaker_than_the_recommendation() {
        assert_eq!(suggested(500, 10, MAX_MEMORY), (19456, 2));
        assert_eq!(suggested(50, 50, 13000), (12288, 3));
        assert_eq!(suggested(50, 50, 100), (7168, 5));
    }

    #[test]
    fn recommended_costs_are_recognised() {
        let is_recommended = |memory, passes| Cost { memory, passes }.is_recommended();
        assert!(is_recommended(19456, 2) && is_recommended(47104, 1) && is_recommended(65536, 3));
        assert!(!is_recommended(19456, 1) && !is_recommended(8, 100) && !is_recommended(19455, 2));
    }
}
