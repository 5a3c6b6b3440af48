//! A single pass over the source database. [`Pass`] stores the result for each user of the source.

use std::collections::HashMap;

use indicatif::ProgressBar;

use super::report::{Outcome, Tally};
use super::source::{Row, Snapshot, Source, Table};
use crate::auth::password::stored_hash::ImportedCost;
use crate::cli::failure::Failure;
use crate::cli::output::{progress_bar, stderr_line};
use crate::models::imported_record;
use crate::platform::database::Pool;
use crate::types::UserId;

/// The result for a user of the source.
#[derive(Clone, Copy)]
pub(super) enum Owner {
    /// The user has this id here, and was imported now or earlier.
    Imported(UserId),
    /// The user would be imported if this were not a dry run.
    Pending,
    Rejected,
}

pub(super) struct Pass<'a> {
    pub(super) db: &'a Pool,
    pub(super) source: Snapshot,
    pub(super) source_name: &'a str,
    pub(super) max_cost: ImportedCost,
    pub(super) dry_run: bool,
    /// The results for the users, by their ids in the source.
    pub(super) owners: HashMap<i64, Owner>,
    bar: ProgressBar,
}

impl<'a> Pass<'a> {
    pub(super) async fn begin(
        db: &'a Pool,
        source: &'a Source,
        max_cost: ImportedCost,
        dry_run: bool,
    ) -> Result<Self, Failure> {
        let (source_name, source) = (&*source.name, source.snapshot().await?);
        let (owners, bar) = (HashMap::new(), ProgressBar::no_length());
        Ok(Self { db, source, source_name, max_cost, dry_run, owners, bar })
    }

    pub(super) fn start_bar(&mut self, rows: u64) {
        let verb = if self.dry_run { "reading" } else { "writing" };
        self.bar = progress_bar(rows, &format!("{verb} {{bar:40}} {{pos}} of {{len}} rows, {{eta}} left"));
    }

    /// Returns the next rows of a table and counts them.
    pub(super) async fn page(&self, table: &mut Table, tally: &mut Tally) -> Result<Vec<Row>, Failure> {
        let rows = self.source.page(table).await?;
        tally.rows += rows.len() as u64;
        self.bar.inc(rows.len() as u64);
        Ok(rows)
    }

    /// Counts the outcome of a record. In a dry run, also reports why a record is rejected.
    pub(super) fn count(&self, tally: &mut Tally, id: i64, outcome: &Outcome, details: &str) {
        tally.count(outcome);
        if let Outcome::Rejected(reason) = outcome
            && self.dry_run
        {
            let reason = reason.trim_end_matches('.');
            self.bar.suspend(|| stderr_line(&format!("{} {id}: {reason} ({details})", tally.table)));
        }
    }

    /// Returns the import record that maps a row of the source to a row here.
    pub(super) fn record(&self, source_table: &str, source_id: i64, local_id: i64) -> imported_record::Model {
        let (source, source_table) = (self.source_name.to_owned(), source_table.to_owned());
        imported_record::Model { source, source_table, source_id, local_id }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
