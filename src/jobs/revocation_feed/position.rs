//! The position in the table of revocations, and the numbers that were skipped.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::models::revocation;
use crate::models::revocation_page::{Page, State, Wanted};
use crate::platform::clock::Monotonic;

/// The maximum time of a transaction. Every transaction of this service is shorter.
pub(super) const MAX_TRANSACTION_TIME: Duration = Duration::from_mins(10);
/// The maximum number of gaps. If there are more, the two lowest gaps are joined. Then rows between them are queried
/// again, which does no harm. Discarding a gap would miss late rows.
const MAX_GAPS: usize = 200;

/// The position in the table.
#[derive(Debug, Default)]
pub(super) struct Position {
    state: Option<State>,
    /// The row with the highest number.
    last: Option<revocation::Model>,
    /// The ranges of skipped numbers. The key is the first number of a range.
    gaps: BTreeMap<i64, Gap>,
}

#[derive(Clone, Copy, Debug)]
struct Gap {
    last: i64,
    found_at: Monotonic,
}

/// How the database has changed since the last page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// The database has a new generation, whose revocations must be loaded.
    Load,
    /// The database was restored from an older copy with the same generation.
    Restored,
}

impl Position {
    /// Returns the start of the table.
    pub(super) fn start(state: State) -> Self {
        Self { state: Some(state), ..Self::default() }
    }

    /// Returns the rows to query next.
    pub(super) fn wanted(&self) -> Wanted {
        let gaps = self.gaps.iter().map(|(first, gap)| *first..=gap.last).collect();
        Wanted { from: self.last.as_ref().map_or(0, |last| last.seq), gaps }
    }

    /// Compares a page with the last known state. `complete` means that the page has all wanted rows.
    pub(super) fn compare(&mut self, page: &Page, state: &State, complete: bool, now: DateTime<Utc>) -> Change {
        let Some(known) = self.state.replace(*state) else { return Change::Load };
        if known.generation != state.generation {
            Change::Load
        } else if state.users_created < known.users_created || self.last_is_gone(&page.rows, complete, now) {
            // Keeps the known state, so that the next page gives the same result until a new generation starts.
            self.state = Some(known);
            Change::Restored
        } else {
            Change::None
        }
    }

    /// Returns whether the last row is gone although the purge cannot have deleted it. The purge deletes a row only if
    /// its token has expired, and never the row with the highest number.
    fn last_is_gone(&self, rows: &[revocation::Model], complete: bool, now: DateTime<Utc>) -> bool {
        let Some(last) = &self.last else { return false };
        match rows.iter().find(|row| row.seq >= last.seq) {
            Some(row) if row.seq == last.seq => row != last,
            Some(_) => last.expires_at.0 > now,
            None => complete,
        }
    }

    /// Records a row. `may_have_gaps` means that rows with skipped numbers before it may be committed later.
    pub(super) fn advance(&mut self, row: &revocation::Model, may_have_gaps: bool, now: Monotonic) {
        let cursor = self.last.as_ref().map_or(0, |last| last.seq);
        if row.seq <= cursor {
            self.close(row.seq);
            return;
        }
        if may_have_gaps && row.seq > cursor + 1 {
            self.gaps.insert(cursor + 1, Gap { last: row.seq - 1, found_at: now });
            while self.gaps.len() > MAX_GAPS {
                self.join_oldest();
            }
        }
        self.last = Some(row.clone());
    }

    /// Removes a number from its gap.
    fn close(&mut self, seq: i64) {
        let Some((first, gap)) = self.gaps.range(..=seq).next_back().map(|(first, gap)| (*first, *gap)) else { return };
        if seq > gap.last {
            return;
        }
        self.gaps.remove(&first);
        if first < seq {
            self.gaps.insert(first, Gap { last: seq - 1, ..gap });
        }
        if seq < gap.last {
            self.gaps.insert(seq + 1, gap);
        }
    }

    fn join_oldest(&mut self) {
        let (Some((first, one)), Some((_, other))) = (self.gaps.pop_first(), self.gaps.pop_first()) else { return };
        self.gaps.insert(first, Gap { last: other.last, found_at: one.found_at.max(other.found_at) });
    }

