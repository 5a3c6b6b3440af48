//! A pool of low-priority threads that hash passwords, with a bounded queue.
//!
//! By default, a hash needs 19 MiB of memory and about 15 ms of CPU time. On an async thread, it would delay other
//! requests. Tokio's blocking threads could run 512 hashes at the same time. In this pool, each worker reuses its
//! memory, wipes it when the worker has no job, and releases it after some time. When the queue is full, the caller
//! gets [`Busy`] immediately.
//!
//! A thread of the lowest priority can lose its core for seconds while it holds a lock. So workers take no lock that
//! other threads wait for. Instead, the assigner, a thread of ordinary priority, gives them their jobs.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, Thread};
use std::time::Duration;

use metrics::counter;

use self::job::Job;
use self::shared::Shared;
use self::slot::Slot;
use self::stall::StallDetection;
use super::argon2id::Memory;
use super::requester::Requester;
use crate::platform::thread_priority::Class;

mod assigner;
mod fallback;
mod job;
mod queue;
mod shared;
mod slot;
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

impl HashPool {
    /// Starts the workers and the assigner. Also starts the fallback worker if the workers have the class
    /// [`Class::Idle`]. `usual` is the time that one job takes.
    pub(super) fn start(workers: usize, class: Class, usual: Duration) -> std::io::Result<Self> {
        Self::start_with(workers, class, StallDetection::new(workers, usual))
    }

    fn start_with(workers: usize, class: Class, stall: StallDetection) -> std::io::Result<Self> {
        let pool = Self(Arc::new(Shared::new(workers, workers * CAPACITY_PER_WORKER, stall)));
        for number in 0..workers {
            let thread = pool.spawn(&format!("hash-{number}"), move |shared| worker::run(shared, number, class))?;
            pool.0.slots[number].set_thread(thread);
        }
        let assigner = pool.spawn("hash-assigner", assigner::run)?;
        pool.0.assigner.get_or_init(|| assigner);
        if class == Class::Idle {
            pool.spawn("hash-fallback", fallback::run)?;
        }
        Ok(pool)
    }

    fn spawn(&self, name: &str, run: impl FnOnce(&Shared) + Send + 'static) -> std::io::Result<Thread> {
        let shared = Arc::clone(&self.0);
        let spawned = thread::Builder::new().name(name.to_owned()).spawn(move || run(&shared))?;
        Ok(spawned.thread().clone())
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
            Err(_) => Err(Busy),
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
        let state = self.0.lock();
        // `closed` is set while the state is locked, because the fallback worker could otherwise miss the change
        // between its check and its wait.
        self.0.closed.store(true, Ordering::Release);
        drop(state);
        self.0.work_added.notify_all();
        self.0.wake_assigner();
        self.0.slots.iter().for_each(Slot::wake);
    }
}
