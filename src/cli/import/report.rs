//! The report of an import: numbers of records per table.

use std::collections::BTreeMap;

use super::source::{TableSpec, Unreadable};

/// What became of a record of the source.
pub(super) enum Outcome {
    /// It was imported before, or is a user who was here before.
    Before {
        /// Whether a record says so. The import adds a missing one.
        recorded: bool,
    },
    Added,
    Rejected(String),
}

/// The results of a table.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) table: &'static str,
    pub(super) rows: u64,
    pub(super) added: u64,
    before: u64,
    /// Those of `before` without a record.
    unrecorded: u64,
    /// Rejected rows by reason.
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

    /// Whether no row was rejected and the table was read, if it exists.
    fn is_complete(&self) -> bool {
        self.rejected.is_empty() && !matches!(self.unreadable, Some(Unreadable::NoColumn(_)))
    }

    /// The numbers, followed by the reasons for rejected rows.
    fn lines(&self) -> impl Iterator<Item = String> {
        let Self { table, rows, added, before, rejected, .. } = self;
        let numbers = match &self.unreadable {
            Some(reason) => format!("{table:<12}  {reason}"),
            None => format!("{table:<12}{rows:>9}{added:>9}{before:>17}{:>10}", rejected.values().sum::<u64>()),
        };
        [numbers].into_iter().chain(rejected.iter().map(|(reason, rows)| format!("{rows:>21}  {reason}")))
    }
}

/// The users, items and logs.
pub(super) struct Report(pub(super) [Tally; 3]);

impl Report {
    /// Whether the import has nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|tally| tally.added + tally.unrecorded == 0)
    }

    /// Whether the source has none of the tables.
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
