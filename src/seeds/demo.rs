//! `demo`: three users with public passwords, items and workout logs.

use chrono::{DateTime, Utc};

use crate::auth::password::hasher::PasswordHasher;
use crate::auth::password::policy::Password;
use crate::auth::rate_limit::client_network::ClientNetwork;
use crate::config::Config;
use crate::error::Error;
use crate::models::seed::SeededRows;
use crate::models::user_creation::NewUser;
use crate::models::workout_log::Entry;
use crate::models::{item, owned, user_creation, workout_log};
use crate::platform::database::Transaction;
use crate::types::item_name::ItemName;
use crate::types::role::Roles;
use crate::types::username::Username;
use crate::types::workout_text::{Description, Detail};

/// The maximum number of rows of a user does not apply to seeds.
const UNLIMITED: u32 = u32::MAX;

struct DemoUser {
    username: &'static str,
    password: &'static str,
    items: &'static [&'static str],
    /// Description, definition and result of each log.
    logs: &'static [[&'static str; 3]],
}

/// The third user has no data, like a user after sign-up.
const USERS: [DemoUser; 3] = [
    DemoUser {
        username: "demo-ada",
        password: "weaving algebra like leaves and flowers",
        items: &["buy a lantern", "answer the letters", "clean the stove"],
        logs: &[["row 2 km", "Time", "7:42"], ["deadlift", "Weight", "3 x 5, 80 kg"], ["swim", "Distance", "1500 m"]],
    },
    DemoUser {
        username: "demo-grace",
        password: "one moth taped into the log book",
        items: &["wind the ship's clock", "a wire of one nanosecond"],
        logs: &[["run 5 km", "Time", "27:10"], ["plank", "Time", "2:30"]],
    },
    DemoUser { username: "demo-alan", password: "a short distance ahead, plenty to do", items: &[], logs: &[] },
];

/// Returns the usernames and passwords.
pub(super) fn accounts() -> impl Iterator<Item = (&'static str, &'static str)> {
    USERS.iter().map(|user| (user.username, user.password))
}

/// Returns the users with hashed passwords.
pub(super) async fn new_users(config: &Config, now: DateTime<Utc>) -> Result<Vec<NewUser>, Error> {
    let hasher = PasswordHasher::new(config.passwords.argon2.clone(), 1, config.passwords.imported_hash_cost)?;
    let mut users = Vec::new();
    for (username, password) in accounts() {
        let username = Username::parse(username).map_err(Error::fault)?;
        let minimum = config.passwords.password_min_length;
        let password = Password::chosen(password, minimum, &config.tokens.jwt_issuer).map_err(Error::fault)?;
        let password_hash = hasher.hash(ClientNetwork::LOCAL, password).await?;
        users.push(NewUser { username, password_hash, created_at: now, roles: Roles::default() });
    }
    Ok(users)
}

/// Inserts the users and their rows.
pub(super) async fn insert(db: &Transaction, users: Vec<NewUser>, now: DateTime<Utc>) -> Result<SeededRows, Error> {
    let mut made = SeededRows::default();
    for (demo, new_user) in USERS.iter().zip(&users) {
        let owner = user_creation::create(db, new_user, now).await?.id;
        made.users.push(owner);
        for name in demo.items {
            let name = ItemName::parse(name).map_err(Error::fault)?;
            made.items.push(owned::create::<item::Entity>(db, owner, name, now, UNLIMITED).await?.id);
        }
        for log in demo.logs {
            let log = owned::create::<workout_log::Entity>(db, owner, entry(log)?, now, UNLIMITED).await?;
            made.workout_logs.push(log.id);
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
    fn passwords_are_accepted_with_a_minimum_of_fifteen_characters() {
        for (username, password) in accounts() {
            let chosen = Password::chosen(password, 15, "daypass").unwrap();
            assert!(!chosen.is_like(username), "{username}");
        }
    }
}
