//! `demo`: three people with passwords that can be read here, and what is theirs.

use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;

use crate::auth::address_prefix::AddressPrefix;
use crate::auth::password::Password;
use crate::auth::password_hasher::PasswordHasher;
use crate::auth::username::Username;
use crate::config::Config;
use crate::error::Error;
use crate::models::item_name::ItemName;
use crate::models::seed::Made;
use crate::models::user::Newcomer;
use crate::models::workout_log::Entry;
use crate::models::workout_text::{Description, Detail};
use crate::models::{item, user, workout_log};

struct Person {
    username: &'static str,
    password: &'static str,
    items: &'static [&'static str],
    /// Description, definition and result of each.
    logs: &'static [[&'static str; 3]],
}

/// The third has nothing yet, as one who has just signed up.
const PEOPLE: [Person; 3] = [
    Person {
        username: "demo-ada",
        password: "weaving algebra like leaves and flowers",
        items: &["buy a lantern", "answer the letters", "clean the stove"],
        logs: &[["row 2 km", "Time", "7:42"], ["deadlift", "Weight", "3 x 5, 80 kg"], ["swim", "Distance", "1500 m"]],
    },
    Person {
        username: "demo-grace",
        password: "one moth taped into the log book",
        items: &["wind the ship's clock", "a wire of one nanosecond"],
        logs: &[["run 5 km", "Time", "27:10"], ["plank", "Time", "2:30"]],
    },
    Person { username: "demo-alan", password: "a short distance ahead, plenty to do", items: &[], logs: &[] },
];

/// Usernames and passwords.
pub(super) fn accounts() -> impl Iterator<Item = (&'static str, &'static str)> {
    PEOPLE.iter().map(|person| (person.username, person.password))
}

/// The people, with their passwords hashed.
pub(super) async fn newcomers(config: &Config, now: DateTime<Utc>) -> Result<Vec<Newcomer>, Error> {
    let hasher = PasswordHasher::new(config.passwords.argon2.clone(), 1)?;
    let mut newcomers = Vec::new();
    for (username, password) in accounts() {
        let username = Username::parse(username).map_err(Error::fault)?;
        let minimum = config.passwords.password_min_length;
        let password = Password::chosen(password, minimum, &config.tokens.jwt_issuer).map_err(Error::fault)?;
        let password_hash = hasher.hash(AddressPrefix::LOCAL, password).await?;
        newcomers.push(Newcomer { username, password_hash, created_at: now });
    }
    Ok(newcomers)
}

/// Makes the people and what is theirs.
pub(super) async fn make(
    db: &DatabaseTransaction,
    newcomers: Vec<Newcomer>,
    now: DateTime<Utc>,
) -> Result<Made, Error> {
    let mut made = Made::default();
    for (person, Newcomer { username, password_hash, .. }) in PEOPLE.iter().zip(newcomers) {
        let owner = user::create(db, &username, password_hash, now).await?.id;
        made.users.push(owner);
        for name in person.items {
            let name = ItemName::parse(name).map_err(Error::fault)?;
            made.items.push(item::create(db, owner, &name, now).await?.id);
        }
        for log in person.logs {
            made.workout_logs.push(workout_log::create(db, owner, &entry(log)?, now).await?.id);
        }
    }
    Ok(made)
}

fn entry([description, definition, result]: &[&str; 3]) -> Result<Entry, Error> {
    Ok(Entry {
        description: Description::parse(description).map_err(Error::fault)?,
        definition: Detail::parse(definition).map_err(Error::fault)?,
        result: Detail::parse(result).map_err(Error::fault)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_passwords_keep_the_rules_also_where_fifteen_characters_are_asked_for() {
        for (username, password) in accounts() {
            let chosen = Password::chosen(password, 15, "daypass").unwrap();
            assert!(!chosen.is_like(username), "{username}");
        }
    }
}
