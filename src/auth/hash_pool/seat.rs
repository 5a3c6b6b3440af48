//! A hash thread and the place where it is given its jobs.
//!
//! The thread and the dispatcher take turns there. The thread wakes others without a lock, too, and leaves to the
//! dispatcher whatever could take one: answers (the async runtime has locks), metrics, the last of a job's memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::job::Done;
use super::{Class, Job, Shared};
use crate::auth::argon2id::Memory;

/// So long with nothing to do, and the memory is wiped: it takes as long as a fifth of a hash, and the next job
/// may already be on its way.
const REST: Duration = Duration::from_millis(10);
/// So long, and it is given back to the system: the next job takes longer by the mapping of fresh pages.
pub(super) const LONG_REST: Duration = if cfg!(test) { Duration::from_millis(50) } else { Duration::from_secs(5) };

#[derive(Default)]
pub(super) struct Seat {
    /// From the moment a job is given until the thread is done with it.
    taken: AtomicBool,
    /// While the seat is taken only the thread touches it, otherwise only the dispatcher: nobody ever waits for
    /// this lock.
    content: Mutex<Content>,
    /// From the moment the thread has put its memory into `spare` until the dispatcher has taken it out.
    has_spare: AtomicBool,
    /// Nobody ever waits for this lock either: it is the dispatcher's while there is something, else the thread's.
    spare: Mutex<Memory>,
    thread: OnceLock<Thread>,
}

#[derive(Default)]
enum Content {
    #[default]
    Nothing,
    Job(Arc<Job>),
    Done(Done),
}

impl Seat {
    pub(super) fn belongs_to(&self, thread: Thread) {
        self.thread.get_or_init(|| thread);
    }

    pub(super) fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// The dispatcher's, of a free seat; the thread is yet to be woken.
    pub(super) fn give(&self, job: Arc<Job>) {
        *self.content() = Content::Job(job);
        self.taken.store(true, Ordering::Release);
    }

    /// The dispatcher's: what came of the job, once.
    pub(super) fn collect(&self) -> Option<Done> {
        if self.taken.load(Ordering::Acquire) {
            return None;
        }
        match std::mem::take(&mut *self.content()) {
            Content::Done(done) => Some(done),
            Content::Job(_) | Content::Nothing => None,
        }
    }

    /// The thread's: a job it was given.
    fn take(&self) -> Option<Arc<Job>> {
        if !self.taken.load(Ordering::Acquire) {
            return None;
        }
        match std::mem::take(&mut *self.content()) {
            Content::Job(job) => Some(job),
            Content::Done(_) | Content::Nothing => None,
        }
    }

    /// The thread's, after a job it took.
    fn leave(&self, done: Done) {
        *self.content() = Content::Done(done);
        self.taken.store(false, Ordering::Release);
    }

    /// The thread's: leaves its memory to the dispatcher, for the kernel has a lock on what a process has mapped.
    fn put_aside(&self, memory: &mut Memory) {
        if !self.has_spare.load(Ordering::Acquire) {
            std::mem::swap(&mut *self.spare(), memory);
            self.has_spare.store(true, Ordering::Release);
        }
    }

    /// The dispatcher's: gives back what the thread put aside.
    pub(super) fn give_back_spare(&self) {
        if self.has_spare.load(Ordering::Acquire) {
            *self.spare() = Memory::default();
            self.has_spare.store(false, Ordering::Release);
        }
    }

    #[cfg(test)]
    pub(super) fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Acquire)
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spare(&self) -> MutexGuard<'_, Memory> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// What each hash thread does until the pool is dropped.
    pub(super) fn work(&self, number: usize, class: Class) {
        class.enter();
        let (seat, mut memory) = (&self.seats[number], Memory::default());
        while let Some(job) = self.next(seat, class, &mut memory) {
            let done = job.take_up(&mut memory);
            // Before it says so: then the dispatcher has the last of it.
            drop(job);
            seat.leave(done);
            self.wake_dispatcher();
        }
    }

    /// The next job; none once the pool is dropped.
    fn next(&self, seat: &Seat, class: Class, memory: &mut Memory) -> Option<Arc<Job>> {
        let keep = if class == Class::Idle { LONG_REST } else { REST };
        let begun = Instant::now();
        while !self.is_closed() {
            if let Some(job) = seat.take() {
                return Some(job);
            }
            let rest = begun.elapsed();
            if memory.is_empty() {
                thread::park();
            } else if rest < REST {
                thread::park_timeout(REST - rest);
            } else if !memory.is_clean() {
                memory.wipe();
            } else if rest < keep {
                thread::park_timeout(keep - rest);
            } else {
                seat.put_aside(memory);
                self.wake_dispatcher();
            }
        }
        None
    }
}
