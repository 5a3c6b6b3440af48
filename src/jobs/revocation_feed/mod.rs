//! The revocation feed loads revocations from the table into memory, including rows that are committed late. It also
//! detects a restored database.
//!
//! `seq` is assigned when a row is inserted, but the row is visible only after its commit. So a lower number can appear
//! after a higher one. The feed queries each skipped number again until it appears, or until its transaction must have
//! been rolled back. It also queries the last row again. If that row is missing or different, the database is an older
//! copy that lacks some sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use metrics::histogram;
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};
use tokio::time::timeout;
use tracing::warn;

use crate::auth::revocation::Revocations;
use crate::error::Error;
use crate::models::revocation_page;
use crate::models::revocation_page::Page;
use crate::models::{database_state, revocation, session};
use crate::platform::clock::{Clock, Monotonic};
use crate::platform::database::Pool;
use crate::platform::random;
use crate::types::generation::Generation;

mod position;
mod stale;

use position::{Change, Position};

/// The time limit for an update.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The maximum number of requests that wait for an update. Further requests fail with 503 immediately.
const MAX_WAITING: usize = 1_024;
/// The maximum number of rows in a query result, so that loading a million rows needs little additional memory.
const PAGE: u64 = 5_000;

/// Loads revocations from the table. At most one update runs at a time, and all waiting requests share it.
pub struct Feed {
    db: Pool,
    revocations: Arc<Revocations>,
    clock: Clock,
    progress: Arc<Mutex<Progress>>,
    waiting: Semaphore,
    /// How many updates have started.
    started: AtomicU64,
}

/// How far the table has been read. The running update locks it.
#[derive(Default)]
struct Progress {
    position: Position,
    /// The number of the latest update that ended. `succeeded` is its result.
    latest: u64,
    succeeded: bool,
}

impl Feed {
    #[must_use]
    pub fn new(db: Pool, revocations: Arc<Revocations>, clock: Clock) -> Self {
        let (waiting, progress) = (Semaphore::new(MAX_WAITING), Arc::default());
        Self { db, revocations, clock, progress, waiting, started: AtomicU64::new(0) }
    }

    /// Closes the database connections. SQLite empties the write-ahead log when the last connection closes.
    pub async fn close(&self) {
        self.db.close_in_time().await;
    }

    /// Loads the rows added since the last update. The first update loads all rows.
    pub async fn poll(self: &Arc<Self>) -> Result<(), Error> {
        let progress = Arc::clone(&self.progress).lock_owned().await;
        self.update(progress).await
    }

    /// Waits for an update that starts after this call. All waiting requests share one update and its result.
    ///
    /// # Errors
    /// [`Error::NotReady`] if too many requests wait, the current update takes too long, or a shared update failed. If
    /// this call runs the update itself, it returns the update's error.
    pub async fn refresh(self: &Arc<Self>) -> Result<(), Error> {
        let _waiting = self.waiting.try_acquire().map_err(|_| Error::NotReady)?;
        let called_after = self.started.load(Ordering::Acquire);
        let progress = timeout(TIMEOUT, Arc::clone(&self.progress).lock_owned()).await.map_err(|_| Error::NotReady)?;
        if progress.latest <= called_after {
            self.update(progress).await
        } else if progress.succeeded {
            Ok(())
        } else {
            Err(Error::NotReady)
        }
    }

    /// Runs the update in a task. So a client that disconnects does not cancel it for the other waiting requests.
    async fn update(self: &Arc<Self>, mut progress: OwnedMutexGuard<Progress>) -> Result<(), Error> {
        let feed = Arc::clone(self);
        let number = self.started.fetch_add(1, Ordering::AcqRel) + 1;
        let update = tokio::spawn(async move {
            let loading = feed.revocations.age(feed.clock.monotonic()).is_none();
            let read = feed.load(&mut progress.position);
            // An update that loads the complete table may take long, so it has no time limit.
            let read = if loading { Ok(read.await) } else { timeout(TIMEOUT, read).await };
            let read = read.unwrap_or_else(|late| Err(Error::Unavailable(late.into())));
            (progress.latest, progress.succeeded) = (number, read.is_ok());
            read
        });
        update.await.map_err(Error::fault)?
    }

    async fn load(&self, position: &mut Position) -> Result<(), Error> {
        loop {
            let asked_at = self.clock.monotonic();
            let page = revocation_page::read(&self.db, &position.wanted(), PAGE).await?;
            let Some(state) = &page.state else {
                // After a reset, `database_state` has no row. The first replica or sign-in that reads it starts a
                // generation.
                let first = Generation::random(&mut random::secure());
                database_state::generation(&self.db, first).await?;
                continue;
            };
            let complete = (page.rows.len() as u64) < PAGE;
            match position.compare(&page, state, complete, self.clock.now()) {
                Change::None => {}
                Change::Load => {
                    *position = Position::start(*state);
                    self.revocations.restart(state.generation);
                    // Reserves the memory in one step. Growing step by step would leave freed memory in the allocator.
                    self.revocations.reserve(revocation::count(&self.db).await?);
                    continue;
                }
                Change::Restored => {
                    self.start_generation(state.generation).await?;
                    continue;
                }
            }
            self.add_rows(position, &page, asked_at);
            if complete {
                position.give_up_old_gaps(asked_at);
                self.revocations.confirm(asked_at);
                return Ok(());
            }
        }
    }

    /// Adds the rows of a page to the revocations in memory.
    fn add_rows(&self, position: &mut Position, page: &Page, asked_at: Monotonic) {
        let (now, loaded) = (self.clock.now(), self.revocations.age(asked_at).is_some());
        for row in &page.rows {
            if let Some(change) = row.roles_changed() {
                self.revocations.add_role_change(change);
            }
            let new = self.revocations.add(&row.ending());
            if loaded && new > 0 && row.user_id.is_none() {
                histogram!("daypass_revocation_propagation_seconds").record((now - row.revoked_at.0).as_seconds_f64());
            }
            let may_have_gaps = loaded
                || now - row.revoked_at.0 < TimeDelta::seconds(position::MAX_TRANSACTION_TIME.as_secs().cast_signed());
            position.advance(row, may_have_gaps, asked_at);
        }
    }

    /// Starts a new generation after the database was restored from an older copy. All tokens become invalid, because
    /// the copy lacks the sessions of some tokens.
    async fn start_generation(&self, before: Generation) -> Result<(), Error> {
        let next = Generation::random(&mut random::secure());
        let transaction = self.db.begin_write().await?;
        let ended = session::end_generation(&transaction, before, next).await?;
        transaction.commit().await?;
        if ended {
            warn!("the database was restored from an older copy: all sessions ended, and users must sign in again");
        }
        Ok(())
    }
}
