//! `daypass user import`: users of another service, with the hashes of their passwords.
//!
//! In transactions of some hundred rows, so that a running service writes in between. A row that is not taken
//! is told and the rest goes on; whoever is there already keeps their password, so an import can be repeated.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike as _, NaiveDateTime, Utc};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sea_orm::DatabaseConnection;

use super::rows::{Columns, Format, Rows};
use super::say;
use crate::auth::stored_hash::StoredHash;
use crate::auth::username::{MAX_USERNAME_CHARS, Username};
use crate::cli::Failure;
use crate::clock::Clock;
use crate::database::Writers;
use crate::error::Error;
use crate::models::user::{self, Newcomer};

/// Users of one transaction.
const BATCH: usize = 500;
/// The most characters of a hash: what its column keeps.
const MAX_HASH: usize = 255;
/// How often a batch is tried that others are in the way of.
const TRIES: u32 = 5;
const TAKEN: &str = "the username is taken, or looks like one that is";

#[derive(Args, Debug)]
pub(in crate::cli) struct Import {
    /// The file; - is standard input
    file: PathBuf,
    /// How the file is written; its name's ending says so too
    #[arg(long)]
    format: Option<Format>,
    /// Only tell what would be imported
    #[arg(long)]
    dry_run: bool,
}

/// An import under way.
struct Importer<'a> {
    db: &'a DatabaseConnection,
    writers: Writers,
    dry_run: bool,
    bar: ProgressBar,
    /// Rows that passed so far, with their lines; not yet in the database.
    batch: Vec<(u64, Newcomer)>,
    /// Skeletons of the names in the batch, hashed: 64 bits tell names apart well enough, and in a dry run, where
    /// nothing is written for a later row to meet, those of a million names stay in memory.
    seen: HashSet<u64>,
    hasher: RandomState,
    read: u64,
    imported: u64,
}

pub(super) async fn run(db: &DatabaseConnection, import: &Import) -> Result<(), Failure> {
    let (file, bar) = open(&import.file)?;
    let format = import.format.or_else(|| Format::of(&import.file));
    let format = format.ok_or_else(|| Failure::usage("is it CSV or JSON? Say --format csv or jsonl".to_owned()))?;
    let mut importer = Importer {
        db,
        writers: Writers::of(db),
        dry_run: import.dry_run,
        bar: bar.clone(),
        batch: Vec::new(),
        seen: HashSet::new(),
        hasher: RandomState::new(),
        read: 0,
        imported: 0,
    };
    let mut rows = Rows::open(file, format, bar)?;
    let read = importer.read_all(&mut rows).await;
    // What was read before a file breaks off is taken nevertheless.
    let done = read.and(importer.write_batch().await);
    importer.bar.finish_and_clear();
    let Importer { read, imported, .. } = importer;
    let verb = if import.dry_run { "would import" } else { "imported" };
    say(&format!("{verb} {imported} of {read} users; {} not taken", read - imported))?;
    done?;
    if imported == read { Ok(()) } else { Err(Failure::told()) }
}

/// The file, and how far it is read, which a terminal is shown.
fn open(path: &Path) -> Result<(Box<dyn Read>, ProgressBar), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), ProgressBar::no_length()));
    }
    let failed = |error: io::Error| Failure::from(format!("{}: {error}", path.display()));
    let file = File::open(path).map_err(failed)?;
    let bar = ProgressBar::new(file.metadata().map_err(failed)?.len());
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left");
    Ok((Box::new(file), bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))))
}

