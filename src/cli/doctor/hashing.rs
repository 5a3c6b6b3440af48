//! The time of a password hash, and parameters for another time.

use std::time::Duration;

use super::finding::Level;
use super::memory::MemoryBudget;
use super::{Check, Finding};
use crate::auth::password::calibration::{Cost, measure, suggest};
use crate::config::Config;

const CHECK: Check = Check("argon2");
/// The default of the setting.
const DEFAULT: &str = "ARGON2=m=19456,t=2,p=1";
/// OWASP: a hash should take less than a second.
const MAX_TIME: Duration = Duration::from_secs(1);

/// Measures the configured cost. With a target, suggests the setting for it.
pub(super) fn check(config: &Config, target_ms: Option<u64>, budget: MemoryBudget) -> Vec<Finding> {
    let params = &config.passwords.argon2;
    let time = match measure(params) {
        Ok(time) => time,
        Err(error) => return vec![CHECK.error(error.to_string(), DEFAULT)],
    };
    let cost = Cost::of(params);
    let lanes = params.p_cost();
    let found = format!("ARGON2=m={},t={},p={lanes} takes {} ms", cost.memory, cost.passes, time.as_millis());
    let mut problems = Vec::new();
    if !cost.is_recommended() {
        let found = format!("{found}, but is weaker than OWASP recommends");
        problems.push(CHECK.problem(Level::strict(config.daypass_env), found, DEFAULT));
    }
    if let Some(target) = target_ms.map(Duration::from_millis) {
        let max_memory = budget.max_hash_kib(config);
        let suggested = suggest(cost, time, target, max_memory);
        if is_far(time, target) && (suggested, 1) != (cost, lanes) {
            let Cost { memory, passes } = suggested;
            let found = format!("{found}; the target is {} ms", target.as_millis());
            problems.push(CHECK.warning(found, format!("ARGON2=m={memory},t={passes},p=1")));
        }
    } else if time > MAX_TIME {
        let suggested = suggest(cost, time, MAX_TIME / 2, budget.max_hash_kib(config));
        let repair = format!("ARGON2=m={},t={},p=1", suggested.memory, suggested.passes);
        problems.push(CHECK.warning(format!("{found}, so users wait long"), repair));
    }
    CHECK.or_ok(problems, found)
}

/// Returns whether the time differs from the target by more than a quarter. Measurements vary by less.
fn is_far(time: Duration, target: Duration) -> bool {
    time.abs_diff(target) > target / 4
}
