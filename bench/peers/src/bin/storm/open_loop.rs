//! An open loop: each request has a planned time, which does not depend on earlier responses.
//!
//! A response time starts at the planned time. If the server stops for a while, all requests that were planned for this
//! time count as slow.

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

/// Opened before the loop starts, because response times must not include the time to connect.
const CONNECTIONS: usize = 100;
/// Further connections are opened when all others wait for responses. A process may have about 1,000 open files.
const MAX_CONNECTIONS: usize = 500;

pub struct Pool {
    address: SocketAddr,
    idle: Mutex<VecDeque<Connection>>,
    permits: Semaphore,
}

impl Pool {
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let mut idle = VecDeque::new();
        for _ in 0..CONNECTIONS {
            idle.push_back(Connection::open(address).await?);
        }
        Ok(Self { address, idle: Mutex::new(idle), permits: Semaphore::new(MAX_CONNECTIONS) })
    }

    /// Returns the connection that was idle for the longest time. The server would close connections that stay idle.
    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop_front()).find(Connection::is_open)
    }

    async fn send(&self, open: &Open) -> io::Result<u16> {
        let _permit = self.permits.acquire().await.map_err(io::Error::other)?;
        let mut connection = match self.take_idle() {
            Some(connection) => connection,
            None => Connection::open(self.address).await?,
        };
        let response = connection.send(open.template.request(0, self.address)).await?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push_back(connection);
        Ok(response.status)
    }
}

/// Returns the responses, and the delay with which each request was sent.
pub async fn run(pool: Pool, open: Open, start: Instant) -> (Record, Vec<Duration>) {
    let (pool, open) = (Arc::new(pool), Arc::new(open));
    let (sender, mut due) = mpsc::unbounded_channel();
    // A separate thread, because Tokio's timers have a resolution of one millisecond.
    let schedule = Arc::clone(&open);
    thread::spawn(move || {
        for number in 0..schedule.count {
            let at = start + schedule.due(number);
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if sender.send(at).is_err() {
                break;
            }
        }
    });
    let (mut requests, mut delays) = (JoinSet::new(), Vec::new());
    while let Some(at) = due.recv().await {
        delays.push(at.elapsed());
        let (pool, open) = (Arc::clone(&pool), Arc::clone(&open));
        requests.spawn(async move { (pool.send(&open).await, at.elapsed()) });
    }
    let mut record = Record::default();
    while let Some(result) = requests.join_next().await {
        match result {
            Ok((Ok(status), duration)) => record.response(status, duration),
            Ok((Err(error), _)) => record.error(&error),
            Err(error) => record.error(&error),
        }
    }
    (record, delays)
}
