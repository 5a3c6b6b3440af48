//! The threads that hash passwords: a few of their own, at low priority, behind a short line.
//!
//! A hash takes 19 MiB and some 15 ms of a core. On the async threads it would hold up everybody else;
//! on tokio's blocking threads 512 of them would run at once. Here each thread owns its memory, keeps it
//! from job to job (fresh blocks would be mapped anew each time and, once freed, kept by the allocator)
//! and wipes it when it has nothing to do. Who finds the line full is told so at once.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::thread;
use std::time::Duration;

use super::address_prefix::AddressPrefix;
use super::argon2id::Memory;
use metrics::{counter, gauge, histogram};

mod job;
mod priority;
mod queue;
mod relief;

use job::Job;
pub(super) use priority::Class;
use queue::Queue;
use relief::Pace;

/// Those who may wait, for each thread: about a second's work.
const WAITING_PER_THREAD: usize = 64;
/// The longest anyone waits for a job to be done.
const DEADLINE: Duration = Duration::from_secs(5);

/// How often an async thread tries to get the lock, which is held for less than a microsecond.
const LOCK_TRIES: usize = 1000;

/// The line is full, or the deadline passed while waiting in it.
#[derive(Debug)]
pub(super) struct Busy;

/// A pool of hash threads; they end when it is dropped.
pub(super) struct HashPool(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// There is something in the line.
    work_to_do: Condvar,
    /// There is something to watch over ([`relief`]).
    work_begun: Condvar,
}

struct State {
    queue: Queue<Arc<Job>>,
    class: Class,
    /// What each thread is at.
    running: Vec<Option<Arc<Job>>>,
    pace: Pace,
    closed: bool,
}

impl HashPool {
    /// Starts the threads and, where they could get nothing done, the one that relieves them. A job usually
    /// takes as long as `usual`.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub(super) fn start(threads: usize, class: Class, usual: Duration) -> std::io::Result<Self> {
        Self::start_with(threads, class, Pace::of(threads, usual))
    }

    fn start_with(threads: usize, class: Class, pace: Pace) -> std::io::Result<Self> {
        let queue = Queue::with_capacity(threads * WAITING_PER_THREAD);
        let state = Mutex::new(State { queue, class, running: vec![None; threads], pace, closed: false });
        let pool = Self(Arc::new(Shared { state, work_to_do: Condvar::new(), work_begun: Condvar::new() }));
        for number in 0..threads {
            let shared = Arc::clone(&pool.0);
            thread::Builder::new().name(format!("hash-{number}")).spawn(move || shared.work(number, class))?;
        }
        if class == Class::Idle {
            let shared = Arc::clone(&pool.0);
            thread::Builder::new().name("hash-relief".to_owned()).spawn(move || shared.relieve())?;
        }
        Ok(pool)
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
        let (job, done) = Job::new(work);
        let waiting = Arc::new(());
        let answer = match self.0.enqueue(from, Arc::downgrade(&waiting), job) {
            // A job that is displaced or panics drops its sender: that is an error here, like the deadline.
            Ok(()) => tokio::time::timeout(DEADLINE, done).await.ok().and_then(Result::ok).ok_or(Busy),
            Err(busy) => Err(busy),
        };
        drop(waiting);
        answer.inspect_err(|_| counter!("daypass_hash_shed_total").increment(1))
    }

    /// Whether a job of this address would be taken now.
    pub(super) fn has_place(&self, from: AddressPrefix) -> bool {
        self.0.lock_soon().is_some_and(|state| state.queue.has_place(from))
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.work_to_do.notify_all();
        self.0.work_begun.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock, for an async thread: not for ever. Whoever holds it may have lost its core to others.
    fn lock_soon(&self) -> Option<MutexGuard<'_, State>> {
        for _ in 0..LOCK_TRIES {
            match self.state.try_lock() {
                Ok(state) => return Some(state),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => thread::yield_now(),
            }
        }
        None
    }

    fn enqueue(&self, from: AddressPrefix, client: Weak<()>, job: Arc<Job>) -> Result<(), Busy> {
        let mut state = self.lock_soon().ok_or(Busy)?;
        let at_rest = state.is_at_rest();
        if at_rest {
            state.pace.restart();
        }
        let placed = state.queue.push(from, client, job);
        let length = state.queue.len();
        drop(state);
        let Ok(left) = placed else { return Err(Busy) };
        self.work_to_do.notify_one();
        if at_rest {
            self.work_begun.notify_one();
        }
        report(length, left);
        Ok(())
    }

    /// What each thread does until the pool is dropped.
    fn work(&self, number: usize, class: Class) {
        class.enter();
        let mut memory = Memory::default();
        while let Some(job) = self.next(number, &mut memory) {
            histogram!("daypass_hash_wait_seconds").record(job.queued.elapsed());
            job.run(&mut memory);
            let mut state = self.lock();
            state.running[number] = None;
            state.pace.restart();
        }
    }

    /// The next job that someone waits for; none once the pool is dropped.
    fn next(&self, number: usize, memory: &mut Memory) -> Option<Arc<Job>> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let (job, left) = state.queue.pop();
            if let Some(job) = job {
                state.running[number] = Some(Arc::clone(&job));
                let length = state.queue.len();
                drop(state);
                report(length, left);
                return Some(job);
            }
            if memory.is_clean() {
                state = self.work_to_do.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let class = state.class;
            drop(state);
            // Only when there is nothing better to do: it takes as long as a fifth of a hash.
            match class {
                Class::Idle => memory.wipe(),
                Class::Low => *memory = Memory::default(),
            }
            state = self.lock();
        }
    }
}

