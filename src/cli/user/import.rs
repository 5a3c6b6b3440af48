//! `daypass user import`: imports users with their password hashes from a file.
//!
//! The command reports rejected rows and continues. Existing users keep their password, so an import can be repeated.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::ProgressBar;

use super::rows::{Columns, Format, Rows, Texts};
use crate::auth::password::stored_hash::ImportedCost;
use crate::cli::batch::{BATCH_SIZE, record_import, retry};
use crate::cli::failure::Failure;
use crate::cli::new_user;
use crate::cli::new_user::SeenNames;
use crate::cli::output::{progress_bar, stderr_line, stdout_line};
use crate::error::Error;
use crate::models::user_creation;
use crate::models::user_creation::{NewUser, TakenNames};
use crate::platform::clock::Clock;
use crate::platform::database::Pool;

#[derive(Args, Debug)]
pub(in crate::cli) struct Import {
    /// File to read, or - for standard input
    file: PathBuf,
    /// Format of the file [default: from the file extension]
    #[arg(long)]
    format: Option<Format>,
    /// Name of the column with the usernames [default: username]
    #[arg(long, value_name = "NAME")]
    username_column: Option<String>,
    /// Name of the column with the password hashes [default: passwordhash or password]
    #[arg(long, value_name = "NAME")]
    password_column: Option<String>,
    /// Report what would be imported, without writing
    #[arg(long)]
    dry_run: bool,
}

struct NumberedUser {
    line: u64,
    user: NewUser,
}

struct Importer<'a> {
    db: &'a Pool,
    max_cost: ImportedCost,
    dry_run: bool,
    bar: ProgressBar,
    /// Valid users that are not written yet.
    batch: Vec<NumberedUser>,
    /// The usernames in the batch. In a dry run, which writes nothing, the usernames of all rows read so far.
    seen: SeenNames,
    read: u64,
    imported: u64,
}

pub(super) async fn run(db: &Pool, import: &Import, max_cost: ImportedCost) -> Result<(), Failure> {
    let (file, bar) = open(&import.file)?;
    let format = import.format.or_else(|| Format::of(&import.file));
    let format =
        format.ok_or_else(|| Failure::usage("unknown file format; add --format csv or --format json".to_owned()))?;
    let columns = Columns::named(import.username_column.as_deref(), import.password_column.as_deref());
    let mut rows = Rows::open(file, format, columns, bar.clone())?;
    let (batch, seen) = (Vec::new(), SeenNames::default());
    let mut importer = Importer { db, max_cost, dry_run: import.dry_run, bar, batch, seen, read: 0, imported: 0 };
    let read = importer.read_all(&mut rows).await;
    // After a read error, the rows that were read before the error are still imported.
    let written = read.and(importer.write_batch().await);
    importer.bar.finish_and_clear();
    let Importer { read, imported, .. } = importer;
    let verb = if import.dry_run { "would import" } else { "imported" };
    stdout_line(&format!("{verb} {imported} of {read} users; {} rejected", read - imported))?;
    written?;
    if imported == read { Ok(()) } else { Err(Failure::reported()) }
}

/// Opens the file and creates its progress bar.
fn open(path: &Path) -> Result<(Box<dyn Read>, ProgressBar), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), ProgressBar::no_length()));
    }
    let failed = |error: io::Error| Failure::from(format!("{}: {error}", path.display()));
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    Ok((Box::new(file), progress_bar(length, "{bar:40} {bytes} of {total_bytes}, {eta} left")))
}

impl Importer<'_> {
    async fn read_all(&mut self, rows: &mut Rows) -> Result<(), Failure> {
        while let Some(row) = rows.next()? {
            self.read += 1;
            match row.texts {
                Err(reason) => self.report(row.line, &reason, None),
                Ok(texts) => self.add(row.line, &texts),
            }
            if self.batch.len() == BATCH_SIZE {
                self.write_batch().await?;
            }
        }
        Ok(())
    }

    /// Validates a row and adds it to the batch.
    fn add(&mut self, line: u64, [username, hash, created_at]: &Texts) {
        let now = Clock::System.now();
        let time = new_user::parse_time(created_at, now);
        let user = new_user::parse(username, hash, time.unwrap_or(now), self.max_cost);
        match user.and_then(|user| self.seen.insert(&user.username).map(|()| user)) {
            Err(reason) => self.report(line, &reason, Some(username)),
            Ok(user) => {
                if time.is_none() {
                    let warning = "warning: createdAt is not a time; the time of the import is stored instead";
                    self.report(line, warning, Some(username));
                }
                self.batch.push(NumberedUser { line, user });
            }
        }
    }

    async fn write_batch(&mut self) -> Result<(), Failure> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        let taken = retry(async || self.write(&batch).await).await?;
        for NumberedUser { line, user } in &batch {
            match taken.find(&user.username) {
                None => self.imported += 1,
                Some(other) => {
                    let reason = new_user::taken(&user.username, &other.username);
                    self.report(*line, &reason, Some(user.username.as_str()));
                }
            }
        }
        if !self.dry_run {
            self.seen = SeenNames::default();
        }
        Ok(())
    }

    /// Inserts the users whose names are free. Returns the existing users that have the other names.
    async fn write(&self, batch: &[NumberedUser]) -> Result<TakenNames, Error> {
        let all: Vec<_> = batch.iter().map(|row| &row.user).collect();
        if self.dry_run {
            return user_creation::taken_names(self.db, &all).await;
        }
        let (transaction, now) = (self.db.begin_write().await?, Clock::System.now());
        let taken = user_creation::create_free(&transaction, &all, now).await?;
        let imported = all.iter().filter(|user| taken.find(&user.username).is_none()).count();
        record_import(&transaction, imported, now).await?;
        transaction.commit().await?;
        Ok(taken)
    }

    /// Reports why a row is rejected, or a warning about the row. Does not print its hash.
    fn report(&self, line: u64, reason: &str, username: Option<&str>) {
        let name = username.map(|name| format!(" ({})", new_user::quoted(name))).unwrap_or_default();
        self.bar.suspend(|| stderr_line(&format!("line {line}: {}{name}", reason.trim_end_matches('.'))));
    }
}