    pub(super) fn give_up_old_gaps(&mut self, now: Monotonic) {
        self.gaps.retain(|_, gap| now.since(gap.found_at) < MAX_TRANSACTION_TIME);
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use sea_orm::prelude::ChronoUnixTimestampMillis;

    use super::*;
    use crate::platform::clock::TestClock;
    use crate::platform::random;
    use crate::types::generation::Generation;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn row(seq: i64) -> revocation::Model {
        revocation::Model {
            seq,
            session_id: format!("session {seq}"),
            reason: "sign-out".to_owned(),
            revoked_at: ChronoUnixTimestampMillis(at(0)),
            expires_at: ChronoUnixTimestampMillis(at(1_000)),
            user_id: None,
            spared_session_id: None,
            changed_user_id: None,
            roles_version: None,
        }
    }

    fn gaps(position: &Position) -> Vec<(i64, i64)> {
        position.wanted().gaps.iter().map(|range| (*range.start(), *range.end())).collect()
    }

    #[test]
    fn skipped_numbers_are_queried_until_they_appear_or_time_out() {
        let (mut position, clock) = (Position::default(), TestClock::at(at(0)));
        position.advance(&row(10), false, clock.monotonic());
        position.advance(&row(20), true, clock.monotonic());
        assert_eq!((position.wanted().from, gaps(&position)), (20, vec![(11, 19)]));
        for (seq, left) in [
            (15, vec![(11, 14), (16, 19)]),
            (11, vec![(12, 14), (16, 19)]),
            (19, vec![(12, 14), (16, 18)]),
            (5, vec![(12, 14), (16, 18)]),
        ] {
            position.advance(&row(seq), true, clock.monotonic());
            assert_eq!(gaps(&position), left, "{seq}");
        }
        clock.advance(TimeDelta::minutes(9));
        position.give_up_old_gaps(clock.monotonic());
        assert_eq!(gaps(&position).len(), 2);
        clock.advance(TimeDelta::minutes(1));
        position.give_up_old_gaps(clock.monotonic());
        assert_eq!(gaps(&position), []);
    }

    #[test]
    fn gaps_beyond_the_maximum_are_joined() {
        let (mut position, clock) = (Position::default(), TestClock::at(at(0)));
        for seq in (2..=2_000).step_by(2) {
            position.advance(&row(seq), true, clock.monotonic());
        }
        let gaps = gaps(&position);
        assert_eq!(gaps.len(), MAX_GAPS);
        for missing in (1..2_000).step_by(2) {
            assert!(gaps.iter().any(|(first, last)| (*first..=*last).contains(&missing)), "{missing}");
        }
    }

    fn started() -> (Position, State) {
        let state = State { generation: Generation::random(&mut random::secure()), users_created: 3 };
        let mut position = Position::start(state);
        position.advance(&row(10), false, TestClock::at(at(0)).monotonic());
        (position, state)
    }

    fn change(rows: Vec<revocation::Model>, complete: bool, now: i64) -> Change {
        let (mut position, state) = started();
        position.compare(&Page { state: Some(state), rows }, &state, complete, at(now))
    }

    #[test]
    fn missing_last_row_means_restored_unless_it_was_purged() {
        assert_eq!(change(vec![row(10)], true, 0), Change::None);
        assert_eq!(change(vec![row(10), row(11)], true, 0), Change::None);
        assert_eq!(change(vec![], true, 0), Change::Restored, "the purge keeps the newest row");
        assert_eq!(change(vec![row(9)], true, 0), Change::Restored);
        assert_eq!(change(vec![row(12)], true, 0), Change::Restored, "its token has not expired");
        assert_eq!(change(vec![row(12)], true, 1_000), Change::None, "it was purged");
        assert_eq!(change(vec![row(8), row(9)], false, 0), Change::None, "the page ends before it");
        let other = revocation::Model { session_id: "another".to_owned(), ..row(10) };
        assert_eq!(change(vec![other], true, 0), Change::Restored, "the number was assigned again");
    }

    #[test]
    fn fewer_users_or_another_generation_are_detected() {
        let (mut position, state) = started();
        let mut seen =
            |state: State| position.compare(&Page { state: Some(state), rows: vec![row(10)] }, &state, true, at(0));
        assert_eq!(seen(State { users_created: 2, ..state }), Change::Restored);
        assert_eq!(seen(State { users_created: 2, ..state }), Change::Restored, "until a new generation starts");
        assert_eq!(seen(State { users_created: 4, ..state }), Change::None);
        let generation = Generation::random(&mut random::secure());
        assert_eq!(seen(State { generation, users_created: 0 }), Change::Load);
    }
}
