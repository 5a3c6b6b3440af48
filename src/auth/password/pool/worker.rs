//! A worker: a low-priority thread that runs the jobs of its slot.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::job::Job;
use super::shared::Shared;
use crate::auth::password::argon2id::Memory;
use crate::platform::thread_priority::Class;

/// The idle time after which a worker wipes its memory. Wiping takes a fifth of the time of a hash, so a worker does
/// not wipe between two queued jobs.
const WIPE_AFTER: Duration = Duration::from_millis(10);
/// The idle time after which a worker releases its memory. The next job must then map new pages.
pub(super) const RELEASE_AFTER: Duration = if cfg!(test) { Duration::from_millis(50) } else { Duration::from_secs(5) };

/// Runs until the pool is dropped.
pub(super) fn run(shared: &Shared, number: usize, class: Class) {
    class.enter();
    let (slot, mut memory) = (&shared.slots[number], Memory::default());
    while let Some(job) = next_job(shared, number, class, &mut memory) {
        let done = job.run_if_needed(&mut memory);
        // The job is dropped before the slot is free, so that the assigner drops the last reference.
        drop(job);
        slot.finish(done);
        shared.wake_assigner();
    }
}

/// Waits for a job. Returns `None` when the pool is dropped.
fn next_job(shared: &Shared, number: usize, class: Class, memory: &mut Memory) -> Option<Arc<Job>> {
    let slot = &shared.slots[number];
    let release_after = if class == Class::Idle { RELEASE_AFTER } else { WIPE_AFTER };
    let started = Instant::now();
    while !shared.is_closed() {
        if let Some(job) = slot.take() {
            return Some(job);
        }
        let idle = started.elapsed();
        if memory.is_empty() {
            thread::park();
        } else if idle < WIPE_AFTER {
            thread::park_timeout(WIPE_AFTER - idle);
        } else if !memory.is_wiped() {
            memory.wipe();
        } else if idle < release_after {
            thread::park_timeout(release_after - idle);
        } else {
            slot.hand_over_memory(memory);
            shared.wake_assigner();
        }
    }
    None
}
