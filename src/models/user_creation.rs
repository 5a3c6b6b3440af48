//! Inserts users.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::Condition;
use sea_orm::entity::prelude::*;

use super::database_state;
use super::user::{ActiveModel, COLUMN, Entity, Model, name_error};
use crate::error::Error;
use crate::types::UserId;
use crate::types::role::Roles;
use crate::types::username::Username;

/// A user that signs up or is imported.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub username: Username,
    /// A hash that [`StoredHash`](crate::auth::password::stored_hash::StoredHash) can read.
    pub password_hash: String,
    /// When the user signed up. For an imported user, the sign-up time in the source.
    pub created_at: DateTime<Utc>,
    pub roles: Roles,
}

impl NewUser {
    fn row(&self, now: DateTime<Utc>) -> ActiveModel {
        ActiveModel {
            username: Set(self.username.as_str().to_owned()),
            username_key: Set(self.username.key()),
            username_skeleton: Set(self.username.skeleton()),
            password_hash: Set(self.password_hash.clone()),
            created_at: Set(ChronoUnixTimestampMillis(self.created_at)),
            updated_at: Set(ChronoUnixTimestampMillis(now)),
            roles: Set(self.roles.as_str().to_owned()),
            roles_version: Set(0),
            ..Default::default()
        }
    }
}

/// Inserts a user.
///
/// # Errors
/// [`Error::UsernameTaken`] if another user has the username or one that looks like it.
pub async fn create(db: &impl ConnectionTrait, new_user: &NewUser, now: DateTime<Utc>) -> Result<Model, Error> {
    let user = new_user.row(now).insert(db).await.map_err(name_error)?;
    database_state::count_users(db, 1).await?;
    Ok(user)
}

/// Inserts all of these users or, on an error, none.
///
/// # Errors
/// [`Error::UsernameTaken`] if another user has one of the usernames or a lookalike of it.
pub async fn create_all(db: &impl ConnectionTrait, new_users: &[&NewUser], now: DateTime<Utc>) -> Result<(), Error> {
    if !new_users.is_empty() {
        let rows = new_users.iter().map(|new_user| new_user.row(now));
        Entity::insert_many(rows).exec_without_returning(db).await.map_err(name_error)?;
        database_state::count_users(db, new_users.len()).await?;
    }
    Ok(())
}

/// Inserts the users whose usernames are free. Returns the existing users that have the other usernames.
pub async fn create_free(
    db: &impl ConnectionTrait,
    new_users: &[&NewUser],
    now: DateTime<Utc>,
) -> Result<TakenNames, Error> {
    let taken = taken_names(db, new_users).await?;
    let free: Vec<_> = new_users.iter().copied().filter(|user| taken.find(&user.username).is_none()).collect();
    create_all(db, &free, now).await?;
    Ok(taken)
}

/// Returns the existing users that have one of these usernames or a lookalike of it.
pub async fn taken_names(db: &impl ConnectionTrait, new_users: &[&NewUser]) -> Result<TakenNames, Error> {
    let names = || new_users.iter().map(|new_user| &new_user.username);
    let wanted = Condition::any()
        .add(COLUMN.username_key.is_in(names().map(Username::key)))
        .add(COLUMN.username_skeleton.is_in(names().map(Username::skeleton)));
    let users = Entity::find().filter(wanted).all(db).await?;
    let by_names = |user: Model| [(user.username_skeleton.clone(), user.clone()), (user.username_key.clone(), user)];
    Ok(TakenNames { users: users.into_iter().flat_map(by_names).collect() })
}

/// The result of a search for taken usernames: the existing users that have them.
#[derive(Debug, Default)]
pub struct TakenNames {
    /// The existing users, by username key and by skeleton.
    users: HashMap<String, Model>,
}

impl TakenNames {
    /// Returns the user with this username or one that looks like it.
    #[must_use]
    pub fn find(&self, name: &Username) -> Option<&Model> {
        self.user(name).or_else(|| self.users.get(&name.skeleton()))
    }

    pub fn ids(&self) -> impl Iterator<Item = UserId> {
        self.users.values().map(|user| user.id)
    }

    /// Returns the user with exactly this username, not a lookalike.
    #[must_use]
    pub fn user(&self, name: &Username) -> Option<&Model> {
        let key = name.key();
        self.users.get(&key).filter(|user| user.username_key == key)
    }
}
