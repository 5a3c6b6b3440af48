//! Cursors of `GET /api/revocations`. A cursor describes which part of the table a client has read.
//!
//! The database assigns `seq` at the insert, but a row is visible only after its commit. So a lower number can appear
//! after a higher one. A cursor therefore does not move past the rows of the last seconds. If a page is full, the
//! cursor must move past all its rows. It then lists the numbers that were missing, and the next request queries them
//! again.

use std::fmt;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, QueryOrder, QuerySelect};

use super::revocation::{COLUMN, Column, Entity, Model};
use crate::error::Error;

/// The maximum number of ranges of missing numbers. A cursor lists only the newest ranges, so that it fits into a URL.
const MAX_MISSING: usize = 64;
/// The maximum distance of a missing number from `seq`. Older numbers are dropped, because a client's cursor must not
/// make the database read the complete table.
const MAX_SPAN: i64 = 100_000;

/// A position in the table of revocations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RevocationCursor {
    /// The highest number that was read.
    seq: i64,
    /// Inclusive ranges of lower numbers that were missing.
    missing: Vec<(i64, i64)>,
}

impl RevocationCursor {
    /// Parses the canonical text of a cursor.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let seq = parts.next()?.parse().ok().filter(|seq| *seq >= 0)?;
        let missing: Vec<_> = parts.map(range).collect::<Option<_>>()?;
        let bounds: Vec<_> = missing.iter().flat_map(|(first, last)| [*first, *last]).collect();
        let within = bounds.iter().all(|bound| (1..=seq).contains(bound) && seq - bound <= MAX_SPAN);
        let cursor = Self { seq, missing };
        let canonical = bounds.is_sorted() && cursor.missing.len() <= MAX_MISSING && cursor.to_string() == text;
        (within && canonical).then_some(cursor)
    }

    /// Returns the cursor for the next request, after a page with these rows. `full` means that there may be more rows.
    /// If a row is older than `settled_before`, all rows with lower numbers have been committed.
    #[must_use]
    pub fn after(&self, rows: &[Model], full: bool, settled_before: DateTime<Utc>) -> Self {
        let new = &rows[rows.partition_point(|row| row.seq <= self.seq)..];
        let settled = new.iter().take_while(|row| row.revoked_at.0 < settled_before).last().map(|row| row.seq);
        match (full, settled) {
            (false, None) => self.clone(),
            (false, Some(seq)) => Self { seq, missing: Vec::new() },
            (true, _) => self.past(rows, new.last().map_or(self.seq, |row| row.seq), settled.unwrap_or(0)),
        }
    }

    fn past(&self, rows: &[Model], seq: i64, settled: i64) -> Self {
        let lowest = settled.max(seq - MAX_SPAN) + 1;
        let mut missing = Vec::new();
        for (first, last) in self.missing.iter().copied().chain([(self.seq + 1, seq)]) {
            let mut next = first.max(lowest);
            for read in rows.iter().map(|row| row.seq).filter(|read| (first..=last).contains(read)) {
                missing.extend((next < read).then_some((next, read - 1)));
                next = next.max(read + 1);
            }
            missing.extend((next <= last).then_some((next, last)));
        }
        missing.drain(..missing.len().saturating_sub(MAX_MISSING));
        Self { seq, missing }
    }
}

/// Returns at most `limit` rows: rows after the cursor, and rows whose numbers the cursor lists as missing.
pub async fn page(db: &impl ConnectionTrait, cursor: &RevocationCursor, limit: u64) -> Result<Vec<Model>, Error> {
    let mut wanted = Condition::any().add(COLUMN.seq.gt(cursor.seq));
    for (first, last) in &cursor.missing {
        wanted = wanted.add(COLUMN.seq.between(*first, *last));
    }
    // With the lower bound, the database does not scan the complete table.
    let lowest = cursor.missing.first().map_or(cursor.seq + 1, |(first, _)| *first);
    let rows = Entity::find().filter(COLUMN.seq.gte(lowest)).filter(wanted);
    Ok(rows.order_by_asc(Column::Seq).limit(limit).all(db).await?)
}

impl fmt::Display for RevocationCursor {
    /// Writes the cursor as text, such as `42.17-19.21-21`: all numbers up to 42 were read, except 17 to 19 and 21.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seq)?;
        self.missing.iter().try_for_each(|(first, last)| write!(f, ".{first}-{last}"))
    }
}

fn range(text: &str) -> Option<(i64, i64)> {
    let (first, last) = text.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use sea_orm::prelude::ChronoUnixTimestampMillis;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn row(seq: i64, second: i64) -> Model {
        let time = ChronoUnixTimestampMillis(at(second));
        let (session_id, reason) = (String::new(), String::new());
        Model {
            seq,
            session_id,
            reason,
            revoked_at: time,
            expires_at: time,
            user_id: None,
            spared_session_id: None,
            changed_user_id: None,
            roles_version: None,
        }
    }

    fn after(cursor: &str, rows: &[(i64, i64)], full: bool) -> String {
        let rows: Vec<_> = rows.iter().map(|(seq, second)| row(*seq, *second)).collect();
        RevocationCursor::parse(cursor).unwrap().after(&rows, full, at(100)).to_string()
    }

    #[test]
    fn cursor_does_not_move_past_recent_rows() {
        assert_eq!(after("5", &[], false), "5");
        assert_eq!(after("5", &[(6, 99), (8, 99), (9, 100)], false), "8");
        assert_eq!(after("5", &[(6, 100)], false), "5");
    }

    #[test]
    fn full_page_of_recent_rows_lists_the_missing_numbers() {
        assert_eq!(after("5", &[(6, 99), (9, 100), (11, 100)], true), "11.7-8.10-10");
        assert_eq!(after("11.7-8.10-10", &[(12, 100)], false), "11.7-8.10-10", "until they are settled");
        assert_eq!(after("11.7-8.10-10", &[(8, 100), (10, 100), (12, 100)], true), "12.7-7");
        assert_eq!(after("11.7-8.10-10", &[(7, 100)], true), "11.8-8.10-10", "a page of late rows alone");
        assert_eq!(after("11.7-8.10-10", &[(8, 100), (12, 99)], false), "12", "an older row decides them");
    }

    #[test]
    fn size_of_a_cursor_is_limited() {
        let gaps: Vec<_> = (1..=200).map(|row| (row * 2, 100)).collect();
        let cursor = RevocationCursor::parse(&after("0", &gaps, true)).unwrap();
        assert_eq!((cursor.missing.len(), cursor.missing.last()), (MAX_MISSING, Some(&(399, 399))));
        assert_eq!(after("0", &[(1_000_000, 100)], true), "1000000.900001-999999");
        let odd =
            ["", "-1", "01", "x", "5.", "5.1", "5.3-2", "5.1-6", "5.0-1", "5.3-3.1-1", "1000000.1-1", "5.1-2.02-3"];
        for odd in odd {
            assert_eq!(RevocationCursor::parse(odd), None, "{odd:?}");
        }
    }
}
