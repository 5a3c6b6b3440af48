//! A closed loop: each client waits for a response before it sends its next request.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

use crate::client::{Connection, Response};
use crate::plan::Closed;
use crate::record::Record;

/// The delay before a client retries after a failed request.
const PAUSE: Duration = Duration::from_millis(10);

#[derive(Clone, Copy)]
pub struct Window {
    /// When the first client starts.
    pub start: Instant,
    /// Earlier responses are not counted.
    pub count_from: Instant,
    /// Without an end, the loop ends after each request was sent once.
    pub end: Option<Instant>,
}

struct Shared {
    address: SocketAddr,
    closed: Closed,
    window: Window,
    next: AtomicUsize,
}

/// The number of a request, the time of its response, and the status and duration.
type Outcome = (usize, Instant, Result<(u16, Duration), String>);

/// Runs the loop and returns the responses within the window. Also waits for later responses, because they would
/// otherwise slow down the next measurement.
pub async fn run(address: SocketAddr, closed: Closed, window: Window) -> Record {
    let mut record = Record::new(closed.list_responses);
    let shared = Arc::new(Shared { address, closed, window, next: AtomicUsize::new(0) });
    let mut clients = JoinSet::new();
    for number in 0..shared.closed.clients {
        clients.spawn(client(Arc::clone(&shared), number));
    }
    let mut outcomes: Vec<Outcome> = clients.join_all().await.into_iter().flatten().collect();
    outcomes.sort_unstable_by_key(|(number, ..)| *number);
    let last = outcomes.iter().map(|(_, at, _)| *at).max().unwrap_or(window.count_from);
    let end = window.end.unwrap_or(last);
    for (_, at, outcome) in outcomes {
        match outcome {
            Ok((status, duration)) if (window.count_from..=end).contains(&at) => record.response(status, duration),
            Ok(_) => {}
            Err(error) => record.error(&error),
        }
    }
    record.seconds = end.saturating_duration_since(window.count_from);
    record
}

async fn client(shared: Arc<Shared>, number: usize) -> Vec<Outcome> {
    let Shared { address, closed, window, next } = &*shared;
    // The clients start at different times. Otherwise they would also retry at the same time.
    let lead = window.count_from - window.start;
    sleep_until((window.start + lead.mul_f64(number as f64 / closed.clients as f64)).into()).await;
    let (mut idle, mut outcomes) = (None, Vec::new());
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let done = match window.end {
            Some(end) => Instant::now() >= end,
            None => number >= closed.template.requests.len(),
        };
        if done {
            return outcomes;
        }
        let result = send(&mut idle, *address, closed.template.request(number, *address)).await;
        let at = Instant::now();
        match result {
            Ok((response, duration)) => {
                outcomes.push((number, at, Ok((response.status, duration))));
                if let Some(wait) = response.retry_after.filter(|_| closed.obey_retry_after) {
                    let until = window.end.map_or(at + wait, |end| end.min(at + wait));
                    sleep_until(until.into()).await;
                }
            }
            Err(error) => {
                outcomes.push((number, at, Err(error.to_string())));
                sleep(PAUSE).await;
            }
        }
    }
}

/// Sends a request on the idle connection, or on a new one. The duration does not include the time to connect.
async fn send(
    idle: &mut Option<Connection>,
    address: SocketAddr,
    request: Request<Full<Bytes>>,
) -> io::Result<(Response, Duration)> {
    let mut connection = match idle.take().filter(Connection::is_open) {
        Some(connection) => connection,
        None => Connection::open(address).await?,
    };
    let started = Instant::now();
    let response = connection.send(request).await?;
    let duration = started.elapsed();
    *idle = Some(connection);
    Ok((response, duration))
}
