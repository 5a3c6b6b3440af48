//! Something to be done with memory, and the way back to whoever waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::auth::argon2id::Memory;

pub(super) struct Job {
    /// May be done twice, by a thread that gets no time and by the one that relieves it; the first answer counts.
    work: Box<dyn Fn(&mut Memory) -> Answer + Send + Sync>,
    /// Dead once nobody waits for the job any more.
    client: Weak<()>,
    pub(super) queued: Instant,
    relieved: AtomicBool,
}

/// Tells whoever waits. Not in a hash thread: it takes locks, of its own and of the async runtime.
pub(super) type Answer = Box<dyn FnOnce() + Send>;

/// What a hash thread made of a job.
pub(super) enum Done {
    /// Without an answer when it panicked.
    Ran { answer: Option<Answer>, waited: Duration },
    /// It was relieved, or its client went away, before it was begun.
    PassedOver,
}

impl Job {
    /// The job of doing `work` for `client`, and where its outcome will be. A job that is dropped or panics has
    /// none.
    pub(super) fn new<T: Send + 'static>(
        client: Weak<()>,
        work: impl Fn(&mut Memory) -> T + Send + Sync + 'static,
    ) -> (Arc<Self>, oneshot::Receiver<T>) {
        let (sender, outcome) = oneshot::channel();
        let sender = Arc::new(Mutex::new(Some(sender)));
        let work = move |memory: &mut Memory| -> Answer {
            let (done, sender) = (work(memory), Arc::clone(&sender));
            Box::new(move || {
                if let Some(sender) = sender.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    drop(sender.send(done));
                }
            })
        };
        let job = Self { work: Box::new(work), client, queued: Instant::now(), relieved: AtomicBool::new(false) };
        (Arc::new(job), outcome)
    }

    pub(super) fn client(&self) -> Weak<()> {
        Weak::clone(&self.client)
    }

    /// Does the job if that is still of use.
    pub(super) fn take_up(&self, memory: &mut Memory) -> Done {
        if self.is_relieved() || !self.is_awaited() {
            return Done::PassedOver;
        }
        let waited = self.queued.elapsed();
        Done::Ran { answer: self.run(memory), waited }
    }

    /// The answer, unless the job panics.
    pub(super) fn run(&self, memory: &mut Memory) -> Option<Answer> {
        let answer = catch_unwind(AssertUnwindSafe(|| (self.work)(memory)));
        if answer.is_err() {
            tracing::error!("a hash job panicked");
        }
        answer.ok()
    }

    /// Marks the job as taken over; true for the first who does.
    pub(super) fn relieve(&self) -> bool {
        !self.relieved.swap(true, Ordering::Relaxed)
    }

    pub(super) fn is_relieved(&self) -> bool {
        self.relieved.load(Ordering::Relaxed)
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.client.strong_count() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_is_of_no_use_any_more_is_not_begun() {
        let waiting = Arc::new(());
        let job = || Job::new(Arc::downgrade(&waiting), |_| ()).0;
        let (wanted, relieved, abandoned) = (job(), job(), job());
        assert!(relieved.relieve());
        assert!(matches!(wanted.take_up(&mut Memory::default()), Done::Ran { answer: Some(_), .. }));
        assert!(matches!(relieved.take_up(&mut Memory::default()), Done::PassedOver));
        drop(waiting);
        assert!(matches!(abandoned.take_up(&mut Memory::default()), Done::PassedOver));
    }
}
