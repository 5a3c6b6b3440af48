//! Nothing is purged while a clock cannot be trusted.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use daypass::jobs::{ClockCheck, Reading};

/// Simulated clocks of a machine and a database.
struct World {
    check: ClockCheck,
    minutes: u64,
    ours_ahead: TimeDelta,
    database_ahead: Option<TimeDelta>,
}

impl World {
    fn new(database_ahead: Option<TimeDelta>) -> Self {
        Self { check: ClockCheck::default(), minutes: 0, ours_ahead: TimeDelta::zero(), database_ahead }
    }

    /// Reads the clocks once per simulated minute. Returns how often the time was trusted.
    fn pass(&mut self, minutes: u64) -> usize {
        let trusted = |_: &u64| {
            self.minutes += 1;
            let monotonic = Duration::from_mins(self.minutes);
            let now = DateTime::UNIX_EPOCH + TimeDelta::from_std(monotonic).unwrap();
            let database = self.database_ahead.map(|ahead| now + ahead);
            let reading = Reading { ours: now + self.ours_ahead, database, monotonic };
            let time = self.check.trusted_time(reading);
            assert!(time.is_none() || time == Some(database.unwrap_or(reading.ours)));
            time.is_some()
        };
        (0..minutes).filter(trusted).count()
    }
}

#[test]
fn steady_clocks_are_trusted_after_ten_minutes() {
    for database in [None, Some(TimeDelta::zero()), Some(TimeDelta::seconds(-50))] {
        let mut world = World::new(database);
        assert_eq!((world.pass(10), world.pass(100)), (0, 100), "{database:?}");
    }
}

#[test]
fn clock_that_jumped_for_a_minute_is_trusted_again_after_ten_minutes() {
    for jump in [TimeDelta::hours(25), TimeDelta::hours(-2), TimeDelta::seconds(61)] {
        for database in [None, Some(TimeDelta::zero())] {
            let mut world = World::new(database);
            world.pass(20);
            world.ours_ahead = jump;
            assert_eq!(world.pass(1), 0, "{jump} {database:?}");
            world.ours_ahead = TimeDelta::zero();
            assert_eq!((world.pass(10), world.pass(5)), (0, 5), "{jump} {database:?}");
        }
    }
}

#[test]
fn clock_that_differs_from_the_databases_is_not_trusted() {
    for ours_ahead in [TimeDelta::hours(25), TimeDelta::hours(-25), TimeDelta::seconds(61)] {
        let mut world = World::new(Some(TimeDelta::zero()));
        world.ours_ahead = ours_ahead;
        assert_eq!(world.pass(1000), 0, "{ours_ahead}");
        world.ours_ahead = TimeDelta::zero();
        assert_eq!((world.pass(10), world.pass(5)), (0, 5), "{ours_ahead}");
    }
}

#[test]
fn jump_of_the_databases_clock_is_detected() {
    let mut world = World::new(Some(TimeDelta::zero()));
    world.pass(20);
    world.database_ahead = Some(TimeDelta::hours(25));
    assert_eq!(world.pass(100), 0);
}

#[test]
fn corrected_clock_is_trusted_again() {
    let mut world = World::new(None);
    world.pass(20);
    world.ours_ahead = TimeDelta::hours(3);
    assert_eq!((world.pass(10), world.pass(5)), (0, 5));
}
