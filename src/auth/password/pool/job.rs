//! A job of the pool, and the channel for its result.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use tokio::sync::oneshot;

use crate::auth::password::argon2id::Memory;

pub(super) struct Job {
    /// Computes the result and sends it. May run twice: in a stalled worker and in the fallback worker. The first
    /// result counts.
    work: Box<dyn Fn(&mut Memory) + Send + Sync>,
    /// The waiting client. The reference can no longer be upgraded after the client stops waiting.
    client: Weak<()>,
    pub(super) queued: Instant,
    taken_over: AtomicBool,
}

impl Job {
    /// Creates a job and the receiver of its result. The channel closes if the job is dropped or panics.
    pub(super) fn new<T: Send + 'static>(
        client: Weak<()>,
        work: impl Fn(&mut Memory) -> T + Send + Sync + 'static,
    ) -> (Arc<Self>, oneshot::Receiver<T>) {
        let (sender, receiver) = oneshot::channel();
        let sender = Mutex::new(Some(sender));
        let work = move |memory: &mut Memory| {
            let result = catch_unwind(AssertUnwindSafe(|| work(memory)));
            let sender = sender.lock().unwrap_or_else(PoisonError::into_inner).take();
            match result {
                Ok(result) => drop(sender.map(|sender| sender.send(result))),
                Err(_) => tracing::error!("a hash job panicked"),
            }
        };
        let job = Self { work: Box::new(work), client, queued: Instant::now(), taken_over: AtomicBool::new(false) };
        (Arc::new(job), receiver)
    }

    pub(super) fn client(&self) -> Weak<()> {
        Weak::clone(&self.client)
    }

    pub(super) fn run(&self, memory: &mut Memory) {
        (self.work)(memory);
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
