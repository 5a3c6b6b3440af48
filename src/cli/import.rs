//! `daypass import`: the whole of another service, read from its database.
//!
//! The source is gone through twice: once to check each row and tell what would become of it, and, with
//! consent, once more to write. So what is kept in memory is what was found out about users, not the rows.

use std::collections::HashSet;

use clap::{Args, Subcommand};
use sea_orm::DatabaseConnection;

use super::consent::Consent;
use super::{Failure, say};
use crate::config::{Config, DatabaseUrl};

mod belonging;
mod belongings;
mod pass;
mod report;
mod source;
mod users;

use pass::Pass;
use report::Report;
use source::Source;

#[derive(Subcommand, Debug)]
pub(super) enum Verb {
    /// Bring users, authtestdata (as items) and logs (as workout logs) of a Node server course's database
    Course(Course),
}

#[derive(Args, Debug)]
pub(super) struct Course {
    /// The course's database, which is only read: postgres://…, sqlite://FILE or mysql://…
    #[arg(long, value_name = "URL")]
    from: DatabaseUrl,
    /// Only tell what would be imported
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    consent: Consent,
}

pub(super) async fn run(verb: &Verb, config: &Config) -> Result<(), Failure> {
    let Verb::Course(course) = verb;
    let ours = super::open_database(config).await?;
    let url = &config.database.database_url;
    if course.from == *url {
        return Err(Failure::usage(format!("--from: {url} is the database to import into")));
    }
    let source = Source::open(&course.from).await?;
    let mut told = HashSet::new();
    let plan = go_through(&ours, &source, true, &mut told).await?;
    if plan.added() == 0 {
        say("nothing is to be added")?;
    } else if !course.dry_run {
        let [users, items, logs] = plan.each_added();
        let question = format!("Add {users} users, {items} items and {logs} workout logs to {url}?");
        course.consent.obtain(&question)?;
        return end(&go_through(&ours, &source, false, &mut told).await?);
    }
    end(&plan)
}

/// Goes through the source once, and says what became of its rows, or would.
async fn go_through(
    ours: &DatabaseConnection,
    source: &Source,
    dry_run: bool,
    told: &mut HashSet<(&'static str, i64)>,
) -> Result<Report, Failure> {
    let mut report = Report::default();
    let read = Pass::begin(ours, source, dry_run, told).await?.run(&mut report).await;
    // What was written before it breaks off is there; what would have been, nobody knows then.
    if read.is_ok() || !dry_run {
        say(&report.text(if dry_run { "to add" } else { "added" }))?;
    }
    read.map(|()| report)
}

fn end(report: &Report) -> Result<(), Failure> {
    if report.is_whole() { Ok(()) } else { Err(Failure::told()) }
}
