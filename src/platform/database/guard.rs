//! Decides which connections of the pool may be reused.
//!
//! When the disk is full, SQLite itself rolls the transaction back. The driver's `ROLLBACK` then fails, and the driver
//! counts one open transaction too many. The next transaction would be a savepoint that is never committed
//! (docs/decisions/0018). So a connection is reused only if the driver counts no open transaction and the connection
//! was opened after the last failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::{self, Connection, Database, Error};
use tokio::time::timeout;

/// The time limit for the answer to a ping.
const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// A connection that was idle for this time is pinged before use.
const MAX_UNCHECKED_IDLE: Duration = Duration::from_secs(1);
/// The name of the SQLite driver, which closes a connection without waiting for a server.
const SQLITE: &str = "SQLite";
/// How long returned connections are pinged before reuse, after a statement was abandoned.
const SUSPICION: Duration = Duration::from_secs(1);

/// The shared state of a pool's hooks.
#[derive(Debug)]
pub(super) struct Guard {
    started: Instant,
    /// Connections opened before this moment are closed; in microseconds since `started`.
    retired_before: AtomicU64,
    /// Until this moment a returned connection may have an unread response; in microseconds since `started`.
    suspect_until: AtomicU64,
}

impl Guard {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), retired_before: AtomicU64::new(0), suspect_until: AtomicU64::new(0) }
    }

    /// Retires all open connections. Idle connections are closed before their next use, and the others when they return
    /// to the pool.
    pub(super) fn retire_all(&self) {
        self.retired_before.fetch_max(self.now(), Ordering::AcqRel);
    }

    /// Records that a statement was dropped before its response.
    pub(super) fn suspect(&self) {
        self.suspect_until.fetch_max(self.now() + SUSPICION.as_micros() as u64, Ordering::AcqRel);
    }

    fn now(&self) -> u64 {
        self.started.elapsed().as_micros() as u64
    }

    fn is_retired(&self, age: Duration) -> bool {
        let retired_before = self.retired_before.load(Ordering::Acquire);
        retired_before > 0 && self.now().saturating_sub(age.as_micros() as u64) <= retired_before
    }

    /// Returns whether a connection that returns to the pool may be reused. If a response may be unread, pings the
    /// connection with a time limit, because the driver's own ping has none.
    async fn may_return<C: Connection>(&self, connection: &mut C, age: Duration) -> bool {
        if self.is_retired(age) {
            return false;
        }
        let suspected = self.now() < self.suspect_until.load(Ordering::Acquire);
        if (suspected || connection.is_in_transaction()) && !answers(connection).await {
            return false;
        }
        !connection.is_in_transaction()
    }

    async fn may_be_used<C: Connection>(&self, connection: &mut C, age: Duration, idle_for: Duration) -> bool {
        !self.is_retired(age)
            && !connection.is_in_transaction()
            && (idle_for < MAX_UNCHECKED_IDLE || answers(connection).await)
            && !self.is_retired(age)
    }
}

/// Returns whether the database answers a ping in time. The database runs queued statements, such as a `ROLLBACK`,
/// before it answers.
async fn answers<C: Connection>(connection: &mut C) -> bool {
    matches!(timeout(PING_TIMEOUT, connection.ping()).await, Ok(Ok(())))
}

/// Drops a connection that returns to its pool, without closing it. With TLS, closing a connection waits for the
/// server. If the server's host does not respond, the close waits forever, and the connection keeps its place in the
/// pool. The hook runs in its own task. Unwinding ends this task, drops the connection and frees its place.
fn abandon() -> ! {
    std::panic::resume_unwind(Box::new("the connection is abandoned"))
}

/// Drops the idle connections of a pool without closing them.
pub(super) fn drop_idle<DB: Database>(pool: &sqlx::Pool<DB>) {
    while let Some(connection) = pool.try_acquire() {
        drop(connection.detach());
    }
}

/// Installs `guard` in the hooks of a pool.
pub(super) fn guarded<DB: Database>(options: PoolOptions<DB>, guard: &Arc<Guard>) -> PoolOptions<DB> {
    let (on_release, on_acquire) = (Arc::clone(guard), Arc::clone(guard));
    options
        .after_release(move |connection, about| {
            let guard = Arc::clone(&on_release);
            Box::pin(async move {
                let may_return = guard.may_return(connection, about.age).await;
                if !may_return && DB::NAME != SQLITE {
                    abandon();
                }
                Ok::<_, Error>(may_return)
            })
        })
        .before_acquire(move |connection, about| {
            let guard = Arc::clone(&on_acquire);
            Box::pin(async move { Ok::<_, Error>(guard.may_be_used(connection, about.age, about.idle_for).await) })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_connections_opened_before_a_failure_are_retired() {
        let guard = Guard::new();
        assert!(!guard.is_retired(Duration::ZERO), "nothing has failed");
        std::thread::sleep(Duration::from_millis(2));
        guard.retire_all();
        assert!(guard.is_retired(guard.started.elapsed()), "opened first");
        std::thread::sleep(Duration::from_millis(2));
        assert!(!guard.is_retired(Duration::ZERO));
        assert!(guard.is_retired(Duration::from_secs(1)));
    }
}
