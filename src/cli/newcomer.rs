//! A user of another service as one who can sign in here: what their name, hash and time have to be.

use chrono::{DateTime, Datelike as _, NaiveDateTime, SubsecRound as _, Utc};

use crate::auth::stored_hash::StoredHash;
use crate::auth::username::{MAX_USERNAME_CHARS, Username};
use crate::models::user::Newcomer;

/// The most characters of a hash: what its column keeps.
const MAX_HASH: usize = 255;
/// Why a user is not taken whose name somebody has.
pub(super) const TAKEN: &str = "the username is taken, or looks like one that is";

/// The user who is described so, or why there can be none.
pub(super) fn newcomer(username: &str, hash: &str, created_at: DateTime<Utc>) -> Result<Newcomer, String> {
    let username = Username::parse(username).map_err(|rule| rule.to_string())?;
    StoredHash::parse(hash).map_err(|unusable| unusable.to_string())?;
    if hash.len() > MAX_HASH {
        return Err(format!("the hash is longer than {MAX_HASH} characters"));
    }
    Ok(Newcomer { username, password_hash: hash.to_owned(), created_at })
}

/// What is told of a username: so that it cannot move the cursor, and no more than one may have.
pub(super) fn shown(username: &str) -> String {
    format!("{:?}", username.chars().take(MAX_USERNAME_CHARS).collect::<String>())
}

/// The time that a column holds; `otherwise` if it is empty.
pub(super) fn time(column: &str, text: &str, otherwise: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    match text.trim() {
        "" => Ok(otherwise),
        text => moment(text).ok_or_else(|| format!("{column} is not a time in ISO 8601")),
    }
}

/// A time as Sequelize, psql and JSON write it: a blank or a T in the middle, an offset with minutes, without
/// them, or none, which is UTC. Cut to milliseconds, as all our times are.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let text = text.replacen('T', " ", 1).replace('Z', "+00");
    let zoned = DateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f%#z").map(|moment| moment.to_utc());
    let bare = || NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f").map(|moment| moment.and_utc());
    let moment = zoned.or_else(|_| bare()).ok()?;
    (1970..10_000).contains(&moment.year()).then(|| moment.trunc_subsecs(3))
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
