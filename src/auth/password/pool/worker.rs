//! A worker: a low-priority thread that runs jobs of the queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::histogram;

use super::job::Job;
use super::{Shared, report};
use crate::auth::password::argon2id::Memory;
use crate::platform::thread_priority::Class;

/// The idle time after which a worker wipes its memory. Wiping takes a fifth of the time of a hash, so a worker does
/// not wipe between two queued jobs.
const WIPE_AFTER: Duration = Duration::from_millis(10);
/// The idle time after which a worker releases its memory. The next job must then map new pages.
pub(super) const RELEASE_AFTER: Duration = if cfg!(test) { Duration::from_millis(50) } else { Duration::from_secs(5) };

/// Runs until the pool is dropped.
pub(super) fn run(shared: &Shared, class: Class) {
    class.enter();
    let mut memory = Memory::default();
    while let Some(job) = next_job(shared, &mut memory) {
        histogram!("daypass_hash_wait_seconds").record(job.queued.elapsed());
        job.run(&mut memory);
        shared.lock().finish(&job);
    }
}

/// Waits for a job. Returns `None` when the pool is dropped.
fn next_job(shared: &Shared, memory: &mut Memory) -> Option<Arc<Job>> {
    let started = Instant::now();
    let mut state = shared.lock();
    while !state.closed {
        let (job, abandoned) = state.start_next();
        if job.is_some() {
            let length = state.queue.len();
            drop(state);
            report(length, abandoned);
            return job;
        }
        let idle = started.elapsed();
        state = if memory.is_empty() {
            shared.wait(state, None)
        } else if idle < WIPE_AFTER {
            shared.wait(state, Some(WIPE_AFTER - idle))
        } else if memory.is_wiped() && idle < RELEASE_AFTER {
            shared.wait(state, Some(RELEASE_AFTER - idle))
        } else {
            drop(state);
            if memory.is_wiped() {
                *memory = Memory::default();
            } else {
                memory.wipe();
            }
            shared.lock()
        };
    }
    None
}
