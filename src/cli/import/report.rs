//! The report of an import: the number of records per table and outcome.

use std::collections::BTreeMap;

use super::source::{TableSpec, Unreadable};

/// The outcome of importing a record.
pub(super) enum Outcome {
    /// The record was imported before, or its user already exists here.
    Before {
        /// Whether an import record exists. If not, the import creates one.
        recorded: bool,
    },
    Added,
    Rejected(String),
}

/// The counts for a table.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) table: &'static str,
    pub(super) rows: u64,
    pub(super) added: u64,
    before: u64,
    /// The number of rows in `before` that have no import record.
    unrecorded: u64,
    /// The number of rejected rows by reason.
    rejected: BTreeMap<String, u64>,
    pub(super) unreadable: Option<Unreadable>,
}

impl Tally {
    pub(super) fn new(spec: &TableSpec) -> Self {
        Self { table: spec.name, ..Self::default() }
    }

    pub(super) fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Before { recorded } => {
                self.before += 1;
                self.unrecorded += u64::from(!recorded);
            }
            Outcome::Added => self.added += 1,
            Outcome::Rejected(reason) => {
                *self.rejected.entry(reason.trim_end_matches('.').to_owned()).or_default() += 1;
            }
        }
    }

    /// Returns whether the table is missing, or was read without rejected rows.
    fn is_complete(&self) -> bool {
        self.rejected.is_empty() && !matches!(self.unreadable, Some(Unreadable::NoColumn(_)))
    }

    /// Returns a line with the counts, followed by a line for each reason for rejection.
    fn lines(&self) -> impl Iterator<Item = String> {
        let Self { table, rows, added, before, rejected, .. } = self;
        let numbers = match &self.unreadable {
            Some(reason) => format!("{table:<12}  {reason}"),
            None => format!("{table:<12}{rows:>9}{added:>9}{before:>17}{:>10}", rejected.values().sum::<u64>()),
        };
        [numbers].into_iter().chain(rejected.iter().map(|(reason, rows)| format!("{rows:>21}  {reason}")))
    }
}

/// The counts for users, items and workout logs.
pub(super) struct Report(pub(super) [Tally; 3]);

impl Report {
    /// Returns whether the import has nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|tally| tally.added + tally.unrecorded == 0)
    }

    /// Returns whether the source has none of the tables.
    pub(super) fn is_missing(&self) -> bool {
        self.0.iter().all(|tally| matches!(tally.unreadable, Some(Unreadable::NoTable)))
    }

    pub(super) fn is_complete(&self) -> bool {
        self.0.iter().all(Tally::is_complete)
    }

    pub(super) fn text(&self, added: &str) -> String {
        let head = format!("{:<12}{:>9}{added:>9}{:>17}{:>10}", "table", "rows", "imported before", "rejected");
        [head].into_iter().chain(self.0.iter().flat_map(Tally::lines)).collect::<Vec<_>>().join("\n")
    }
}