impl Importer<'_> {
    async fn read_all(&mut self, rows: &mut Rows) -> Result<(), Failure> {
        while let Some(row) = rows.next()? {
            self.read += 1;
            match row.columns {
                Err(why) => self.refuse(row.line, why, None),
                Ok(columns) => match newcomer(&columns, Clock::System.now()) {
                    Err(why) => self.refuse(row.line, &why, Some(&columns.username)),
                    Ok(newcomer) => self.take(row.line, newcomer),
                },
            }
            if self.batch.len() == BATCH {
                self.write_batch().await?;
            }
        }
        Ok(())
    }

    fn take(&mut self, line: u64, newcomer: Newcomer) {
        if self.seen.insert(self.hasher.hash_one(newcomer.username.skeleton())) {
            self.batch.push((line, newcomer));
        } else {
            self.refuse(line, TAKEN, Some(newcomer.username.as_str()));
        }
    }

    async fn write_batch(&mut self) -> Result<(), Failure> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        let mut tries = TRIES;
        let taken = loop {
            match self.write(&batch).await {
                // Somebody signed up with one of the names after it was looked for, or held a lock for long.
                Err(Error::UsernameTaken | Error::Unavailable(_)) if tries > 1 => tries -= 1,
                written => break written?,
            }
        };
        self.imported += (batch.len() - taken.len()) as u64;
        for (line, newcomer) in taken {
            self.refuse(*line, TAKEN, Some(newcomer.username.as_str()));
        }
        if !self.dry_run {
            self.seen.clear();
        }
        Ok(())
    }

    /// Writes those of the batch whose names are free; gives back the others.
    async fn write<'b>(&self, batch: &'b [(u64, Newcomer)]) -> Result<Vec<&'b (u64, Newcomer)>, Error> {
        let all: Vec<_> = batch.iter().map(|(_, newcomer)| newcomer).collect();
        if self.dry_run {
            let taken = user::taken_by_others(self.db, &all).await?;
            return Ok(batch.iter().filter(|(_, newcomer)| taken.holds(&newcomer.username)).collect());
        }
        let transaction = self.writers.begin(self.db).await?;
        let taken = user::taken_by_others(&*transaction, &all).await?;
        let (refused, free): (Vec<_>, Vec<_>) = batch.iter().partition(|(_, newcomer)| taken.holds(&newcomer.username));
        let free: Vec<_> = free.into_iter().map(|(_, newcomer)| newcomer).collect();
        user::create_all(&*transaction, &free, Clock::System.now()).await?;
        transaction.commit().await?;
        Ok(refused)
    }

    /// Tells of a row that is not taken: never its hash, and its name so that it cannot move the cursor.
    #[expect(clippy::print_stderr, reason = "the report is for the person at the terminal")]
    fn refuse(&self, line: u64, why: &str, username: Option<&str>) {
        let start = |name: &str| name.chars().take(MAX_USERNAME_CHARS).collect::<String>();
        let name = username.map(|name| format!(" ({:?})", start(name))).unwrap_or_default();
        self.bar.suspend(|| eprintln!("line {line}: {}{name}", why.trim_end_matches('.')));
    }
}

/// The user whom a row describes, or why there can be none.
fn newcomer(columns: &Columns, now: DateTime<Utc>) -> Result<Newcomer, String> {
    let username = Username::parse(&columns.username).map_err(|rule| rule.to_string())?;
    StoredHash::parse(&columns.password_hash).map_err(|unusable| unusable.to_string())?;
    if columns.password_hash.len() > MAX_HASH {
        return Err(format!("the hash is longer than {MAX_HASH} characters"));
    }
    let created_at = match columns.created_at.trim() {
        "" => now,
        text => moment(text).ok_or("createdAt is not a time in ISO 8601")?,
    };
    Ok(Newcomer { username, password_hash: columns.password_hash.clone(), created_at })
}

/// A time as Sequelize, psql and JSON write it: a blank or a T in the middle, an offset with minutes, without
/// them, or none, which is UTC.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let text = text.replacen('T', " ", 1).replace('Z', "+00");
    let zoned = DateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f%#z").map(|moment| moment.to_utc());
    let bare = || NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f").map(|moment| moment.and_utc());
    zoned.or_else(|_| bare()).ok().filter(|moment| (1970..10_000).contains(&moment.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_databases_write_them() {
        for text in [
            "2024-01-02T03:04:05.678Z",
            "2024-01-02T03:04:05.678+00:00",
            "2024-01-02 03:04:05.678 +00:00",
            "2024-01-02 04:04:05.678+01",
            "2024-01-01 21:34:05.678-0530",
            "2024-01-02 03:04:05.678",
        ] {
            let moment = moment(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(moment.timestamp_millis(), 1_704_164_645_678, "{text}");
        }
        for text in ["yesterday", "2024-01-02", "2024-13-02 03:04:05", "1704164645678", "+99999-01-01 00:00:00", "é"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
