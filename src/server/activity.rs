//! Tracks the activity of a connection and decides when to close the connection.
//!
//! Each connection has one timer. The timer closes the connection if the client sends no request or does not read the
//! response. The timer does not limit the time of handlers. The middleware does this with a deadline.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// The time limit for the head of the first request.
pub const FIRST_HEAD: Duration = Duration::from_secs(30);
/// How long a client may stop reading a response.
pub const STALLED: Duration = Duration::from_secs(30);
/// The server waits this much longer than the announced time-out, so that a client that respects the time-out never
/// uses a connection that is being closed.
const MARGIN: Duration = Duration::from_secs(1);
/// How long a new connection may wait for its first request when the service stops.
pub const ARRIVAL: Duration = Duration::from_secs(1);
/// The time between checks while a handler runs.
const CHECK_INTERVAL: Duration = Duration::from_secs(30);

/// The activity of one connection.
pub(super) struct Activity {
    opened: Instant,
    keep_alive: Duration,
    /// Whether a request was received.
    served: AtomicBool,
    /// The number of requests that have no response yet.
    handling: AtomicUsize,
    /// The number of responses whose body has not ended.
    sending: AtomicUsize,
    /// Whether the send buffer is full, because the client does not read.
    blocked: AtomicBool,
    /// When a response last started or made progress, in milliseconds since the connection was opened.
    progress: AtomicU64,
}

impl Activity {
    pub(super) fn new(keep_alive: Duration) -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            keep_alive,
            served: AtomicBool::new(false),
            handling: AtomicUsize::new(0),
            sending: AtomicUsize::new(0),
            blocked: AtomicBool::new(false),
            progress: AtomicU64::new(0),
        })
    }

    /// Returns until when the first request of a new connection may arrive although the service stops, or `None` if a
    /// request has arrived. A proxy that has just connected sends its request in the next moment, and may not repeat it.
    pub(super) fn first_request_due(&self) -> Option<Instant> {
        (!self.served.load(Ordering::Relaxed)).then(|| self.opened + ARRIVAL)
    }

    /// Counts a request until the returned guard is dropped, even if the client disconnects.
    pub(super) fn handling(self: &Arc<Self>) -> Counted {
        self.served.store(true, Ordering::Relaxed);
        self.count(|activity| &activity.handling)
    }

    /// Counts a response until the returned guard is dropped.
    pub(super) fn sending(self: &Arc<Self>) -> Counted {
        self.advance();
        self.count(|activity| &activity.sending)
    }

    fn count(self: &Arc<Self>, counter: fn(&Self) -> &AtomicUsize) -> Counted {
        counter(self).fetch_add(1, Ordering::AcqRel);
        Counted { activity: Arc::clone(self), counter }
    }

    /// Records a successful write.
    pub(super) fn wrote(&self) {
        self.advance();
        self.blocked.store(false, Ordering::Release);
    }

    /// Records that the send buffer is full.
    pub(super) fn blocked(&self) {
        self.blocked.store(true, Ordering::Release);
    }

    fn advance(&self) {
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.progress.store(now, Ordering::Release);
    }

    /// Returns when to close the connection in its current state, or `None` while a handler runs.
    fn due(&self) -> Option<Instant> {
        let progress = self.opened + Duration::from_millis(self.progress.load(Ordering::Acquire));
        if self.blocked.load(Ordering::Acquire) {
            Some(progress + STALLED)
        } else if self.handling.load(Ordering::Acquire) > 0 {
            None
        } else if self.sending.load(Ordering::Acquire) > 0 {
            Some(progress + STALLED)
        } else if self.served.load(Ordering::Relaxed) {
            Some(progress + self.keep_alive + MARGIN)
        } else {
            Some(self.opened + FIRST_HEAD)
        }
    }
}

/// A guard that counts a request or a response until it is dropped.
pub(super) struct Counted {
    activity: Arc<Activity>,
    counter: fn(&Activity) -> &AtomicUsize,
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.counter)(&self.activity).fetch_sub(1, Ordering::AcqRel);
    }
}

/// A future that resolves when the connection must be closed. Poll this future after the connection, in the same task,
/// because activity on the connection can shorten the wait.
pub(super) struct Watch {
    activity: Arc<Activity>,
    timer: Pin<Box<Sleep>>,
}

impl Watch {
    pub(super) fn new(activity: Arc<Activity>) -> Self {
        let timer = Box::pin(sleep_until(activity.opened + FIRST_HEAD));
        Self { activity, timer }
    }
}

impl Future for Watch {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if let Some(due) = self.activity.due().filter(|due| *due < self.timer.deadline()) {
            self.timer.as_mut().reset(due);
        }
        loop {
            ready!(self.timer.as_mut().poll(context));
            let now = Instant::now();
            let next = self.activity.due().unwrap_or(now + CHECK_INTERVAL);
            if next <= now {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(next);
        }
    }
}
