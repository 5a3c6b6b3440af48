//! Rows that belong to the course's users.
//!
//! A row is known again by its owner, its time and its texts, so it comes once; as often as it is there, if the
//! course has several that are alike. One that was changed here since, into what no row of the source is, is known by
//! its owner and time alone, and stands for one row that is not there otherwise. So all rows are counted first.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;

use super::belonging::{Belonging, Present};
use super::pass::{Fate, Pass};
use super::report::Tally;
use super::source::{Row, Table};
use crate::cli::Failure;
use crate::cli::batch::patiently;
use crate::cli::newcomer;
use crate::error::Error;
use crate::models::brought::Brought;
use crate::models::user;

const NO_OWNER: &str = "its owner is not among the users";
const OWNER_REFUSED: &str = "its owner is not taken";
const OWNER_GONE: &str = "its owner has just been deleted here";

/// A row that passed so far.
struct Candidate<T> {
    id: i64,
    /// The owner as the source has it.
    owner: String,
    /// Which one it is of those in the source that are alike, from 1.
    nth: u64,
    brought: Brought<T>,
}

#[derive(PartialEq)]
enum Outcome {
    There,
    /// There, but changed here since.
    Changed,
    Added,
    OwnerGone,
}

impl Pass<'_> {
    pub(super) async fn belongings<T: Belonging>(
        &mut self,
        mut table: Table,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let all = self.count::<T>(table.clone()).await?;
        let (mut alike, mut stood_for) = (HashMap::new(), StoodFor::new());
        loop {
            let rows = self.source.page(&mut table).await?;
            if rows.is_empty() {
                return Ok(());
            }
            self.advance(tally, rows.len());
            let batch: Vec<_> =
                rows.into_iter().filter_map(|row| self.candidate::<T>(row, &mut alike, tally)).collect();
            let outcomes = patiently(async || self.write(&batch, &all, &stood_for).await).await?;
            for (candidate, outcome) in batch.iter().zip(outcomes) {
                match outcome {
                    Outcome::There => tally.there += 1,
                    Outcome::Changed => {
                        *stood_for.entry(candidate.brought.moment()).or_default() += 1;
                        tally.there += 1;
                    }
                    Outcome::Added => tally.added += 1,
                    Outcome::OwnerGone => self.refuse_row::<T>(tally, candidate.id, OWNER_GONE, &candidate.owner),
                }
            }
        }
    }

    /// How often each row is in the source.
    async fn count<T: Belonging>(&self, mut table: Table) -> Result<Alike, Failure> {
        let mut all = Alike::new();
        loop {
            let rows = self.source.page(&mut table).await?;
            if rows.is_empty() {
                return Ok(all);
            }
            for texts in rows.into_iter().filter_map(|row| row.texts.ok()) {
                if let Ok(Some(Brought { owner_id, what, created_at, .. })) = self.brought::<T>(&texts) {
                    *all.entry(self.key(owner_id, created_at, &what.texts())).or_default() += 1;
                }
            }
        }
    }

    /// What a row is known by.
    fn key(&self, owner_id: i64, created_at: DateTime<Utc>, texts: &[String]) -> u64 {
        self.hasher.hash_one((owner_id, created_at, texts))
    }

    /// The row, if something remains to be found out about it. `alike` counts the rows of each hash.
    fn candidate<T: Belonging>(&mut self, row: Row, alike: &mut Alike, tally: &mut Tally) -> Option<Candidate<T>> {
        let owner = row.texts.as_ref().map_or_else(|_| String::new(), |texts| texts[0].clone());
        match row.texts.and_then(|texts| self.brought::<T>(&texts)) {
            Err(why) => {
                self.refuse_row::<T>(tally, row.id, &why, &owner);
                None
            }
            // Its owner is to come, so nothing of theirs can be there.
            Ok(None) => {
                tally.added += 1;
                None
            }
            Ok(Some(brought)) => {
                let key = self.key(brought.owner_id, brought.created_at, &brought.what.texts());
                let nth = alike.entry(key).or_default();
                *nth += 1;
                Some(Candidate { id: row.id, owner, nth: *nth, brought })
            }
        }
    }

    /// What a row describes, or why it is not taken; nothing as long as its owner has no id.
    fn brought<T: Belonging>(&self, texts: &[String]) -> Result<Option<Brought<T>>, String> {
        let [owner, created_at, updated_at, texts @ ..] = texts else {
            return Err("it has not all columns".to_owned());
        };
        let owner = owner.parse().ok().and_then(|owner: i64| self.fates.get(&owner));
        let owner_id = match owner.ok_or(NO_OWNER)? {
            Fate::Refused => return Err(OWNER_REFUSED.to_owned()),
            Fate::There(id) => Some(*id),
            Fate::Added(id) => *id,
        };
        let what = T::parse(texts).map_err(|rule| rule.to_string())?;
        let created_at = newcomer::time("createdAt", created_at, DateTime::UNIX_EPOCH)?;
        let updated_at = newcomer::time("updatedAt", updated_at, created_at)?;
        Ok(owner_id.map(|owner_id| Brought { owner_id, what, created_at, updated_at }))
    }

    /// Writes those of the batch that are not there, unless nothing is to be written.
    async fn write<T: Belonging>(
        &self,
        batch: &[Candidate<T>],
        all: &Alike,
        stood_for: &StoodFor,
    ) -> Result<Vec<Outcome>, Error> {
        let owners = batch.iter().map(|candidate| candidate.brought.owner_id).collect();
        if batch.is_empty() || self.dry_run {
            let owners = user::still_there(self.ours, &owners).await?;
            return self.outcomes(self.ours, &owners, batch, (all, stood_for)).await;
        }
        let transaction = self.writers.begin(self.ours).await?;
        let owners = user::hold(&transaction, &owners).await?;
        let outcomes = self.outcomes(&*transaction, &owners, batch, (all, stood_for)).await?;
        let new = batch.iter().zip(&outcomes).filter(|(_, outcome)| **outcome == Outcome::Added);
        let new: Vec<_> = new.map(|(candidate, _)| &candidate.brought).collect();
        T::create_all(&*transaction, &new).await?;
        transaction.commit().await?;
        Ok(outcomes)
    }

    fn refuse_row<T: Belonging>(&mut self, tally: &mut Tally, id: i64, why: &str, owner: &str) {
        self.refuse(tally, (T::TABLE.name, id), why, &format!(" (owner {})", newcomer::shown(owner)));
    }

    async fn outcomes<T: Belonging>(
        &self,
        db: &impl ConnectionTrait,
        owners: &HashSet<i64>,
        batch: &[Candidate<T>],
        (all, stood_for): (&Alike, &StoodFor),
    ) -> Result<Vec<Outcome>, Error> {
        let times = || batch.iter().map(|candidate| candidate.brought.created_at);
        let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(Vec::new()) };
        let mut here: HashMap<_, Here> = HashMap::new();
        for Present { owner_id, created_at, texts, changed } in T::present(db, owners, [first, last]).await? {
            let Here { unchanged, changed: into_it } = here.entry((owner_id, created_at, texts)).or_default();
            *if changed { into_it } else { unchanged } += 1;
        }
        // Those changed here that stand for no row of the source yet.
        let mut left = StoodFor::new();
        for ((owner_id, created_at, texts), here) in &here {
            let there = all.get(&self.key(*owner_id, *created_at, texts)).copied().unwrap_or_default();
            *left.entry((*owner_id, *created_at)).or_default() += here.to_spare(there);
        }
        for (moment, left) in &mut left {
            *left = left.saturating_sub(stood_for.get(moment).copied().unwrap_or_default());
        }
        let outcome = |Candidate { nth, brought, .. }: &Candidate<T>| {
            let Brought { owner_id, what, created_at, .. } = brought;
            if !owners.contains(owner_id) {
                return Outcome::OwnerGone;
            }
            if here.get(&(*owner_id, *created_at, what.texts())).is_some_and(|here| here.count() >= *nth) {
                return Outcome::There;
            }
            match left.get_mut(&brought.moment()) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    Outcome::Changed
                }
                _ => Outcome::Added,
            }
        };
        Ok(batch.iter().map(outcome).collect())
    }
}

/// How many rows of one owner, moment and texts are here.
#[derive(Default)]
struct Here {
    unchanged: u64,
    /// Which came to these texts by a change.
    changed: u64,
}

impl Here {
    fn count(&self) -> u64 {
        self.unchanged + self.changed
    }

    /// How many of the changed ones are none of the source's rows, of which it has so many.
    fn to_spare(&self, there: u64) -> u64 {
        self.changed.saturating_sub(there.saturating_sub(self.unchanged))
    }
}

/// How many rows there are of each key.
type Alike = HashMap<u64, u64>;

/// How many rows that were changed here, of an owner and a time, stand for rows of the source so far.
type StoodFor = HashMap<(i64, DateTime<Utc>), u64>;
