//! Wall clock and monotonic clock. Code that needs the time takes a [`Clock`], so tests can control the time.
//!
//! The wall clock provides the times that are stored and sent: `iat`, `exp`, timestamps. It can be set, even backwards.
//! The monotonic clock measures durations inside this process, such as the windows of rate limits and the age of the
//! revocation set. `clippy.toml` forbids direct reads of the wall clock in other modules.

use std::ops::Add;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// The moment from which [`Clock::System`] counts its monotonic readings.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A source of time: the machine or a test.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clocks.
    System,
    /// Clocks that only a test moves.
    Test(TestClock),
}

impl Clock {
    /// Returns the current time in UTC, truncated to milliseconds, so that stored, sent and compared times are equal.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the only place that reads the wall clock")]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now().trunc_subsecs(3),
            Self::Test(clock) => clock.now(),
        }
    }

    /// Reads the monotonic clock. Setting the machine's wall clock does not change it.
    ///
    /// On Linux, the monotonic clock stops while the machine is suspended.
    #[must_use]
    pub fn monotonic(&self) -> Monotonic {
        match self {
            Self::System => Monotonic(START.elapsed()),
            Self::Test(clock) => clock.monotonic(),
        }
    }
}

/// A reading of the monotonic clock. Only readings of the same clock in the same process can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// Returns the time from `earlier` to this reading, or zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Monotonic {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}

/// A wall clock and a monotonic clock that only a test moves. Clones share the same time.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<Readings>);

#[derive(Debug)]
struct Readings {
    /// Milliseconds since 1970.
    wall: AtomicI64,
    /// Milliseconds since the clock was created.
    monotonic: AtomicU64,
}

impl TestClock {
    /// Creates a clock whose wall clock shows `moment`, truncated to milliseconds.
    #[must_use]
    pub fn at(moment: DateTime<Utc>) -> Self {
        Self(Arc::new(Readings { wall: AtomicI64::new(moment.timestamp_millis()), monotonic: AtomicU64::new(0) }))
    }

    /// Returns the time of the wall clock.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.wall.load(Ordering::SeqCst)).unwrap_or_default()
    }

    /// Returns the reading of the monotonic clock.
    #[must_use]
    pub fn monotonic(&self) -> Monotonic {
        Monotonic(Duration::from_millis(self.0.monotonic.load(Ordering::SeqCst)))
    }

    /// Moves both clocks. A negative `by` moves only the wall clock, because a monotonic clock never goes back.
    pub fn advance(&self, by: TimeDelta) {
        self.step_wall_clock(by);
        let forwards = u64::try_from(by.num_milliseconds()).unwrap_or(0);
        self.0.monotonic.fetch_add(forwards, Ordering::SeqCst);
    }

    /// Moves only the wall clock, as an operator or a time server does when it sets the clock.
    pub fn step_wall_clock(&self, by: TimeDelta) {
        self.0.wall.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_the_wall_clock_does_not_move_the_monotonic_clock() {
        let clock = TestClock::at(DateTime::default());
        let (wall, reading) = (clock.now(), clock.monotonic());
        clock.step_wall_clock(TimeDelta::hours(-2));
        assert_eq!((clock.now(), clock.monotonic()), (wall - TimeDelta::hours(2), reading));
        clock.advance(TimeDelta::seconds(3));
        assert_eq!(clock.monotonic().since(reading), Duration::from_secs(3));
        assert_eq!(reading.since(clock.monotonic()), Duration::ZERO, "never negative");
        clock.advance(TimeDelta::seconds(-1));
        assert_eq!(clock.monotonic(), reading + Duration::from_secs(3), "never backwards");
    }

    #[test]
    fn the_monotonic_clock_of_the_machine_moves_forwards() {
        let reading = Clock::System.monotonic();
        while Clock::System.monotonic() == reading {
            std::thread::yield_now();
        }
        assert!(Clock::System.monotonic() > reading);
    }
}
