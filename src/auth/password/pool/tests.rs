use std::sync::mpsc;
use std::time::Instant;

use argon2::Params;

use futures_util::FutureExt as _;
use tokio::sync::oneshot;

use super::*;
use crate::auth::password::argon2id::hash;
use crate::auth::rate_limit::client_network::ClientNetwork;

const ADDRESS: Requester = Requester { from: ClientNetwork::LOCAL, is_known: false };

/// Keeps the only worker busy until the returned sender is used or dropped.
async fn occupied(pool: &Arc<HashPool>) -> mpsc::Sender<()> {
    let (start, started) = oneshot::channel();
    let (finish, finished) = mpsc::channel::<()>();
    let pool = Arc::clone(pool);
    tokio::spawn(async move {
        let (start, finished) = (Mutex::new(Some(start)), Mutex::new(finished));
        let work = move |_: &mut Memory| {
            let _ = start.lock().unwrap().take().map(|start| start.send(()));
            let _ = finished.lock().unwrap().recv();
        };
        pool.run(ADDRESS, work).await
    });
    started.await.unwrap();
    finish
}

/// Returns a pool whose worker gets CPU time even if other programs keep all cores busy.
fn pool() -> Arc<HashPool> {
    Arc::new(HashPool::start_with(1, Class::Low, StallDetection::never()).unwrap())
}

#[tokio::test]
async fn full_queue_rejects_immediately() {
    let pool = pool();
    let finish = occupied(&pool).await;
    let mut queued = Vec::new();
    for _ in 0..CAPACITY_PER_WORKER {
        let mut waiting = Box::pin(pool.run(ADDRESS, |_| ()));
        assert!((&mut waiting).now_or_never().is_none());
        queued.push(waiting);
    }
    assert!(matches!(pool.run(ADDRESS, |_| ()).await, Err(Busy)));
    finish.send(()).unwrap();
    for waiting in queued {
        waiting.await.unwrap();
    }
}

#[tokio::test]
async fn job_of_a_disconnected_client_is_not_run() {
    let pool = pool();
    let finish = occupied(&pool).await;
    let (start, started) = mpsc::channel();
    {
        let mut abandoned = Box::pin(pool.run(ADDRESS, move |_| start.send(())));
        assert!((&mut abandoned).now_or_never().is_none());
    }
    finish.send(()).unwrap();
    pool.run(ADDRESS, |_| ()).await.unwrap();
    assert!(started.recv().is_err(), "it was dropped, not run");
}

#[tokio::test]
async fn wait_ends_at_the_deadline() {
    let pool = pool();
    let _finish = occupied(&pool).await;
    tokio::time::pause();
    let asked = tokio::time::Instant::now();
    assert!(matches!(pool.run(ADDRESS, |_| ()).await, Err(Busy)));
    assert_eq!(asked.elapsed().as_secs(), DEADLINE.as_secs());
}

#[tokio::test]
async fn panicking_job_does_not_affect_others() {
    let pool = pool();
    assert!(matches!(pool.run(ADDRESS, |_| panic!("as intended")).await, Err(Busy)));
    assert_eq!(pool.run(ADDRESS, |_| 7).await.unwrap(), 7);
}

#[tokio::test]
async fn threads_end_with_the_pool() {
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
    tokio::time::timeout(4 * DEADLINE, ended).await.unwrap();
}

#[tokio::test]
async fn idle_worker_releases_its_memory() {
    let pool = HashPool::start_with(1, Class::Idle, StallDetection::never()).unwrap();
    let params = Params::new(16, 1, 1, None).unwrap();
    let hash = move |memory: &mut Memory| {
        let has_memory = !memory.is_empty();
        hash(&params, b"correct horse", memory).map(|_| has_memory).unwrap()
    };
    let asked = Instant::now();
    // Other programs can prevent a worker of this class from running its job before the deadline.
    let hash_in_time = async || loop {
        match pool.run(ADDRESS, hash.clone()).await {
            Ok(had_memory) => return had_memory,
            Err(Busy) => assert!(asked.elapsed() < 20 * DEADLINE, "the worker does not run"),
        }
    };
    assert!(!hash_in_time().await);
    while hash_in_time().await {
        assert!(asked.elapsed() < 20 * DEADLINE, "the memory is not released");
        tokio::time::sleep(2 * worker::RELEASE_AFTER).await;
    }
}

/// Keeps all cores busy, with short pauses. Workers run in the pauses and can lose their core at any point.
fn take_all_cores(until: Instant) -> Vec<thread::JoinHandle<()>> {
    const BURST: Duration = Duration::from_micros(500);
    const PAUSE: Duration = Duration::from_micros(20);
    let burst = move || {
        while Instant::now() < until {
            let start = Instant::now();
            while start.elapsed() < BURST {
                std::hint::spin_loop();
            }
            thread::sleep(PAUSE);
        }
    };
    (0..thread::available_parallelism().unwrap().get()).map(|_| thread::spawn(burst)).collect()
}

#[tokio::test]
async fn worker_that_loses_its_core_causes_no_rejections() {
    let pool = HashPool::start(2, Class::Idle, Duration::ZERO).unwrap();
    let until = Instant::now() + Duration::from_secs(1);
    let others = take_all_cores(until);
    let (mut asked, mut busy) = (0, 0);
    while Instant::now() < until {
        // The job is abandoned immediately, so the queue always has capacity.
        let answer = Box::pin(pool.run(ADDRESS, |_| ())).now_or_never();
        (asked, busy) = (asked + 1, busy + u32::from(matches!(answer, Some(Err(Busy)))));
        tokio::task::yield_now().await;
    }
    for other in others {
        other.join().unwrap();
    }
    assert_eq!(busy, 0, "of {asked}");
}
