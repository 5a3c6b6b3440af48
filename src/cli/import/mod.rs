//! `daypass import`: imports the database of another service.
//!
//! The command reads the source twice. The first pass checks every record and prints a report. After confirmation, the
//! second pass writes the records.

use clap::{Args, Subcommand};

use super::confirm::Confirm;
use super::database;
use super::failure::Failure;
use super::output::stdout_line;
use crate::config::Config;
use crate::models::imported_record::MAX_SOURCE_CHARS;
use crate::models::workout_log::Entry;
use crate::platform::database::{DatabaseUrl, Pool};
use crate::types::item_name::ItemName;

mod owned_row;
mod owned_rows;
mod pass;
mod report;
mod source;
mod users;

use owned_row::OwnedRow as _;
use pass::Pass;
use report::{Report, Tally};
use source::Source;

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Import users, authtestdata (as items) and logs (as workout logs) from a Node server course
    Course(Course),
}

#[derive(Args, Debug)]
pub(super) struct Course {
    /// Database of the course, opened read-only: postgres://…, sqlite://FILE or mysql://…
    #[arg(long, value_name = "URL")]
    from: DatabaseUrl,
    /// Name that identifies the database of the course in later imports [default: URL without credentials]
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Report what would be imported, without writing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    confirm: Confirm,
}

impl Course {
    /// Returns the name of the source in `imported_records`.
    fn source_name(&self) -> Result<String, Failure> {
        let name = match (&self.source, self.from.file()) {
            (Some(name), _) => name.clone(),
            (None, Some(file)) => format!("sqlite://{}", file.canonicalize().unwrap_or(file).display()),
            (None, None) => self.from.to_string().replacen("***@", "", 1),
        };
        if (1..=MAX_SOURCE_CHARS).contains(&name.chars().count()) {
            return Ok(name);
        }
        Err(Failure::usage(format!(
            "the name of the source must have 1 to {MAX_SOURCE_CHARS} characters; add --source NAME"
        )))
    }
}

pub(super) async fn run(command: &Command, config: &Config) -> Result<(), Failure> {
    let Command::Course(course) = command;
    database::with(config, async |db: &Pool| import(db, course, config).await).await
}

async fn import(db: &Pool, course: &Course, config: &Config) -> Result<(), Failure> {
    let url = &config.database.database_url;
    if course.from == *url {
        return Err(Failure::usage(format!("--from: {url} is the database to import into")));
    }
    let source = Source::open(&course.from, course.source_name()?).await?;
    let max_cost = config.passwords.imported_hash_cost;
    let mut report = read(Pass::begin(db, &source, max_cost, true).await?).await?;
    if report.is_empty() {
        stdout_line("nothing to add")?;
    } else if !course.dry_run {
        let [users, items, logs] = report.0.each_ref().map(|tally| tally.added);
        course.confirm.ask(&format!("Add {users} users, {items} items and {logs} workout logs to {url}?"))?;
        report = read(Pass::begin(db, &source, max_cost, false).await?).await?;
    }
    if report.is_complete() { Ok(()) } else { Err(Failure::reported()) }
}

/// Reads the source once, writes unless this is a dry run, and prints the report.
async fn read(pass: Pass<'_>) -> Result<Report, Failure> {
    let dry_run = pass.dry_run;
    let mut report = Report([&users::TABLE, &ItemName::TABLE, &Entry::TABLE].map(Tally::new));
    let result = read_tables(pass, &mut report).await;
    // After a failed import, the report shows what was written. A failed dry run prints no report.
    if result.is_ok() || !dry_run {
        stdout_line(&report.text(if dry_run { "to add" } else { "added" }))?;
    }
    result.map(|()| report)
}

async fn read_tables(mut pass: Pass<'_>, report: &mut Report) -> Result<(), Failure> {
    let mut tables = [None, None, None];
    let specs = [&users::TABLE, &ItemName::TABLE, &Entry::TABLE];
    for ((table, spec), tally) in tables.iter_mut().zip(specs).zip(&mut report.0) {
        match pass.source.find(spec).await? {
            Ok(found) => *table = Some(found),
            Err(reason) => tally.unreadable = Some(reason),
        }
    }
    if report.is_missing() {
        return Err(Failure::from("--from is not a database of the course: it has none of its tables".to_owned()));
    }
    pass.start_bar(tables.iter().flatten().map(|table| table.rows).sum());
    let ([users, items, logs], [user_tally, item_tally, log_tally]) = (tables, &mut report.0);
    // Users are imported first, because the other rows need the ids of their owners.
    if let Some(users) = users {
        users::import(&mut pass, users, user_tally).await?;
    }
    if let Some(items) = items {
        owned_rows::import::<ItemName>(&pass, items, item_tally).await?;
    }
    if let Some(logs) = logs {
        owned_rows::import::<Entry>(&pass, logs, log_tally).await?;
    }
    Ok(())
}
