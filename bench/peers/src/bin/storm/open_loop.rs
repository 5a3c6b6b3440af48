//! Requests at times that no answer can move, as strangers send them. Waiting counts from the moment a
//! request was due: a server that stands still for a second is charged for all who came in that second.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::client::Connection;
use crate::plan::Open;
use crate::record::Record;

/// Open from the beginning, so that connecting is no part of any time.
const CONNECTIONS: usize = 100;
/// Opened when all others wait for answers; a process has about a thousand file descriptors.
const MOST_CONNECTIONS: usize = 500;

pub struct Pool {
    address: SocketAddr,
    idle: Mutex<VecDeque<Connection>>,
    places: Semaphore,
}

impl Pool {
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let mut idle = VecDeque::new();
        for _ in 0..CONNECTIONS {
            idle.push_back(Connection::open(address).await?);
        }
        Ok(Self { address, idle: Mutex::new(idle), places: Semaphore::new(MOST_CONNECTIONS) })
    }

    /// The one that has been idle longest: in turn, no connection rests until the server closes it.
    fn idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop_front()).find(Connection::is_open)
    }

    async fn ask(&self, open: &Open) -> io::Result<u16> {
        let _place = self.places.acquire().await.map_err(io::Error::other)?;
        let mut connection = match self.idle() {
            Some(connection) => connection,
            None => Connection::open(self.address).await?,
        };
        let answer = connection.ask(open.kind.request(0, self.address)).await?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push_back(connection);
        Ok(answer.status)
    }
}

/// The answers, and how late each request left.
pub async fn run(pool: Pool, open: Open, begin: Instant) -> (Record, Vec<Duration>) {
    let (pool, open) = (Arc::new(pool), Arc::new(open));
    let (tick, mut due) = mpsc::unbounded_channel();
    // A thread of its own, because the runtime's timers know whole milliseconds alone.
    let clock = Arc::clone(&open);
    thread::spawn(move || {
        for number in 0..clock.count {
            let at = begin + clock.due(number);
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if tick.send(at).is_err() {
                break;
            }
        }
    });
    let (mut asked, mut late) = (JoinSet::new(), Vec::new());
    while let Some(at) = due.recv().await {
        late.push(at.elapsed());
        let (pool, open) = (Arc::clone(&pool), Arc::clone(&open));
        asked.spawn(async move { (pool.ask(&open).await, at.elapsed()) });
    }
    let mut record = Record::default();
    while let Some(asked) = asked.join_next().await {
        match asked {
            Ok((Ok(status), took)) => record.answer(status, took),
            Ok((Err(error), _)) => record.error(&error),
            Err(error) => record.error(&error),
        }
    }
    (record, late)
}
