//! Time is a value: whoever needs the hour is handed a [`Clock`].
//!
//! Expiry, `iat` and every timestamp come from here, so a test moves time instead of sleeping.
//! `clippy.toml` forbids the global clocks everywhere else.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// Tells the time: the machine's, or a test's.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's own clock.
    System,
    /// A clock that stands still until a test moves it.
    Test(TestClock),
}

impl Clock {
    /// The present moment in UTC, cut to milliseconds: what we store, send and compare is the same.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one room that reads the clock")]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now().trunc_subsecs(3),
            Self::Test(clock) => clock.now(),
        }
    }
}

/// A clock moved by hand; clones share the same time.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// A clock that shows `moment`, cut to milliseconds.
    #[must_use]
    pub fn at(moment: DateTime<Utc>) -> Self {
        Self(Arc::new(AtomicI64::new(moment.timestamp_millis())))
    }

    /// What the clock shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }

    /// Moves the clock; a negative `by` turns it back.
    pub fn advance(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
    }
}
