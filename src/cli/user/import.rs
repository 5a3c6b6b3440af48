//! `daypass user import`: users of another service, with the hashes of their passwords.
//!
//! In transactions of some hundred rows, so that a running service writes in between. A row that is not taken
//! is told and the rest goes on; whoever is there already keeps their password, so an import can be repeated.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sea_orm::DatabaseConnection;

use super::rows::{Columns, Format, Rows};
use super::say;
use crate::cli::Failure;
use crate::cli::batch::{BATCH, patiently};
use crate::cli::newcomer::{self, TAKEN};
use crate::clock::Clock;
use crate::database::Writers;
use crate::error::Error;
use crate::models::user::{self, Newcomer};

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
                Ok(columns) => match newcomer(&columns) {
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
        let taken = patiently(async || self.write(&batch).await).await?;
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
        let name = username.map(|name| format!(" ({})", newcomer::shown(name))).unwrap_or_default();
        self.bar.suspend(|| eprintln!("line {line}: {}{name}", why.trim_end_matches('.')));
    }
}

/// The user whom a row describes, or why there can be none.
fn newcomer(columns: &Columns) -> Result<Newcomer, String> {
    let created_at = newcomer::time("createdAt", &columns.created_at, Clock::System.now());
    newcomer::newcomer(&columns.username, &columns.password_hash, created_at?)
}
