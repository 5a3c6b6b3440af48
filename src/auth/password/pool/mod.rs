//! A pool of low-priority threads that hash passwords, with a bounded queue.
//!
//! By default, a hash needs 19 MiB of memory and about 15 ms of CPU time. On an async thread, it would delay other
//! requests. Tokio's blocking threads could run 512 hashes at the same time. In this pool, each worker reuses its
//! memory, wipes it when the worker has no job, and releases it after some time. When the queue is full, the caller
//! gets [`Busy`] immediately.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use metrics::{counter, gauge};

use self::job::Job;
use self::queue::{Full, Queue};
use self::stall::StallDetection;
use super::argon2id::Memory;
use super::requester::Requester;
use crate::platform::thread_priority::Class;

mod fallback;
mod job;
mod queue;
mod stall;
mod worker;

#[cfg(test)]
mod tests;

/// The queue's capacity per worker: about one second of work.
const CAPACITY_PER_WORKER: usize = 64;
/// The maximum time from the request to the result.
const DEADLINE: Duration = Duration::from_secs(5);

/// The queue is full, or the job waited too long.
#[derive(Debug)]
pub(super) struct Busy;

/// The pool. Dropping it ends its threads.
pub(super) struct HashPool(Arc<Shared>);

struct Shared {
    /// Locked for a few instructions only, because a low-priority thread can lose its core while it holds the lock.
    state: Mutex<State>,
    job_added: Condvar,
    /// Wakes the fallback worker.
    no_longer_idle: Condvar,
}

struct State {
    queue: Queue<Arc<Job>>,
    /// The jobs that workers have started.
    running: Vec<Arc<Job>>,
    stall: StallDetection,
    closed: bool,
}

impl HashPool {
    /// Starts the workers. Also starts the fallback worker if the workers have the class [`Class::Idle`]. `usual` is
    /// the time that one job takes.
    pub(super) fn start(workers: usize, class: Class, usual: Duration) -> std::io::Result<Self> {
        Self::start_with(workers, class, StallDetection::new(workers, usual))
    }

    fn start_with(workers: usize, class: Class, stall: StallDetection) -> std::io::Result<Self> {
        let queue = Queue::with_capacity(workers * CAPACITY_PER_WORKER);
        let state = State { queue, running: Vec::with_capacity(workers), stall, closed: false };
        let pool = Self(Arc::new(Shared {
            state: Mutex::new(state),
            job_added: Condvar::new(),
            no_longer_idle: Condvar::new(),
        }));
        for number in 0..workers {
            pool.spawn(&format!("hash-{number}"), move |shared| worker::run(shared, class))?;
        }
        if class == Class::Idle {
            pool.spawn("hash-fallback", fallback::run)?;
        }
        Ok(pool)
    }

    fn spawn(&self, name: &str, run: impl FnOnce(&Shared) + Send + 'static) -> std::io::Result<()> {
        let shared = Arc::clone(&self.0);
        thread::Builder::new().name(name.to_owned()).spawn(move || run(&shared)).map(drop)
    }

    /// Runs `work` for this requester. If the returned future is dropped, the job is abandoned.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        by: Requester,
        work: impl Fn(&mut Memory) -> T + Send + Sync + 'static,
    ) -> Result<T, Busy> {
        let client = Arc::new(());
        let (job, result) = Job::new(Arc::downgrade(&client), work);
        let result = match self.0.enqueue(by, job) {
            // If a job is displaced or panics, its sender is dropped. This counts as busy, like a missed deadline.
            Ok(()) => tokio::time::timeout(DEADLINE, result).await.ok().and_then(Result::ok).ok_or(Busy),
            Err(Full) => Err(Busy),
        };
        drop(client);
        result.inspect_err(|_| counter!("daypass_hash_shed_total").increment(1))
    }

    /// Returns whether the queue would accept a job of this requester now.
    pub(super) fn has_capacity(&self, by: Requester) -> bool {
        self.0.lock().queue.has_capacity(by)
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.job_added.notify_all();
        self.0.no_longer_idle.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a job is added, at most for this time.
    fn wait<'a>(&self, state: MutexGuard<'a, State>, at_most: Option<Duration>) -> MutexGuard<'a, State> {
        match at_most {
            None => self.job_added.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(time) => self.job_added.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0,
        }
    }

    fn enqueue(&self, by: Requester, job: Arc<Job>) -> Result<(), Full> {
        let mut state = self.lock();
        let was_idle = state.is_idle();
        if was_idle {
            state.stall.record_progress();
        }
        let abandoned = state.queue.push(by, job.client(), job)?;
        let length = state.queue.len();
        drop(state);
        self.job_added.notify_one();
        if was_idle {
            self.no_longer_idle.notify_one();
        }
        report(length, abandoned);
        Ok(())
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.queue.len() == 0 && self.running.is_empty()
    }

    /// Moves the next job from the queue to the running jobs. Also returns the number of abandoned jobs.
    fn start_next(&mut self) -> (Option<Arc<Job>>, u64) {
        let (job, abandoned) = self.queue.pop();
        self.running.extend(job.clone());
        (job, abandoned)
    }

    fn finish(&mut self, job: &Arc<Job>) {
        self.running.retain(|running| !Arc::ptr_eq(running, job));
        self.stall.record_progress();
    }
}

#[expect(clippy::cast_precision_loss, reason = "the queue is short")]
fn report(length: usize, abandoned: u64) {
    gauge!("daypass_hash_queue").set(length as f64);
    counter!("daypass_hash_dropped_total").increment(abandoned);
}