impl State {
    fn is_at_rest(&self) -> bool {
        self.queue.len() == 0 && self.running.iter().all(Option::is_none)
    }
}

/// Never under the lock: a thread that gets no time would hold it for longer.
#[expect(clippy::cast_precision_loss, reason = "the line is short")]
fn report(length: usize, abandoned: u64) {
    gauge!("daypass_hash_queue").set(length as f64);
    counter!("daypass_hash_dropped_total").increment(abandoned);
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt as _;
    use tokio::sync::oneshot;

    use super::*;

    const ADDRESS: AddressPrefix = AddressPrefix::LOCAL;

    /// Keeps the only thread busy until the sender is used or dropped.
    async fn occupied(pool: &Arc<HashPool>) -> mpsc::Sender<()> {
        let (begun, has_begun) = oneshot::channel();
        let (finish, finished) = mpsc::channel::<()>();
        let pool = Arc::clone(pool);
        tokio::spawn(async move {
            let (begun, finished) = (Mutex::new(Some(begun)), Mutex::new(finished));
            let work = move |_: &mut Memory| {
                let _ = begun.lock().unwrap().take().map(|begun| begun.send(()));
                let _ = finished.lock().unwrap().recv();
            };
            pool.run(ADDRESS, work).await
        });
        has_begun.await.unwrap();
        finish
    }

    fn pool() -> Arc<HashPool> {
        Arc::new(HashPool::start_with(1, Class::Idle, Pace::never()).unwrap())
    }

    #[tokio::test]
    async fn who_finds_the_line_full_is_turned_away_at_once() {
        let pool = pool();
        let finish = occupied(&pool).await;
        let mut line = Vec::new();
        for _ in 0..WAITING_PER_THREAD {
            let mut waiting = Box::pin(pool.run(ADDRESS, |_| ()));
            assert!((&mut waiting).now_or_never().is_none());
            line.push(waiting);
        }
        assert!(matches!(pool.run(ADDRESS, |_| ()).await, Err(Busy)));
        finish.send(()).unwrap();
        for waiting in line {
            waiting.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_job_whose_client_hung_up_is_never_begun() {
        let pool = pool();
        let finish = occupied(&pool).await;
        let (begun, has_begun) = mpsc::channel();
        {
            let mut abandoned = Box::pin(pool.run(ADDRESS, move |_| begun.send(())));
            assert!((&mut abandoned).now_or_never().is_none());
        }
        finish.send(()).unwrap();
        pool.run(ADDRESS, |_| ()).await.unwrap();
        assert!(has_begun.recv().is_err(), "it was dropped, not run");
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_the_deadline() {
        let pool = pool();
        let _finish = occupied(&pool).await;
        tokio::time::pause();
        let asked = tokio::time::Instant::now();
        assert!(matches!(pool.run(ADDRESS, |_| ()).await, Err(Busy)));
        assert_eq!(asked.elapsed().as_secs(), DEADLINE.as_secs());
    }

    #[tokio::test]
    async fn a_job_that_panics_takes_nobody_with_it() {
        let pool = pool();
        assert!(matches!(pool.run(ADDRESS, |_| panic!("as intended")).await, Err(Busy)));
        assert_eq!(pool.run(ADDRESS, |_| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn the_threads_end_with_the_pool() {
        let shared = {
            let pool = HashPool::start(3, Class::Idle, Duration::ZERO).unwrap();
            pool.run(ADDRESS, |_| ()).await.unwrap();
            Arc::downgrade(&pool.0)
        };
        let ended = async {
            while shared.strong_count() > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, ended).await.unwrap();
    }
}
