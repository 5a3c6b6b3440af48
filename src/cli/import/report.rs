//! What becomes of the rows of each table, in numbers.

use std::collections::BTreeMap;

/// What became of the rows of a table.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) rows: u64,
    pub(super) added: u64,
    /// They were here before.
    pub(super) there: u64,
    /// Not taken, by why.
    pub(super) refused: BTreeMap<String, u64>,
    /// There is no such table.
    pub(super) missing: bool,
    /// Why the table as a whole cannot be read.
    pub(super) unreadable: Option<String>,
}

impl Tally {
    fn not_taken(&self) -> u64 {
        self.refused.values().sum()
    }

    fn line(&self, name: &str) -> String {
        let Self { rows, added, there, .. } = self;
        match &self.unreadable {
            _ if self.missing => format!("{name:<12}  there is no such table"),
            Some(why) => format!("{name:<12}  not read: {why}"),
            None => format!("{name:<12}{rows:>9}{added:>9}{there:>15}{:>11}", self.not_taken()),
        }
    }
}

/// What became of all rows.
#[derive(Default)]
pub(super) struct Report {
    pub(super) users: Tally,
    pub(super) items: Tally,
    pub(super) logs: Tally,
}

impl Report {
    pub(super) fn each_added(&self) -> [u64; 3] {
        [self.users.added, self.items.added, self.logs.added]
    }

    pub(super) fn added(&self) -> u64 {
        self.each_added().iter().sum()
    }

    /// Whether everything that is there was taken. A table that is not there is no loss.
    pub(super) fn is_whole(&self) -> bool {
        let whole = |tally: &Tally| tally.not_taken() == 0 && tally.unreadable.is_none();
        [&self.users, &self.items, &self.logs].into_iter().all(whole)
    }

    /// A line for each table, with the reasons why rows are not taken below it.
    pub(super) fn text(&self, added: &str) -> String {
        let head = format!("{:<12}{:>9}{added:>9}{:>15}{:>11}", "table", "rows", "already there", "not taken");
        let tables = [("users", &self.users), ("authtestdata", &self.items), ("logs", &self.logs)];
        let lines = tables.into_iter().flat_map(|(name, tally)| {
            let reasons = tally.refused.iter().map(|(why, rows)| format!("{rows:>21}  {why}"));
            [tally.line(name)].into_iter().chain(reasons)
        });
        [head].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
    }
}
