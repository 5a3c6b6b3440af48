//! The fallback worker, which runs jobs while the other workers get too little CPU time.
//!
//! Low-priority threads get little CPU time on busy cores, and a thread cannot raise its own priority without
//! privileges. So if no worker has finished a job for some time, this thread of ordinary priority runs the oldest job,
//! and then one job per interval. For each worker, this takes about a seventh of a core. Without the fallback worker,
//! hardly any user could sign in under full load.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::job::Job;
use super::{Shared, State, report};
use crate::auth::password::argon2id::Memory;

/// Runs until the pool is dropped.
pub(super) fn run(shared: &Shared) {
    let (mut memory, mut last) = (Memory::default(), None);
    let mut state = shared.lock();
    while !state.closed {
        if state.is_idle() {
            last = None;
            if !memory.is_empty() {
                // Releasing memory takes some time, so the state is not locked meanwhile.
                drop(state);
                memory = Memory::default();
                state = shared.lock();
                continue;
            }
            state = shared.no_longer_idle.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        let wait = state.stall.next_fallback(last).saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            let waited = shared.no_longer_idle.wait_timeout(state, wait);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            continue;
        }
        let (job, abandoned) = next_job(&mut state);
        let length = state.queue.len();
        drop(state);
        report(length, abandoned);
        last = Some(Instant::now());
        if let Some(job) = job {
            job.run(&mut memory);
        }
        state = shared.lock();
    }
}

/// Returns the oldest job that a stalled worker has started, or else the next job of the queue. The stalled worker
/// keeps its job, but its result is ignored.
fn next_job(state: &mut State) -> (Option<Arc<Job>>, u64) {
    let started = state.running.iter().filter(|job| job.is_awaited() && !job.is_taken_over());
    match started.min_by_key(|job| job.queued).filter(|job| job.take_over()) {
        Some(job) => (Some(Arc::clone(job)), 0),
        None => state.queue.pop(),
    }
}
#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc;
    use std::time::Duration;

    use crate::auth::password::pool::HashPool;
    use crate::auth::rate_limit::client_network::ClientNetwork;
    use crate::platform::thread_priority::Class;

    #[tokio::test]
    async fn fallback_worker_runs_the_jobs_of_a_stalled_worker() {
        let pool = HashPool::start(1, Class::Idle, Duration::ZERO).unwrap();
        let (release, stuck) = mpsc::channel::<()>();
        let stuck = Mutex::new(Some(stuck));
        let first = pool.run(ClientNetwork::LOCAL.into(), move |_| {
            // The first thread that runs the job hangs here, like a thread that is never scheduled.
            let hang = stuck.lock().unwrap().take();
            hang.map(|hang| hang.recv());
            std::thread::current().name().map(str::to_owned)
        });
        let second = pool.run(ClientNetwork::LOCAL.into(), |_| std::thread::current().name().map(str::to_owned));
        let (first, second) = tokio::join!(first, second);
        let fallback = Some("hash-fallback");
        assert_eq!((first.unwrap().as_deref(), second.unwrap().as_deref()), (fallback, fallback));
        release.send(()).unwrap();
        let third = pool.run(ClientNetwork::LOCAL.into(), |_| std::thread::current().name().map(str::to_owned));
        assert_eq!(third.await.unwrap().as_deref(), Some("hash-0"), "the worker runs again");
    }
}
