//! Clients that each wait for an answer before they ask again.

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

use crate::client::{Answer, Connection};
use crate::plan::Closed;
use crate::record::Record;

/// Before a client whose connection broke asks again.
const PAUSE: Duration = Duration::from_millis(10);

/// When to begin, what counts, and when to end; without an end, when each request was sent once.
#[derive(Clone, Copy)]
pub struct Window {
    pub begin: Instant,
    pub counted: Instant,
    pub end: Option<Instant>,
}

struct Shared {
    address: SocketAddr,
    closed: Closed,
    window: Window,
    next: AtomicUsize,
}

/// The number of a request, when its answer came, and its status and time.
type Outcome = (usize, Instant, Result<(u16, Duration), String>);

/// The answers that came inside the window. Those still awaited at its end are awaited, so that nothing
/// of this load is left when the next one begins.
pub async fn run(address: SocketAddr, closed: Closed, window: Window) -> Record {
    let mut record = Record::new(closed.each);
    let shared = Arc::new(Shared { address, closed, window, next: AtomicUsize::new(0) });
    let mut clients = JoinSet::new();
    for number in 0..shared.closed.concurrent {
        clients.spawn(client(Arc::clone(&shared), number));
    }
    let mut outcomes: Vec<Outcome> = clients.join_all().await.into_iter().flatten().collect();
    outcomes.sort_unstable_by_key(|(number, ..)| *number);
    let last = outcomes.iter().map(|(_, at, _)| *at).max().unwrap_or(window.counted);
    let end = window.end.unwrap_or(last);
    for (_, at, outcome) in outcomes {
        match outcome {
            Ok((status, took)) if (window.counted..=end).contains(&at) => record.answer(status, took),
            Ok(_) => {}
            Err(error) => record.error(&error),
        }
    }
    record.seconds = end.saturating_duration_since(window.counted);
    record
}

async fn client(shared: Arc<Shared>, number: usize) -> Vec<Outcome> {
    let Shared { address, closed, window, next } = &*shared;
    // Clients that all began in one instant would all come back in one instant.
    let lead = window.counted - window.begin;
    sleep_until((window.begin + lead.mul_f64(number as f64 / closed.concurrent as f64)).into()).await;
    let (mut kept, mut outcomes) = (None, Vec::new());
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let over = match window.end {
            Some(end) => Instant::now() >= end,
            None => number >= closed.kind.requests.len(),
        };
        if over {
            return outcomes;
        }
        let asked = ask(&mut kept, *address, closed.kind.request(number, *address)).await;
        let at = Instant::now();
        match asked {
            Ok((answer, took)) => {
                outcomes.push((number, at, Ok((answer.status, took))));
                if let Some(wait) = answer.retry_after.filter(|_| closed.patient) {
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

/// Asks on the connection that is kept, or on a new one; connecting is no part of the time.
async fn ask(
    kept: &mut Option<Connection>,
    address: SocketAddr,
    request: Request<Full<Bytes>>,
) -> io::Result<(Answer, Duration)> {
    let mut connection = match kept.take().filter(Connection::is_open) {
        Some(connection) => connection,
        None => Connection::open(address).await?,
    };
    let begun = Instant::now();
    let answer = connection.ask(request).await?;
    *kept = Some(connection);
    Ok((answer, begun.elapsed()))
}
