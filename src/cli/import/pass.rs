//! Going through the source: first the users, then what belongs to them.

use std::collections::{HashMap, HashSet};
use std::hash::RandomState;

use indicatif::{ProgressBar, ProgressStyle};
use sea_orm::DatabaseConnection;

use super::belonging::Belonging;
use super::report::{Report, Tally};
use super::source::{Found, Snapshot, Source, Table, Wanted};
use super::users::USERS;
use crate::cli::Failure;
use crate::database::Writers;
use crate::models::item_name::ItemName;
use crate::models::workout_log::Entry;

/// What became of a user of the source.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    /// They were here before, as the user of this id.
    There(i64),
    /// They are the user of this id now; of none yet when nothing is written.
    Added(Option<i64>),
    Refused,
}

/// The source, gone through once.
pub(super) struct Pass<'a> {
    pub(super) ours: &'a DatabaseConnection,
    pub(super) writers: Writers,
    pub(super) source: Snapshot,
    pub(super) dry_run: bool,
    /// The users by their ids in the source.
    pub(super) fates: HashMap<i64, Fate>,
    /// Names and rows are remembered by 64 bits of them, so that those of a large source stay in memory.
    pub(super) hasher: RandomState,
    /// Rows of which was told, by their tables: a second pass does not tell of them again.
    told: &'a mut HashSet<(&'static str, i64)>,
    bar: ProgressBar,
}

impl<'a> Pass<'a> {
    pub(super) async fn begin(
        ours: &'a DatabaseConnection,
        source: &Source,
        dry_run: bool,
        told: &'a mut HashSet<(&'static str, i64)>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            ours,
            writers: Writers::of(ours),
            source: source.snapshot().await?,
            dry_run,
            fates: HashMap::new(),
            hasher: RandomState::new(),
            told,
            bar: ProgressBar::no_length(),
        })
    }

    pub(super) async fn run(mut self, report: &mut Report) -> Result<(), Failure> {
        let users = self.find(&USERS, &mut report.users).await?;
        let items = self.find(&ItemName::TABLE, &mut report.items).await?;
        let logs = self.find(&Entry::TABLE, &mut report.logs).await?;
        if report.users.missing && report.items.missing && report.logs.missing {
            return Err(Failure::from("it is no database of the course".to_owned()));
        }
        let rows = [&users, &items, &logs].into_iter().flatten().map(|table| table.rows).sum();
        self.start_bar(rows);
        let read = self.read([users, items, logs], report).await;
        self.bar.finish_and_clear();
        read
    }

    async fn read(&mut self, [users, items, logs]: [Option<Table>; 3], report: &mut Report) -> Result<(), Failure> {
        if let Some(users) = users {
            self.users(users, &mut report.users).await?;
        }
        if let Some(items) = items {
            self.belongings::<ItemName>(items, &mut report.items).await?;
        }
        if let Some(logs) = logs {
            self.belongings::<Entry>(logs, &mut report.logs).await?;
        }
        Ok(())
    }

    async fn find(&self, wanted: &Wanted, tally: &mut Tally) -> Result<Option<Table>, Failure> {
        match self.source.find(wanted).await? {
            Found::Table(table) => return Ok(Some(table)),
            Found::Missing => tally.missing = true,
            Found::Unreadable(why) => tally.unreadable = Some(why),
        }
        Ok(None)
    }

    fn start_bar(&mut self, rows: u64) {
        let template = if self.dry_run { "reading {bar:40}" } else { "writing {bar:40}" };
        let style = ProgressStyle::with_template(&format!("{template} {{pos}} of {{len}} rows, {{eta}} left"));
        self.bar = ProgressBar::new(rows).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    }

    /// Counts the rows of a page as gone through.
    pub(super) fn advance(&self, tally: &mut Tally, rows: usize) {
        tally.rows += rows as u64;
        self.bar.inc(rows as u64);
    }

    /// Counts a row that is not taken, and tells of it.
    #[expect(clippy::print_stderr, reason = "the report is for the person at the terminal")]
    pub(super) fn refuse(&mut self, tally: &mut Tally, row: (&'static str, i64), why: &str, whose: &str) {
        let why = why.trim_end_matches('.');
        *tally.refused.entry(why.to_owned()).or_default() += 1;
        if self.told.insert(row) {
            let (table, id) = row;
            self.bar.suspend(|| eprintln!("{table} {id}: {why}{whose}"));
        }
    }
}
