//! Reading the table of revocations as it grows, without losing a row that commits late.
//!
//! `seq` is given out when a row is inserted and seen when it is committed, so a lower one can appear
//! after a higher one, and a plain cursor would pass it by. Every number that was skipped is therefore
//! asked for again until it appears, or has been missing for so long that its transaction must have
//! been rolled back.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use metrics::histogram;

use crate::app::App;
use crate::error::Error;
use crate::models::revocation;

/// No transaction of ours lives as long as this.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);
/// The most skipped numbers that are asked for again; the newest, for they are the likely ones.
const MOST_GAPS: usize = 1000;
/// Rows of one query: few enough that loading a million leaves no trace of them in memory but the set.
const PAGE: u64 = 5_000;

/// A place in the table of revocations.
#[derive(Debug, Default)]
pub struct Feed {
    cursor: i64,
    /// Numbers that were skipped, and when that was noticed.
    gaps: BTreeMap<i64, DateTime<Utc>>,
}

impl Feed {
    /// Reads all there is, from the beginning: until then the replica is not ready.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(app: &App) -> Result<Self, Error> {
        let mut feed = Self::default();
        // A map that grows as it fills leaves its smaller selves behind in the allocator.
        app.revocations.reserve(revocation::count(&app.db).await?);
        feed.catch_up(app).await?;
        Ok(feed)
    }

    /// Reads what was added since, and notes that the set is whole again.
    ///
    /// # Errors
    /// When the database fails; what was read before that is kept.
    pub async fn catch_up(&mut self, app: &App) -> Result<(), Error> {
        loop {
            let asked_at = app.clock.now();
            let gaps: Vec<i64> = self.gaps.keys().copied().collect();
            let rows = revocation::after(&app.db, self.cursor, &gaps, PAGE).await?;
            let loaded = app.revocations.age(asked_at).is_some();
            for row in &rows {
                let new = row.ended().map_or(0, |ended| app.revocations.add(&[ended]));
                if loaded && new > 0 {
                    let lag = (app.clock.now() - row.revoked_at.0).as_seconds_f64();
                    histogram!("daypass_revocation_propagation_seconds").record(lag);
                }
                self.pass(row.seq, asked_at);
            }
            if (rows.len() as u64) < PAGE {
                self.give_up_on_old_gaps(asked_at);
                app.revocations.confirm(asked_at);
                return Ok(());
            }
        }
    }

    fn pass(&mut self, seq: i64, now: DateTime<Utc>) {
        self.gaps.remove(&seq);
        let first = (self.cursor + 1).max(seq - MOST_GAPS as i64);
        self.gaps.extend((first..seq).map(|skipped| (skipped, now)));
        self.cursor = self.cursor.max(seq);
    }

    fn give_up_on_old_gaps(&mut self, now: DateTime<Utc>) {
        self.gaps.retain(|_, noticed| now - *noticed < PATIENCE);
        while self.gaps.len() > MOST_GAPS {
            self.gaps.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minutes * 60, 0).unwrap()
    }

    #[test]
    fn skipped_numbers_are_asked_for_until_they_appear_or_are_given_up() {
        let mut feed = Feed { cursor: 10, ..Feed::default() };
        feed.pass(13, at(0));
        assert_eq!((feed.cursor, feed.gaps.keys().copied().collect::<Vec<_>>()), (13, vec![11, 12]));
        feed.pass(11, at(1));
        assert_eq!((feed.cursor, feed.gaps.keys().copied().collect::<Vec<_>>()), (13, vec![12]));
        feed.give_up_on_old_gaps(at(10));
        assert!(feed.gaps.is_empty());
    }

    #[test]
    fn the_numbers_asked_for_again_are_bounded() {
        let mut feed = Feed::default();
        feed.pass(10_000_000, at(0));
        feed.pass(20_000_000, at(0));
        feed.give_up_on_old_gaps(at(0));
        assert_eq!(feed.gaps.len(), MOST_GAPS);
        assert_eq!(feed.gaps.last_key_value().map(|(seq, _)| *seq), Some(19_999_999));
    }
}
