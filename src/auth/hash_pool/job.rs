//! Something to be done with memory, and the way back to whoever waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;

use crate::auth::argon2id::Memory;

pub(super) struct Job {
    /// May be done twice, by a thread that gets no time and by the one that relieves it; the first answer counts.
    work: Box<dyn Fn(&mut Memory) + Send + Sync>,
    pub(super) queued: Instant,
    relieved: AtomicBool,
}

impl Job {
    /// The job of doing `work`, and where its outcome will be. A job that is dropped or panics has none.
    pub(super) fn new<T: Send + 'static>(
        work: impl Fn(&mut Memory) -> T + Send + Sync + 'static,
    ) -> (Arc<Self>, oneshot::Receiver<T>) {
        let (sender, outcome) = oneshot::channel();
        let sender = Mutex::new(Some(sender));
        let work = move |memory: &mut Memory| {
            let done = work(memory);
            if let Some(sender) = sender.lock().unwrap_or_else(PoisonError::into_inner).take() {
                drop(sender.send(done));
            }
        };
        let job = Self { work: Box::new(work), queued: Instant::now(), relieved: AtomicBool::new(false) };
        (Arc::new(job), outcome)
    }

    pub(super) fn run(&self, memory: &mut Memory) {
        if catch_unwind(AssertUnwindSafe(|| (self.work)(memory))).is_err() {
            tracing::error!("a hash job panicked");
        }
    }

    /// Marks the job as taken over; true for the first who does.
    pub(super) fn relieve(&self) -> bool {
        !self.relieved.swap(true, Ordering::Relaxed)
    }

    pub(super) fn is_relieved(&self) -> bool {
        self.relieved.load(Ordering::Relaxed)
    }
}
