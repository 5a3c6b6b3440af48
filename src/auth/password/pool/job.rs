//! A job of the pool, and the channel for its result.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::auth::password::argon2id::Memory;

pub(super) struct Job {
    /// The work may run twice: in a stalled worker and in the fallback worker. The first result counts.
    work: Box<dyn Fn(&mut Memory) -> SendResult + Send + Sync>,
    /// The waiting client. The reference can no longer be upgraded after the client stops waiting.
    client: Weak<()>,
    pub(super) queued: Instant,
    taken_over: AtomicBool,
}

/// Sends a result to the client. Low-priority workers do not call it, because it takes locks.
pub(super) type SendResult = Box<dyn FnOnce() + Send>;

pub(super) enum Done {
    /// The worker ran the job. `result` is `None` if the job panicked.
    Ran { result: Option<SendResult>, waited: Duration },
    /// The fallback worker has taken over the job, or the client no longer waits.
    Skipped,
}

impl Job {
    /// Creates a job and the receiver of its result. The channel closes if the job is dropped or panics.
    pub(super) fn new<T: Send + 'static>(
        client: Weak<()>,
        work: impl Fn(&mut Memory) -> T + Send + Sync + 'static,
    ) -> (Arc<Self>, oneshot::Receiver<T>) {
        let (sender, receiver) = oneshot::channel();
        let sender = Arc::new(Mutex::new(Some(sender)));
        let work = move |memory: &mut Memory| -> SendResult {
            let (result, sender) = (work(memory), Arc::clone(&sender));
            Box::new(move || {
                if let Some(sender) = sender.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    drop(sender.send(result));
                }
            })
        };
        let job = Self { work: Box::new(work), client, queued: Instant::now(), taken_over: AtomicBool::new(false) };
        (Arc::new(job), receiver)
    }

    pub(super) fn client(&self) -> Weak<()> {
        Weak::clone(&self.client)
    }

    pub(super) fn run_if_needed(&self, memory: &mut Memory) -> Done {
        if self.is_taken_over() || !self.is_awaited() {
            return Done::Skipped;
        }
        let waited = self.queued.elapsed();
        Done::Ran { result: self.run(memory), waited }
    }

    /// Runs the job. Returns `None` if the job panics.
    pub(super) fn run(&self, memory: &mut Memory) -> Option<SendResult> {
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(memory)));
        if result.is_err() {
            tracing::error!("a hash job panicked");
        }
        result.ok()
    }

    /// Marks the job as taken over. Returns `false` if it was already marked.
    pub(super) fn take_over(&self) -> bool {
        !self.taken_over.swap(true, Ordering::Relaxed)
    }

    pub(super) fn is_taken_over(&self) -> bool {
        self.taken_over.load(Ordering::Relaxed)
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.client.strong_count() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_that_is_taken_over_or_abandoned_is_skipped() {
        let client = Arc::new(());
        let job = || Job::new(Arc::downgrade(&client), |_| ()).0;
        let (needed, taken_over, abandoned) = (job(), job(), job());
        assert!(taken_over.take_over());
        assert!(matches!(needed.run_if_needed(&mut Memory::default()), Done::Ran { result: Some(_), .. }));
        assert!(matches!(taken_over.run_if_needed(&mut Memory::default()), Done::Skipped));
        drop(client);
        assert!(matches!(abandoned.run_if_needed(&mut Memory::default()), Done::Skipped));
    }
}
