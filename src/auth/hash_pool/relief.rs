//! The thread that steps in when the others get no time.
//!
//! Threads of the lowest priority get nothing at all from cores that others keep busy, and a thread cannot
//! raise its own again without privileges. So when none of them has finished anything for a while, one of
//! ordinary priority does the oldest job in their place, again and again, at a pace that costs the others
//! about a seventh of a core each. The lowest priority alone would leave nobody signing in under full load.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::{Job, Shared, State, report};
use crate::auth::argon2id::Memory;

/// So long without a job finished, and the threads are taken to get no time...
const PATIENCE: Duration = Duration::from_millis(100);
/// ... unless a job takes longer: then so many times as long.
const PATIENCE_IN_JOBS: u32 = 4;

/// When to step in.
#[derive(Debug)]
pub(super) struct Pace {
    /// When a thread last finished a job, or was first given one.
    progress: Instant,
    patience: Duration,
    /// The time from the beginning of one job done by relief to that of the next: so a slow machine, or one
    /// that many share, does as many.
    interval: Duration,
}

impl Pace {
    pub(super) fn of(threads: usize, usual: Duration) -> Self {
        let patience = PATIENCE.max(usual * PATIENCE_IN_JOBS);
        let interval = patience / u32::try_from(threads).unwrap_or(1).max(1);
        Self { progress: Instant::now(), patience, interval }
    }

    #[cfg(test)]
    pub(super) fn never() -> Self {
        Self { patience: Duration::from_hours(1), ..Self::of(1, Duration::ZERO) }
    }

    pub(super) fn restart(&mut self) {
        self.progress = Instant::now();
    }

    fn due(&self, last: Option<Instant>) -> Instant {
        let patient_until = self.progress + self.patience;
        last.map_or(patient_until, |last| patient_until.max(last + self.interval))
    }
}

impl Shared {
    /// What the relieving thread does until the pool is dropped.
    pub(super) fn relieve(&self) {
        let (mut memory, mut last) = (Memory::default(), None);
        let mut state = self.lock();
        while !self.is_closed() {
            if state.is_at_rest() {
                last = None;
                if !memory.is_empty() {
                    // Needed so rarely that it is given back; not under the lock, for that takes a while.
                    drop(state);
                    memory = Memory::default();
                    state = self.lock();
                    continue;
                }
                state = self.work_begun.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let wait = state.pace.due(last).saturating_duration_since(Instant::now());
            if !wait.is_zero() {
                let waited = self.work_begun.wait_timeout(state, wait);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            let (job, left) = state.most_urgent();
            let length = state.queue.len();
            drop(state);
            report(length, left);
            last = Some(Instant::now());
            if let Some(answer) = job.and_then(|job| job.run(&mut memory)) {
                answer();
            }
            state = self.lock();
        }
    }
}

impl State {
    /// What a thread is stuck with, oldest first, then what waits. The thread keeps what was taken from it: if it
    /// has begun, it finds out that it was too late when it is done.
    fn most_urgent(&mut self) -> (Option<Arc<Job>>, u64) {
        let stuck = self.running.iter().flatten().filter(|job| job.is_awaited() && !job.is_relieved());
        let stuck = stuck.min_by_key(|job| job.queued);
        match stuck.filter(|job| job.relieve()) {
            Some(job) => (Some(Arc::clone(job)), 0),
            None => self.queue.pop(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc;

    use std::time::Duration;

    use super::super::{Class, HashPool};
    use crate::auth::address_prefix::AddressPrefix;

    #[tokio::test]
    async fn a_job_whose_thread_gets_no_time_is_done_by_another_and_so_is_the_next() {
        let pool = HashPool::start(1, Class::Idle, Duration::ZERO).unwrap();
        let (release, stuck) = mpsc::channel::<()>();
        let stuck = Mutex::new(Some(stuck));
        let first = pool.run(AddressPrefix::LOCAL, move |_| {
            // The first thread to come hangs here, as one does that is never scheduled.
            let hang = stuck.lock().unwrap().take();
            hang.map(|hang| hang.recv());
            std::thread::current().name().map(str::to_owned)
        });
        let second = pool.run(AddressPrefix::LOCAL, |_| std::thread::current().name().map(str::to_owned));
        let (first, second) = tokio::join!(first, second);
        assert_eq!((first.unwrap().as_deref(), second.unwrap().as_deref()), (Some("hash-relief"), Some("hash-relief")));
        release.send(()).unwrap();
        let third = pool.run(AddressPrefix::LOCAL, |_| std::thread::current().name().map(str::to_owned));
        assert_eq!(third.await.unwrap().as_deref(), Some("hash-0"), "it is back");
    }
}
