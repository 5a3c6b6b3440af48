//! Decides whether the clocks can be trusted, before expired rows are deleted.
//!
//! Without this check, if a clock were a day ahead for a minute, the purge would delete the sessions of all replicas.
//! The purge would also delete revocations, and the revoked tokens would be valid again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tracing::{info, warn};

/// The maximum difference between two clocks, and the maximum jump of one clock.
pub const TOLERANCE: TimeDelta = TimeDelta::minutes(1);
/// How long the clocks must agree before they are trusted.
const AGREEMENT: Duration = Duration::from_mins(10);

/// A reading of all clocks at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The wall clock of this machine.
    pub ours: DateTime<Utc>,
    /// The clock of the database server, if there is one.
    pub database: Option<DateTime<Utc>>,
    /// The monotonic clock, which cannot be set.
    pub monotonic: Duration,
}

/// Compares the clocks over time.
#[derive(Debug, Default)]
pub struct ClockCheck {
    /// The first reading of the period in which the clocks have agreed.
    agreed_since: Option<Reading>,
    /// Whether the clocks differed at the last reading.
    differs: bool,
}

impl ClockCheck {
    /// Returns the current time if the clocks can be trusted: for ten minutes, the clock of this machine has not jumped
    /// and has agreed with the clock of the database server.
    pub fn trusted_time(&mut self, reading: Reading) -> Option<DateTime<Utc>> {
        let since = *self.agreed_since.get_or_insert(reading);
        let passed = reading.monotonic.saturating_sub(since.monotonic);
        let jump = reading.ours - since.ours - TimeDelta::from_std(passed).unwrap_or_default();
        if is_large(jump) {
            let seconds = jump.num_seconds();
            warn!(seconds, "the clock jumped; purging is paused for ten minutes");
            self.agreed_since = Some(reading);
        }
        let difference = reading.database.map_or(TimeDelta::zero(), |database| reading.ours - database);
        self.note_difference(difference);
        if self.differs {
            self.agreed_since = Some(reading);
        }
        let agreed_since = self.agreed_since.unwrap_or(reading);
        let trusted = !self.differs && reading.monotonic.saturating_sub(agreed_since.monotonic) >= AGREEMENT;
        trusted.then(|| reading.database.unwrap_or(reading.ours))
    }

    /// Logs when the clocks start to differ, and when they agree again.
    fn note_difference(&mut self, difference: TimeDelta) {
        let (seconds, differs) = (difference.num_seconds(), is_large(difference));
        match (self.differs, differs) {
            (false, true) => warn!(seconds, "the clock differs from the database's; purging is paused"),
            (true, false) => info!(seconds, "the clock agrees with the database's again"),
            _ => {}
        }
        self.differs = differs;
    }
}

fn is_large(difference: TimeDelta) -> bool {
    difference.abs() > TOLERANCE
}
