//! Imports the rows of a course that belong to users. Each row is imported once: an import record stores its new id.

use std::collections::{HashMap, HashSet};

use chrono::DateTime;

use super::owned_row::OwnedRow;
use super::pass::{Owner, Pass};
use super::report::{Outcome, Tally};
use super::source::{Row, Table};
use crate::cli::batch::retry;
use crate::cli::failure::Failure;
use crate::cli::new_user;
use crate::error::Error;
use crate::models::imported_record::Unrecorded;
use crate::models::owned::NewRow;
use crate::models::{imported_record, owned, user};
use crate::platform::database::Transaction;

const NO_OWNER: &str = "its owner is not among the users";
const OWNER_REJECTED: &str = "its owner was rejected";
const OWNER_DELETED: &str = "its owner was deleted here";

struct Candidate<T> {
    id: i64,
    /// The owner's id in the source.
    owner: String,
    /// The row, or why it is rejected. `None` in a dry run if the import would create the owner.
    row: Result<Option<NewRow<T>>, String>,
}

pub(super) async fn import<T: OwnedRow>(pass: &Pass<'_>, mut table: Table, tally: &mut Tally) -> Result<(), Failure> {
    let mut recognised = HashSet::new();
    loop {
        let rows = pass.page(&mut table, tally).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let batch: Vec<_> = rows.into_iter().map(|row| candidate::<T>(pass, row)).collect();
        let (outcomes, found) = retry(async || write(pass, &batch, &recognised).await).await?;
        recognised.extend(found.into_values());
        for (Candidate { id, owner, .. }, outcome) in batch.iter().zip(outcomes) {
            pass.count(tally, *id, &outcome, &format!("owner {}", new_user::quoted(owner)));
        }
    }
}

fn candidate<T: OwnedRow>(pass: &Pass<'_>, Row { id, texts }: Row) -> Candidate<T> {
    let owner = texts.as_ref().map_or_else(|_| String::new(), |texts| texts[0].clone());
    Candidate { id, owner, row: texts.and_then(|texts| parse(pass, &texts)) }
}

fn parse<T: OwnedRow>(pass: &Pass<'_>, texts: &[String]) -> Result<Option<NewRow<T>>, String> {
    let [owner, created_at, updated_at, texts @ ..] = texts else { return Err("columns are missing".to_owned()) };
    let owner = owner.parse().ok().and_then(|owner: i64| pass.owners.get(&owner));
    let owner_id = match owner.ok_or(NO_OWNER)? {
        Owner::Rejected => return Err(OWNER_REJECTED.to_owned()),
        Owner::Imported(id) => Some(*id),
        Owner::Pending => None,
    };
    let content = T::parse(texts).map_err(|error| error.to_string())?;
    let created_at = new_user::parse_time(created_at, DateTime::UNIX_EPOCH).ok_or("createdAt is not a time")?;
    let updated_at = new_user::parse_time(updated_at, created_at).ok_or("updatedAt is not a time")?;
    Ok(owner_id.map(|owner_id| NewRow { owner_id, content, created_at, updated_at }))
}

/// Inserts and records the new rows of a batch, unless this is a dry run. Also returns the result of [`recognise`].
async fn write<T: OwnedRow>(
    pass: &Pass<'_>,
    batch: &[Candidate<T>],
    recognised: &HashSet<i64>,
) -> Result<(Vec<Outcome>, HashMap<i64, i64>), Error> {
    let transaction = pass.db.begin_write().await?;
    let rows = batch.iter().filter_map(|candidate| candidate.row.as_ref().ok()?.as_ref());
    // Locked owners cannot be deleted. Concurrent imports wait for the locks, so each row is inserted once.
    let owners = user::lock_all(&transaction, &rows.map(|row| row.owner_id).collect()).await?;
    let owners: HashSet<_> = owners.iter().map(|user| user.id).collect();
    let ids = batch.iter().map(|candidate| candidate.id);
    let recorded = imported_record::find(&transaction, pass.source_name, T::TABLE.name, ids).await?;
    let new = batch.iter().filter(|candidate| !recorded.contains_key(&candidate.id));
    let found = recognise(&transaction, new, recognised).await?;
    let (mut outcomes, mut records) = (Vec::new(), Vec::new());
    for Candidate { id, row, .. } in batch {
        outcomes.push(match (row, found.get(id)) {
            _ if recorded.contains_key(id) => Outcome::Before { recorded: true },
            (Err(reason), _) => Outcome::Rejected(reason.clone()),
            (Ok(Some(row)), _) if !owners.contains(&row.owner_id) => Outcome::Rejected(OWNER_DELETED.to_owned()),
            (Ok(_), Some(local_id)) => {
                records.push(pass.record(T::TABLE.name, *id, *local_id));
                Outcome::Before { recorded: false }
            }
            (Ok(Some(row)), None) if !pass.dry_run => {
                let local_id = owned::import::<T::Entity>(&transaction, row).await?;
                records.push(pass.record(T::TABLE.name, *id, local_id.into()));
                Outcome::Added
            }
            (Ok(_), None) => Outcome::Added,
        });
    }
    if !pass.dry_run {
        imported_record::create_all(&transaction, records).await?;
        transaction.commit().await?;
    }
    Ok((outcomes, found))
}

/// Finds rows that an earlier version of Daypass imported without a record. They have the same owner and creation time
/// as the source row. If several match, the lowest id belongs to the first source row. Returns the row ids by source
/// id.
async fn recognise<'a, T: OwnedRow + 'a>(
    db: &Transaction,
    new: impl Iterator<Item = &'a Candidate<T>>,
    recognised: &HashSet<i64>,
) -> Result<HashMap<i64, i64>, Error> {
    let new: Vec<_> =
        new.filter_map(|candidate| Some((candidate.id, candidate.row.as_ref().ok()?.as_ref()?))).collect();
    let times = || new.iter().map(|(_, row)| row.created_at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(HashMap::new()) };
    let owners = new.iter().map(|(_, row)| row.owner_id).collect();
    let mut rows = imported_record::rows_without::<T::Entity>(db, T::TABLE.name, &owners, [first, last]).await?;
    rows.retain(|row| !recognised.contains(&row.id));
    let mut found = HashMap::new();
    for (id, new) in new {
        let is_same = |row: &Unrecorded| row.owner_id == new.owner_id && row.created_at.0 == new.created_at;
        if let Some(index) = rows.iter().position(is_same) {
            found.insert(id, rows.remove(index).id);
        }
    }
    Ok(found)
}
