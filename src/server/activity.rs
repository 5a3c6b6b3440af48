//! What a connection is doing: how many requests are in flight, and since when none is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The activity of one connection; clones share it.
#[derive(Clone)]
pub(super) struct Activity(Arc<Shared>);

struct Shared {
    opened: Instant,
    in_flight: AtomicUsize,
    /// When the last request ended, in milliseconds since the connection was opened.
    quiet_since: AtomicU64,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self(Arc::new(Shared {
            opened: Instant::now(),
            in_flight: AtomicUsize::new(0),
            quiet_since: AtomicU64::new(0),
        }))
    }

    /// Marks a request as in flight until the guard is dropped, also by a client that hangs up.
    pub(super) fn begin(&self) -> InFlight {
        self.0.in_flight.fetch_add(1, Ordering::AcqRel);
        InFlight(self.clone())
    }

    /// Resolves once no request has been in flight for `limit`. One timer a connection, none a request.
    pub(super) async fn idle_for(&self, limit: Duration) {
        loop {
            let quiet_since = Duration::from_millis(self.0.quiet_since.load(Ordering::Acquire));
            let deadline = match self.0.in_flight.load(Ordering::Acquire) {
                0 => self.0.opened + quiet_since + limit,
                _ => Instant::now() + limit,
            };
            if deadline <= Instant::now() {
                return;
            }
            sleep_until(deadline).await;
        }
    }
}

/// A request in flight.
pub(super) struct InFlight(Activity);

impl Drop for InFlight {
    fn drop(&mut self) {
        let shared = &self.0.0;
        let now = u64::try_from(shared.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        shared.quiet_since.store(now, Ordering::Release);
        shared.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
