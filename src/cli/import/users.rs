//! Users of the course.
//!
//! One of the same name and the same moment of signing up is the same person, brought by an earlier import.
//! The name alone would not do: with it, a stranger who has it here would be given somebody's logs.

use std::collections::HashSet;
use std::hash::BuildHasher as _;

use chrono::DateTime;

use super::belonging::CREATED_AT;
use super::pass::{Fate, Pass};
use super::report::Tally;
use super::source::{Column, Table, Wanted};
use crate::cli::Failure;
use crate::cli::batch::patiently;
use crate::cli::newcomer::{self, TAKEN};
use crate::clock::Clock;
use crate::error::Error;
use crate::models::user::{self, Newcomer, Taken};

pub(super) const USERS: Wanted = Wanted {
    name: "users",
    columns: &[
        Column { names: &["username"], needed: true },
        Column { names: &["passwordhash", "password"], needed: true },
        CREATED_AT,
    ],
};

const TAKEN_HERE: &str = "the username is taken here, by one who signed up at another time";

impl Pass<'_> {
    pub(super) async fn users(&mut self, mut table: Table, tally: &mut Tally) -> Result<(), Failure> {
        let mut seen = HashSet::new();
        loop {
            let rows = self.source.page(&mut table).await?;
            if rows.is_empty() {
                return Ok(());
            }
            self.advance(tally, rows.len());
            let mut batch = Vec::new();
            for row in rows {
                let name = row.texts.as_ref().map_or_else(|_| String::new(), |texts| texts[0].clone());
                match row.texts.and_then(|texts| described(&texts)) {
                    // In the course two can have one name: the first keeps it, and what is theirs.
                    Ok(newcomer) if !seen.insert(self.hasher.hash_one(newcomer.username.skeleton())) => {
                        self.refuse_user(tally, row.id, TAKEN, &name);
                    }
                    Ok(newcomer) => batch.push((row.id, newcomer)),
                    Err(why) => self.refuse_user(tally, row.id, &why, &name),
                }
            }
            self.settle(&batch, tally).await?;
        }
    }

    /// Counts what becomes of the users of a batch, when it has.
    async fn settle(&mut self, batch: &[(i64, Newcomer)], tally: &mut Tally) -> Result<(), Failure> {
        let newcomers: Vec<_> = batch.iter().map(|(_, newcomer)| newcomer).collect();
        let (taken, made) = patiently(async || self.write_users(&newcomers).await).await?;
        for (id, newcomer) in batch {
            let name = &newcomer.username;
            match taken.user(name) {
                Some(user) if is(user, newcomer) => {
                    self.fates.insert(*id, Fate::There(user.id));
                    tally.there += 1;
                }
                Some(_) => self.refuse_user(tally, *id, TAKEN_HERE, name.as_str()),
                None if taken.holds(name) => self.refuse_user(tally, *id, TAKEN, name.as_str()),
                None => {
                    self.fates.insert(*id, Fate::Added(made.user(name).map(|user| user.id)));
                    tally.added += 1;
                }
            }
        }
        Ok(())
    }

    /// Writes those whose names are free; who was in the way of the others, and who was made.
    async fn write_users(&self, newcomers: &[&Newcomer]) -> Result<(Taken, Taken), Error> {
        if self.dry_run {
            return Ok((user::taken_by_others(self.ours, newcomers).await?, Taken::default()));
        }
        let transaction = self.writers.begin(self.ours).await?;
        let taken = user::taken_by_others(&*transaction, newcomers).await?;
        let free = newcomers.iter().copied().filter(|newcomer| !taken.holds(&newcomer.username));
        let free: Vec<_> = free.collect();
        user::create_all(&*transaction, &free, Clock::System.now()).await?;
        let made = user::taken_by_others(&*transaction, &free).await?;
        transaction.commit().await?;
        Ok((taken, made))
    }

    fn refuse_user(&mut self, tally: &mut Tally, id: i64, why: &str, name: &str) {
        self.fates.insert(id, Fate::Refused);
        self.refuse(tally, (USERS.name, id), why, &format!(" ({})", newcomer::shown(name)));
    }
}

/// The user whom a row describes, or why there can be none. One without a time gets the first there is, for it
/// has to be the same the next time.
fn described(texts: &[String]) -> Result<Newcomer, String> {
    let [username, hash, created_at] = texts else { return Err("it has not all columns".to_owned()) };
    let created_at = newcomer::time("createdAt", created_at, DateTime::UNIX_EPOCH)?;
    newcomer::newcomer(username, hash, created_at)
}

/// Whether this is the user of the course, brought earlier.
fn is(user: &user::Model, newcomer: &Newcomer) -> bool {
    user.created_at.0 == newcomer.created_at
}
