//! Imports the users of a course.
//!
//! An existing user with the same name and sign-up time counts as the same user, for example after `daypass user
//! import`. The name alone is not enough: another person may have the same name and must not receive the imported
//! user's rows.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::pass::{Owner, Pass};
use super::report::{Outcome, Tally};
use super::source::{CREATED_AT, ColumnSpec, Row, Table, TableSpec};
use crate::cli::batch::{record_import, retry};
use crate::cli::failure::Failure;
use crate::cli::new_user;
use crate::cli::new_user::SeenNames;
use crate::error::Error;
use crate::models::user_creation::{NewUser, TakenNames};
use crate::models::{imported_record, user, user_creation};
use crate::platform::clock::Clock;
use crate::types::UserId;
use crate::types::username::Username;

pub(super) const TABLE: TableSpec = TableSpec {
    name: "users",
    columns: &[
        ColumnSpec { names: &["username"], required: true },
        ColumnSpec { names: &["passwordhash", "password"], required: true },
        CREATED_AT,
    ],
};

const TAKEN_HERE: &str = "the username is taken here, by a user who signed up at another time";

struct Candidate {
    id: i64,
    /// The username in the source.
    name: String,
    user: Result<NewUser, String>,
}

/// The users in the database that match a batch, and their import records.
struct Written {
    /// Users that had one of the batch's names, or a lookalike, before the batch was written.
    taken: TakenNames,
    created: TakenNames,
    /// The import records of the users in `taken`, by user id.
    records: HashMap<i64, imported_record::Model>,
}

pub(super) async fn import(pass: &mut Pass<'_>, mut table: Table, tally: &mut Tally) -> Result<(), Failure> {
    let mut names = SeenNames::default();
    loop {
        let rows = pass.page(&mut table, tally).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let ids = rows.iter().map(|row| row.id);
        let recorded = imported_record::find(&**pass.db, pass.source_name, TABLE.name, ids).await?;
        check_identity(pass, &rows, &recorded).await?;
        let batch: Vec<_> = rows.into_iter().map(|row| candidate(pass, row, &mut names)).collect();
        let new = batch.iter().filter(|candidate| !recorded.contains_key(&candidate.id));
        let new: Vec<_> = new.filter_map(|Candidate { id, user, .. }| Some((*id, user.as_ref().ok()?))).collect();
        let written = retry(async || write(pass, &new).await).await?;
        for Candidate { id, name, user } in batch {
            let (owner, outcome) = match (recorded.get(&id), user) {
                (Some(id), _) => (Owner::Imported(UserId(*id)), Outcome::Before { recorded: true }),
                (None, Ok(new)) => written.outcome(pass, id, &new)?,
                (None, Err(reason)) => rejected(&reason),
            };
            pass.owners.insert(id, owner);
            pass.count(tally, id, &outcome, &new_user::quoted(&name));
        }
    }
}

/// Validates a row. The course allows several users with the same name: the first one keeps the name, and the others
/// are rejected.
fn candidate(pass: &Pass<'_>, row: Row, names: &mut SeenNames) -> Candidate {
    let name = username(&row).to_owned();
    let user = row.texts.and_then(|texts| parse(pass, &texts));
    let user = user.and_then(|user| names.insert(&user.username).map(|()| user));
    Candidate { id: row.id, name, user }
}

fn username(row: &Row) -> &str {
    row.texts.as_ref().map_or("", |texts| &texts[0])
}

/// Checks that the users in `imported` came from this source database. After a reset, a course database gives the same
/// ids to other users.
async fn check_identity(pass: &Pass<'_>, rows: &[Row], imported: &HashMap<i64, i64>) -> Result<(), Failure> {
    let users = user::find_all(&**pass.db, &imported.values().copied().map(UserId).collect()).await?;
    let users: HashMap<_, _> = users.into_iter().map(|user| (user.id, user)).collect();
    for row in rows {
        let Some(here) = imported.get(&row.id).and_then(|id| users.get(&UserId(*id))) else { continue };
        let there = row.texts.as_ref().ok().and_then(|texts| parse_created_at(texts).ok());
        let is_same = match there {
            // Without a sign-up time, the users are compared by name.
            Some(there) if there == DateTime::UNIX_EPOCH => {
                Username::parse(username(row)).is_ok_and(|name| name.key() == here.username_key)
            }
            Some(there) => there == here.created_at.0,
            None => true,
        };
        if !is_same {
            return Err(Failure::usage(format!(
                "another database was imported under the name {:?}: its user {} is {:?} here, who has another sign-up time \
                 or, where the source has no times, another username; choose another name with --source NAME",
                pass.source_name, row.id, here.username
            )));
        }
    }
    Ok(())
}

