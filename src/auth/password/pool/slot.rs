//! The slot through which a worker gets its jobs and returns the results.
//!
//! The worker and the assigner take turns, so neither ever waits for a lock that the other one holds. The assigner does
//! everything that can take another lock: it sends results, updates metrics and releases memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;

use super::job::{Done, Job};
use crate::auth::password::argon2id::Memory;

#[derive(Default)]
pub(super) struct Slot {
    /// True from the assignment of a job until the worker has finished it.
    occupied: AtomicBool,
    /// The job or its result. While the slot is occupied, only the worker uses it. Otherwise, only the assigner uses
    /// it.
    content: Mutex<Content>,
    /// True from when the worker puts its memory into `unused` until the assigner has released it.
    has_unused: AtomicBool,
    /// The memory to release. While `has_unused` is true, only the assigner uses it. Otherwise, only the worker uses
    /// it.
    unused: Mutex<Memory>,
    thread: OnceLock<Thread>,
}

#[derive(Default)]
enum Content {
    #[default]
    Empty,
    Job(Arc<Job>),
    Done(Done),
}

impl Slot {
    pub(super) fn set_thread(&self, thread: Thread) {
        self.thread.get_or_init(|| thread);
    }

    pub(super) fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Assigns a job to a free slot. Called by the assigner, which must then wake the worker.
    pub(super) fn assign(&self, job: Arc<Job>) {
        *lock(&self.content) = Content::Job(job);
        self.occupied.store(true, Ordering::Release);
    }

    /// Removes and returns the result of a finished job. Called by the assigner.
    pub(super) fn collect(&self) -> Option<Done> {
        if self.is_occupied() {
            return None;
        }
        match std::mem::take(&mut *lock(&self.content)) {
            Content::Done(done) => Some(done),
            Content::Job(_) | Content::Empty => None,
        }
    }

    /// Returns the assigned job. Called by the worker.
    pub(super) fn take(&self) -> Option<Arc<Job>> {
        if !self.is_occupied() {
            return None;
        }
        match std::mem::take(&mut *lock(&self.content)) {
            Content::Job(job) => Some(job),
            Content::Done(_) | Content::Empty => None,
        }
    }

    /// Stores the result of a job and frees the slot. Called by the worker.
    pub(super) fn finish(&self, done: Done) {
        *lock(&self.content) = Content::Done(done);
        self.occupied.store(false, Ordering::Release);
    }

    /// Passes unused memory to the assigner. Called by the worker, which does not release memory itself: the kernel
    /// would lock the memory map of the process.
    pub(super) fn hand_over_memory(&self, memory: &mut Memory) {
        if !self.has_unused.load(Ordering::Acquire) {
            std::mem::swap(&mut *lock(&self.unused), memory);
            self.has_unused.store(true, Ordering::Release);
        }
    }

    /// Releases the memory that the worker has passed on. Called by the assigner.
    pub(super) fn release_memory(&self) {
        if self.has_unused.load(Ordering::Acquire) {
            *lock(&self.unused) = Memory::default();
            self.has_unused.store(false, Ordering::Release);
        }
    }

    pub(super) fn is_occupied(&self) -> bool {
        self.occupied.load(Ordering::Acquire)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
