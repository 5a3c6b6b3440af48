//! The threads that hash passwords: a few of their own, at low priority, behind a short line.
//!
//! A hash takes 19 MiB and some 15 ms of a core. On the async threads it would hold up everybody else;
//! on tokio's blocking threads 512 of them would run at once. Here each thread owns its memory, keeps it
//! from job to job (fresh blocks would be mapped anew each time and, once freed, kept by the allocator),
//! wipes it when it has nothing to do and gives it back after a while of that. Who finds the line full is
//! told so at once.
//!
//! A thread of the lowest priority can lose its core anywhere, for seconds, and what it holds is held that
//! long. So hash threads take no lock that others wait for: another hands them their jobs ([`dispatch`]).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use super::address_prefix::AddressPrefix;
use super::argon2id::Memory;
use metrics::{counter, gauge};

mod dispatch;
mod job;
mod priority;
mod queue;
mod relief;
mod seat;
#[cfg(test)]
mod tests;

use job::Job;
pub(super) use priority::Class;
use queue::Queue;
use relief::Pace;
use seat::Seat;

/// Those who may wait, for each thread: about a second's work.
const WAITING_PER_THREAD: usize = 64;
/// The longest anyone waits for a job to be done.
const DEADLINE: Duration = Duration::from_secs(5);

/// The line is full, or the deadline passed while waiting in it.
#[derive(Debug)]
pub(super) struct Busy;

/// A pool of hash threads; they end when it is dropped.
pub(super) struct HashPool(Arc<Shared>);

struct Shared {
    /// Only for threads of ordinary priority, which do not hold it for long.
    state: Mutex<State>,
    /// There is something to watch over ([`relief`]).
    work_begun: Condvar,
    /// One for each hash thread.
    seats: Vec<Seat>,
    /// Woken when there is something to hand out, and when a hash thread is done ([`dispatch`]).
    dispatcher: OnceLock<Thread>,
    closed: AtomicBool,
}

struct State {
    queue: Queue<Arc<Job>>,
    /// What was handed to each thread.
    running: Vec<Option<Arc<Job>>>,
    pace: Pace,
}

impl HashPool {
    /// Starts the threads, the one that hands them their jobs and, where they could get nothing done, the one
    /// that relieves them. A job usually takes as long as `usual`.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub(super) fn start(threads: usize, class: Class, usual: Duration) -> std::io::Result<Self> {
        Self::start_with(threads, class, Pace::of(threads, usual))
    }

    fn start_with(threads: usize, class: Class, pace: Pace) -> std::io::Result<Self> {
        let queue = Queue::with_capacity(threads * WAITING_PER_THREAD);
        let pool = Self(Arc::new(Shared {
            state: Mutex::new(State { queue, running: vec![None; threads], pace }),
            work_begun: Condvar::new(),
            seats: (0..threads).map(|_| Seat::default()).collect(),
            dispatcher: OnceLock::new(),
            closed: AtomicBool::new(false),
        }));
        for number in 0..threads {
            let thread = pool.spawn(&format!("hash-{number}"), move |shared| shared.work(number, class))?;
            pool.0.seats[number].belongs_to(thread);
        }
        let dispatcher = pool.spawn("hash-line", Shared::dispatch)?;
        pool.0.dispatcher.get_or_init(|| dispatcher);
        if class == Class::Idle {
            pool.spawn("hash-relief", Shared::relieve)?;
        }
        Ok(pool)
    }

    fn spawn(&self, name: &str, work: impl FnOnce(&Shared) + Send + 'static) -> std::io::Result<Thread> {
        let shared = Arc::clone(&self.0);
        let spawned = thread::Builder::new().name(name.to_owned()).spawn(move || work(&shared))?;
        Ok(spawned.thread().clone())
    }

    /// Has `work` done for a client of this address prefix. A job whose client went away is dropped.
    ///
    /// # Errors
    /// [`Busy`] when the line is full or too slow.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        from: AddressPrefix,
        work: impl Fn(&mut Memory) -> T + Send + Sync + 'static,
    ) -> Result<T, Busy> {
        let waiting = Arc::new(());
        let (job, done) = Job::new(Arc::downgrade(&waiting), work);
        let answer = match self.0.enqueue(from, job) {
            // A job that is displaced or panics drops its sender: that is an error here, like the deadline.
            Ok(()) => tokio::time::timeout(DEADLINE, done).await.ok().and_then(Result::ok).ok_or(Busy),
            Err(busy) => Err(busy),
        };
        drop(waiting);
        answer.inspect_err(|_| counter!("daypass_hash_shed_total").increment(1))
    }

    /// Whether a job of this address would be taken now.
    pub(super) fn has_place(&self, from: AddressPrefix) -> bool {
        self.0.lock().queue.has_place(from)
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        let state = self.0.lock();
        // Under the lock: the relieving thread looks before it waits, and must not miss it in between.
        self.0.closed.store(true, Ordering::Release);
        drop(state);
        self.0.work_begun.notify_all();
        self.0.wake_dispatcher();
        self.0.seats.iter().for_each(Seat::wake);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn wake_dispatcher(&self) {
        if let Some(thread) = self.dispatcher.get() {
            thread.unpark();
        }
    }

    fn enqueue(&self, from: AddressPrefix, job: Arc<Job>) -> Result<(), Busy> {
        let mut state = self.lock();
        let at_rest = state.is_at_rest();
        if at_rest {
            state.pace.restart();
        }
        // Otherwise the first thread that is done wakes the dispatcher.
        let to_hand_out = state.running.iter().any(Option::is_none);
        let placed = state.queue.push(from, job.client(), job);
        let length = state.queue.len();
        drop(state);
        let Ok(left) = placed else { return Err(Busy) };
        if to_hand_out {
            self.wake_dispatcher();
        }
        if at_rest {
            self.work_begun.notify_one();
        }
        report(length, left);
        Ok(())
    }
}

impl State {
    fn is_at_rest(&self) -> bool {
        self.queue.len() == 0 && self.running.iter().all(Option::is_none)
    }
}

/// Never in a hash thread, for it takes locks of the recorder's, and never under ours.
#[expect(clippy::cast_precision_loss, reason = "the line is short")]
fn report(length: usize, abandoned: u64) {
    gauge!("daypass_hash_queue").set(length as f64);
    counter!("daypass_hash_dropped_total").increment(abandoned);
}
