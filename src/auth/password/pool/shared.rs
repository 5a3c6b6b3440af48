//! The state that the threads of a pool share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;

use metrics::{counter, gauge};

use super::job::Job;
use super::queue::{Full, Queue};
use super::slot::Slot;
use super::stall::StallDetection;
use crate::auth::password::requester::Requester;

pub(super) struct Shared {
    /// The queue and the running jobs. Only threads of ordinary priority lock this state, and never for long.
    state: Mutex<State>,
    /// Wakes the fallback worker when an idle pool gets a job.
    pub(super) work_added: Condvar,
    /// One slot per worker.
    pub(super) slots: Vec<Slot>,
    /// The assigner. It is unparked when there is a job to assign, and when a worker has finished a job.
    pub(super) assigner: OnceLock<Thread>,
    pub(super) closed: AtomicBool,
}

pub(super) struct State {
    pub(super) queue: Queue<Arc<Job>>,
    /// The job of each worker, if it has one.
    pub(super) running: Vec<Option<Arc<Job>>>,
    pub(super) stall: StallDetection,
}

impl Shared {
    pub(super) fn new(workers: usize, capacity: usize, stall: StallDetection) -> Self {
        let queue = Queue::with_capacity(capacity);
        Self {
            state: Mutex::new(State { queue, running: vec![None; workers], stall }),
            work_added: Condvar::new(),
            slots: (0..workers).map(|_| Slot::default()).collect(),
            assigner: OnceLock::new(),
            closed: AtomicBool::new(false),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(super) fn wake_assigner(&self) {
        if let Some(thread) = self.assigner.get() {
            thread.unpark();
        }
    }

    pub(super) fn enqueue(&self, by: Requester, job: Arc<Job>) -> Result<(), Full> {
        let mut state = self.lock();
        let was_idle = state.is_idle();
        if was_idle {
            state.stall.record_progress();
        }
        // If no worker is free, the first worker that finishes its job wakes the assigner.
        let has_free_worker = state.running.iter().any(Option::is_none);
        let pushed = state.queue.push(by, job.client(), job);
        let length = state.queue.len();
        drop(state);
        let abandoned = pushed?;
        if has_free_worker {
            self.wake_assigner();
        }
        if was_idle {
            self.work_added.notify_one();
        }
        report(length, abandoned);
        Ok(())
    }
}

impl State {
    pub(super) fn is_idle(&self) -> bool {
        self.queue.len() == 0 && self.running.iter().all(Option::is_none)
    }
}

/// Updates the metrics. The metrics recorder takes locks, so this function must not be called by a low-priority worker
/// or while the state is locked.
#[expect(clippy::cast_precision_loss, reason = "the queue is short")]
pub(super) fn report(length: usize, abandoned: u64) {
    gauge!("daypass_hash_queue").set(length as f64);
    counter!("daypass_hash_dropped_total").increment(abandoned);
}
