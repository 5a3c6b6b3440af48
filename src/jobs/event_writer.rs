//! Writes failed attempts as events. Requests only count them in memory, so they cost no statement and clients cannot
//! cause one write per request.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::error::Error;
use crate::events::{Account, Event, FailedAttempt, FailedAttempts, Waiting, note_dropped};
use crate::models::{event, user};
use crate::platform::clock::Clock;
use crate::platform::database::Pool;
use crate::types::UserId;

/// How often failed attempts are written.
const INTERVAL: Duration = Duration::from_secs(1);
/// How many intervals pass between two writes of rejected tokens. They name no user, so they need not be visible soon.
const INTERVALS_PER_REFUSALS: u32 = 60;

/// The job that writes failed attempts. Clones share the lock.
#[derive(Clone)]
pub struct EventWriter {
    db: Pool,
    attempts: Arc<FailedAttempts>,
    clock: Clock,
    /// Held from taking attempts until their commit, so that a stopping service waits for them.
    writing: Arc<Mutex<()>>,
}

impl EventWriter {
    #[must_use]
    pub fn new(db: Pool, attempts: Arc<FailedAttempts>, clock: Clock) -> Self {
        Self { db, attempts, clock, writing: Arc::default() }
    }

    /// Writes failed attempts every second. Never returns.
    pub async fn run(self) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut works = true;
        for tick in 1_u32.. {
            ticks.tick().await;
            let written = self.write(tick % INTERVALS_PER_REFUSALS == 0).await;
            match &written {
                Ok(()) if !works => info!("events of failed attempts can be written again"),
                Err(error) if works => warn!(cause = error.cause(), "cannot write events of failed attempts"),
                _ => {}
            }
            works = written.is_ok();
        }
    }

    /// Writes all failed attempts and rejected tokens that wait.
    pub async fn write_all(&self) -> Result<(), Error> {
        self.write(true).await
    }

    async fn write(&self, with_refusals: bool) -> Result<(), Error> {
        let _writing = self.writing.lock().await;
        let waiting = self.attempts.take();
        let refusals = if with_refusals { self.attempts.take_refusals(self.clock.now()) } else { Vec::new() };
        if waiting.is_empty() && refusals.is_empty() {
            return Ok(());
        }
        let total = waiting.iter().map(|each| each.count).chain(refusals.iter().map(|each| each.count)).sum();
        let written = self.insert(waiting, refusals).await;
        if written.is_err() {
            // They are not kept, because the memory is bounded.
            note_dropped(total);
        }
        written
    }

    async fn insert(&self, waiting: Vec<Waiting>, refusals: Vec<Event>) -> Result<(), Error> {
        let names = waiting.iter().filter_map(|each| match &each.attempt.account {
            Account::Named(key) => Some(key.clone()),
            _ => None,
        });
        let users = user::ids_by_key(&self.db, names.collect()).await?;
        let events = [together(waiting, &users), refusals].concat();
        let transaction = self.db.begin_write().await?;
        event::create_all(&transaction, &events).await?;
        transaction.commit().await?;
        events.iter().for_each(Event::log);
        Ok(())
    }
}

/// Returns the events of the attempts. Attempts that named no existing user are counted together.
fn together(waiting: Vec<Waiting>, users: &HashMap<String, UserId>) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for Waiting { attempt, count } in waiting {
        let event = event_of(attempt, count, users);
        match events.iter_mut().find(|other| is_same(other, &event)) {
            Some(other) => other.count += count,
            None => events.push(event),
        }
    }
    events
}

fn event_of(attempt: FailedAttempt, count: u64, users: &HashMap<String, UserId>) -> Event {
    let user_id = match &attempt.account {
        Account::Unknown => None,
        Account::Named(key) => users.get(key).copied(),
        Account::User(id) => Some(*id),
    };
    attempt.event(user_id, count)
}

fn is_same(one: &Event, other: &Event) -> bool {
    (one.kind, one.user_id, one.origin.network) == (other.kind, other.user_id, other.origin.network)
        && one.details == other.details
}
