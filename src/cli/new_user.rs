//! Validates users that are imported from another service.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound as _, Utc};

use crate::auth::password::stored_hash::{ImportedCost, StoredHash};
use crate::models::user_creation::NewUser;
use crate::types::limits::MAX_USERNAME_CHARS;
use crate::types::role::Roles;
use crate::types::username::Username;

/// The size of the `password_hash` column.
const MAX_HASH_CHARS: usize = 255;

/// Validates an imported user. The error is the reason that the report shows.
pub(super) fn parse(
    username: &str,
    hash: &str,
    created_at: DateTime<Utc>,
    max_cost: ImportedCost,
) -> Result<NewUser, String> {
    let username = Username::parse(username).map_err(|error| error.to_string())?;
    StoredHash::parse(hash, max_cost).map_err(|error| error.to_string())?;
    if hash.len() > MAX_HASH_CHARS {
        return Err(format!("the hash is longer than {MAX_HASH_CHARS} characters"));
    }
    Ok(NewUser { username, password_hash: hash.to_owned(), created_at, roles: Roles::default() })
}

/// The usernames of earlier rows, by skeleton.
#[derive(Default)]
pub(super) struct SeenNames(HashMap<String, String>);

impl SeenNames {
    /// Inserts a name. Fails if the same name or a lookalike was inserted before.
    pub(super) fn insert(&mut self, name: &Username) -> Result<(), String> {
        match self.0.entry(name.skeleton()) {
            Entry::Occupied(first) => Err(taken(name, first.get())),
            Entry::Vacant(free) => {
                free.insert(name.as_str().to_owned());
                Ok(())
            }
        }
    }
}

/// Returns the reason for rejecting the username `name`, which equals or looks like the username `other`.
pub(super) fn taken(name: &Username, other: &str) -> String {
    match Username::parse(other) {
        Ok(same) if same.key() == name.key() => "the username is taken".to_owned(),
        _ => format!("the username looks like {}", quoted(other)),
    }
}

/// Quotes a username for the terminal. Escapes control characters, and truncates the name to the maximum length.
pub(super) fn quoted(username: &str) -> String {
    format!("{:?}", username.chars().take(MAX_USERNAME_CHARS).collect::<String>())
}

/// Parses a time: ISO 8601, a date, or a number of seconds, milliseconds or microseconds since 1970. Returns `default`
/// for a missing value (empty, `NULL` or `\N`), and `None` if the text is not a valid time.
pub(super) fn parse_time(text: &str, default: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if matches!(text, "" | "NULL" | "null" | "\\N") {
        return Some(default);
    }
    let date =
        |format| NaiveDate::parse_from_str(text, format).ok().map(|date| date.and_time(NaiveTime::MIN).and_utc());
    let compact_date = || (text.len() == 8).then(|| date("%Y%m%d")).flatten();
    let time =
        parse_iso_8601(text).or_else(|| date("%Y-%m-%d")).or_else(compact_date).or_else(|| parse_number(text))?;
    // The database stores times in milliseconds.
    (1970..10_000).contains(&time.year()).then(|| time.trunc_subsecs(3))
}

/// Parses a time as Sequelize, psql and JSON write it. The date and the time are separated by a space or a `T`. The
/// offset may lack minutes. A time without an offset is in UTC.
fn parse_iso_8601(text: &str) -> Option<DateTime<Utc>> {
    let text = text.replacen('T', " ", 1).replace('Z', "+00");
    let zoned = DateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f%#z").map(|time| time.to_utc());
    let local = || NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f").map(|time| time.and_utc());
    zoned.or_else(|_| local()).ok()
}

/// Parses a time that is a number. Its size determines the unit: in seconds, times from 1973 to 5138 have 9 to 11
/// digits.
fn parse_number(text: &str) -> Option<DateTime<Utc>> {
    let number: f64 = text.parse().ok().filter(|number: &f64| *number >= 0.0)?;
    let seconds = match number {
        0.0..1e11 => number,
        1e11..1e14 => number / 1e3,
        _ => number / 1e6,
    };
    DateTime::from_timestamp_millis((seconds * 1e3).round() as i64)
}
