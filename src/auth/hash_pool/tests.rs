use std::sync::mpsc;
use std::time::Instant;

use argon2::Params;

use futures_util::FutureExt as _;
use tokio::sync::oneshot;

use super::*;
use crate::auth::argon2id::hash;

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

#[tokio::test]
async fn a_hash_thread_comes_to_the_end_of_its_job_whoever_holds_the_lock() {
    let pool = pool();
    let finish = occupied(&pool).await;
    let (held, asked) = (pool.0.lock(), Instant::now());
    finish.send(()).unwrap();
    while pool.0.seats[0].is_taken() {
        assert!(asked.elapsed() < DEADLINE, "it waits for the lock");
        thread::yield_now();
    }
    drop(held);
    pool.run(ADDRESS, |_| ()).await.unwrap();
}

#[tokio::test]
async fn a_thread_with_nothing_to_do_gives_its_memory_back() {
    let (pool, params) = (pool(), Params::new(16, 1, 1, None).unwrap());
    let hash = move |memory: &mut Memory| {
        let kept = !memory.is_empty();
        hash(&params, b"correct horse", memory).map(|_| kept).unwrap()
    };
    assert!(!pool.run(ADDRESS, hash.clone()).await.unwrap());
    let asked = Instant::now();
    while pool.run(ADDRESS, hash.clone()).await.unwrap() {
        assert!(asked.elapsed() < DEADLINE, "it is kept");
        tokio::time::sleep(2 * seat::LONG_REST).await;
    }
}

/// In bursts: what runs behind them gets its moments, and loses its core wherever it is.
fn take_all_cores(until: Instant) -> Vec<thread::JoinHandle<()>> {
    const BURST: Duration = Duration::from_micros(500);
    const PAUSE: Duration = Duration::from_micros(20);
    let burst = move || {
        while Instant::now() < until {
            let begun = Instant::now();
            while begun.elapsed() < BURST {
                std::hint::spin_loop();
            }
            thread::sleep(PAUSE);
        }
    };
    (0..thread::available_parallelism().unwrap().get()).map(|_| thread::spawn(burst)).collect()
}

#[tokio::test]
async fn a_hash_thread_that_loses_its_core_has_nobody_turned_away() {
    let pool = HashPool::start(2, Class::Idle, Duration::ZERO).unwrap();
    let until = Instant::now() + Duration::from_secs(1);
    let others = take_all_cores(until);
    let (mut asked, mut busy) = (0, 0);
    while Instant::now() < until {
        // Given up at once, so that the line always has room.
        let answer = Box::pin(pool.run(ADDRESS, |_| ())).now_or_never();
        (asked, busy) = (asked + 1, busy + u32::from(matches!(answer, Some(Err(Busy)))));
        tokio::task::yield_now().await;
    }
    for other in others {
        other.join().unwrap();
    }
    assert_eq!(busy, 0, "of {asked}");
}