impl Written {
    fn outcome(&self, pass: &Pass<'_>, id: i64, new: &NewUser) -> Result<(Owner, Outcome), Failure> {
        let name = &new.username;
        Ok(match self.taken.user(name) {
            Some(user) if is_same(user, new) => match self.records.get(&user.id.0) {
                Some(record) if record.source != pass.source_name => return Err(imported_elsewhere(user, record)),
                Some(record) if record.source_id != id => rejected(&new_user::taken(name, &user.username)),
                record => (Owner::Imported(user.id), Outcome::Before { recorded: record.is_some() }),
            },
            Some(_) => rejected(TAKEN_HERE),
            None => match (self.taken.find(name), self.created.user(name)) {
                (Some(lookalike), _) => rejected(&new_user::taken(name, &lookalike.username)),
                (None, Some(created)) => (Owner::Imported(created.id), Outcome::Added),
                (None, None) => (Owner::Pending, Outcome::Added),
            },
        })
    }
}

fn rejected(reason: &str) -> (Owner, Outcome) {
    (Owner::Rejected, Outcome::Rejected(reason.to_owned()))
}

/// Creates the users whose names are free. Adds import records for them, and for existing users with the same name and
/// sign-up time.
async fn write(pass: &Pass<'_>, batch: &[(i64, &NewUser)]) -> Result<Written, Error> {
    let users: Vec<_> = batch.iter().map(|(_, new)| *new).collect();
    let transaction = pass.db.begin_write().await?;
    let taken = user_creation::taken_names(&transaction, &users).await?;
    let records = imported_record::of_rows(&transaction, TABLE.name, taken.ids().map(|id| id.0)).await?;
    if pass.dry_run {
        return Ok(Written { taken, created: TakenNames::default(), records });
    }
    let now = Clock::System.now();
    user_creation::create_free(&transaction, &users, now).await?;
    record_import(&transaction, users.iter().filter(|user| taken.find(&user.username).is_none()).count(), now).await?;
    let created = user_creation::taken_names(&transaction, &users).await?;
    let unrecorded = batch.iter().filter_map(|(id, new)| {
        let user = match taken.user(&new.username) {
            Some(user) => Some(user).filter(|user| is_same(user, new) && !records.contains_key(&user.id.0)),
            None => created.user(&new.username),
        }?;
        Some(pass.record(TABLE.name, *id, user.id.0))
    });
    imported_record::create_all(&transaction, unrecorded.collect()).await?;
    transaction.commit().await?;
    Ok(Written { taken, created, records })
}

fn imported_elsewhere(user: &user::Model, record: &imported_record::Model) -> Failure {
    Failure::usage(format!(
        "the user {:?} was imported from the source {:?}; if --from is the same database, add --source {:?}; \
         otherwise rename one of the two",
        user.username, record.source, record.source
    ))
}

/// Validates a row. The error is the reason that the report shows.
fn parse(pass: &Pass<'_>, texts: &[String]) -> Result<NewUser, String> {
    let [username, hash, ..] = texts else { return Err("columns are missing".to_owned()) };
    new_user::parse(username, hash, parse_created_at(texts)?, pass.max_cost)
}

/// Parses the sign-up time. A missing time becomes 1970-01-01, so that later imports recognise the user.
fn parse_created_at(texts: &[String]) -> Result<DateTime<Utc>, String> {
    let time = new_user::parse_time(texts.get(2).map_or("", String::as_str), DateTime::UNIX_EPOCH);
    time.ok_or_else(|| "createdAt is not a time".to_owned())
}

fn is_same(user: &user::Model, new: &NewUser) -> bool {
    user.created_at.0 == new.created_at
}
