//! The purge deletes sessions, session data and revocations whose tokens have expired, expired one-time codes, and old
//! messages and events.
//!
//! It uses small transactions with pauses, so a request that writes waits for at most one of these transactions.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use metrics::counter;
use tokio::task::yield_now;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tracing::warn;

use super::clock_check::{ClockCheck, Reading};
use crate::auth::revocation::Revocations;
use crate::error::Error;
use crate::models::expiry;
use crate::models::expiry::Expires;
use crate::models::{event, one_time_code, outbox, provider_logout, revocation, session, session_variables, used_code};
use crate::platform::clock::Clock;
use crate::platform::database;
use crate::platform::database::Pool;

const INTERVAL: Duration = Duration::from_mins(1);
/// How long a row stays after its token expired. Trusted clocks can still differ slightly.
const MARGIN: TimeDelta = TimeDelta::hours(1);
/// The time that a transaction should take. SQLite allows only one writer at a time.
const TRANSACTION_TIME: Duration = Duration::from_millis(20);
/// The minimum pause between two transactions. A process that waits for the lock of a SQLite file checks it about as
/// often.
const MIN_PAUSE: Duration = Duration::from_millis(10);

/// The job that deletes expired rows.
pub struct Purge {
    pub db: Pool,
    pub revocations: Arc<Revocations>,
    pub clock: Clock,
    /// How long tokens are accepted after they expire.
    pub leeway: TimeDelta,
    /// How long events are kept. `None` if they are kept forever.
    pub audit_retention: Option<TimeDelta>,
}

impl Purge {
    /// Runs the purge every minute. Never returns.
    pub async fn run(self) {
        let (started, mut clocks) = (Instant::now(), ClockCheck::default());
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let purged = match self.read_clocks(started).await {
                Ok(reading) => self.run_if_trusted(&mut clocks, reading).await,
                Err(error) => Err(error),
            };
            if let Err(error) = purged {
                warn!(cause = error.cause(), "could not purge expired rows");
            }
        }
    }

    async fn read_clocks(&self, started: Instant) -> Result<Reading, Error> {
        let database = database::now(&self.db).await?;
        Ok(Reading { ours: self.clock.now(), database, monotonic: started.elapsed() })
    }

    /// Deletes the data of ended sessions. Also deletes expired rows if the clocks can be trusted.
    pub async fn run_if_trusted(&self, clocks: &mut ClockCheck, reading: Reading) -> Result<(), Error> {
        self.delete_data_of_ended().await?;
        match clocks.trusted_time(reading) {
            Some(now) => self.delete_expired(now).await,
            None => Ok(()),
        }
    }

    /// Deletes the data of ended sessions and expired rows. Does not check the clocks.
    pub async fn run_once(&self) -> Result<(), Error> {
        self.delete_data_of_ended().await?;
        self.delete_expired(self.clock.now()).await
    }

    /// Deletes session data that a replica wrote before it received the revocation of the session.
    async fn delete_data_of_ended(&self) -> Result<(), Error> {
        for sessions in session_variables::list_ended(&self.db).await?.chunks(Batch::INITIAL as usize) {
            let transaction = self.db.begin_write().await?;
            session_variables::delete(&transaction, sessions.iter().cloned()).await?;
            transaction.commit().await?;
            sleep(MIN_PAUSE).await;
        }
        Ok(())
    }

    async fn delete_expired(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let before = now - self.leeway - MARGIN;
        let mut purged = 0;
        for removed in self.revocations.purge(before) {
            purged += removed as u64;
            yield_now().await;
        }
        counter!("daypass_revocations_purged_total").increment(purged);
        self.delete_rows::<session::Entity>(before).await?;
        self.delete_rows::<session_variables::Entity>(before).await?;
        self.delete_rows::<one_time_code::Entity>(before).await?;
        self.delete_rows::<used_code::Entity>(before).await?;
        self.delete_rows::<provider_logout::Entity>(before).await?;
        self.delete_rows::<outbox::Entity>(now - outbox::MAX_AGE - MARGIN).await?;
        if let Some(kept) = self.audit_retention {
            self.delete_rows::<event::Entity>(now - kept).await?;
        }
        self.delete_rows::<revocation::Entity>(before).await
    }

    async fn delete_rows<E: Expires>(&self, before: DateTime<Utc>) -> Result<(), Error> {
        let mut batch = Batch::default();
        loop {
            let keys = expiry::expired::<E>(&self.db, before, batch.rows).await?;
            if keys.is_empty() {
                return Ok(());
            }
            let transaction = self.db.begin_write().await?;
            let started = Instant::now();
            expiry::delete::<E>(&transaction, keys, before).await?;
            transaction.commit().await?;
            let duration = started.elapsed();
            batch.adapt(duration);
            sleep(duration.max(MIN_PAUSE)).await;
        }
    }
}

/// The number of rows that one transaction deletes. It is adapted so that a transaction takes about
/// [`TRANSACTION_TIME`].
struct Batch {
    rows: u64,
}

impl Default for Batch {
    fn default() -> Self {
        Self { rows: Self::INITIAL }
    }
}

impl Batch {
    const INITIAL: u64 = 100;
    const MIN: u64 = 10;
    const MAX: u64 = 1000;

    fn adapt(&mut self, duration: Duration) {
        if duration > TRANSACTION_TIME {
            self.rows = (self.rows / 2).max(Self::MIN);
        } else if duration < TRANSACTION_TIME / 3 {
            self.rows = (self.rows * 2).min(Self::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_size_adapts_to_the_duration_of_transactions() {
        let mut batch = Batch::default();
        for (took, rows) in [(1, 200), (1, 400), (10, 400), (19, 400), (21, 200), (300, 100)] {
            batch.adapt(Duration::from_millis(took));
            assert_eq!(batch.rows, rows, "{took} ms");
        }
        (0..20).for_each(|_| batch.adapt(Duration::ZERO));
        assert_eq!(batch.rows, Batch::MAX);
        (0..20).for_each(|_| batch.adapt(Duration::from_secs(1)));
        assert_eq!(batch.rows, Batch::MIN);
    }
}
