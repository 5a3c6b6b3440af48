//! Users: the table, finders and commands. `user_creation` inserts users.
//!
//! Schema: `migration/src/m20261120_000001_users.rs`; later migrations add columns.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect, Select, SqlErr};

use super::one_time_code::Purpose;
use super::{event, one_time_code};
use crate::auth::revocation::reason::Reason;
use crate::auth::token::refusal::Refusal;
use crate::auth::token::{Authentication, Subject};
use crate::error::Error;
use crate::platform::database::Transaction;
use crate::types::UserId;
use crate::types::email::Email;
use crate::types::role::{Roles, UserRoles};
use crate::types::username::Username;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// The id. It is never reused.
    #[sea_orm(primary_key)]
    pub id: UserId,
    /// The username as the user typed it.
    pub username: String,
    /// The key by which the user is looked up: the username, normalised and case-folded.
    #[sea_orm(unique)]
    pub username_key: String,
    /// The skeleton of the username. It is the same for usernames that look alike, so that only one of them can exist.
    #[sea_orm(unique)]
    pub username_skeleton: String,
    /// The password hash: a PHC string, the legacy hash of an imported user, or [`NO_PASSWORD`].
    pub password_hash: String,
    pub created_at: ChronoUnixTimestampMillis,
    /// When the username, the password or an address last changed.
    pub updated_at: ChronoUnixTimestampMillis,
    /// When an operator disabled the user. `None` if the user is enabled.
    pub disabled_at: Option<ChronoUnixTimestampMillis>,
    /// The names of the user's roles, separated by commas.
    pub roles: String,
    /// The number of changes of the roles.
    pub roles_version: i64,
    /// The verified address.
    #[sea_orm(unique)]
    pub email: Option<String>,
    /// An address that the user has not verified yet.
    pub pending_email: Option<String>,
}

/// The `password_hash` of a user without a password. No password has this hash.
pub const NO_PASSWORD: &str = "!";

impl ActiveModelBehavior for ActiveModel {}

/// Returns the user with this id.
///
/// # Errors
/// [`Refusal::Revoked`] if the user was deleted, because this also ended their sessions.
pub async fn find(db: &impl ConnectionTrait, id: UserId) -> Result<Model, Error> {
    Entity::find_by_id(id).one(db).await?.ok_or(Error::Refused(Refusal::Revoked(Reason::AccountDeletion)))
}

/// Like [`find`], but returns `None` if the user was deleted.
pub async fn find_if_exists(db: &impl ConnectionTrait, id: UserId) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(id).one(db).await?)
}

/// Returns the user with this id, locked until the transaction ends. Transactions that create or end sessions of the
/// user take this lock, so they run one after the other. On SQLite, each write transaction locks the complete database.
///
/// # Errors
/// [`Refusal::Revoked`] if the user was deleted.
pub async fn lock(db: &Transaction, id: UserId) -> Result<Model, Error> {
    let user = lock_if_exists(db, id).await?;
    user.ok_or(Error::Refused(Refusal::Revoked(Reason::AccountDeletion)))
}

/// Like [`lock`], but returns `None` if the user was deleted.
pub async fn lock_if_exists(db: &Transaction, id: UserId) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(id).lock_exclusive().one(db).await?)
}

/// Like [`lock`], but returns `None` if the password changed or the user was disabled since `verified` was read.
///
/// # Errors
/// [`Refusal::Revoked`] if the user was deleted.
pub async fn lock_unchanged(db: &Transaction, verified: &Model) -> Result<Option<Model>, Error> {
    let user = lock(db, verified.id).await?;
    Ok((user.password_hash == verified.password_hash && user.may_sign_in()).then_some(user))
}

/// Returns the user whose username has the same key as `name`. Invalid usernames need no query.
pub async fn find_by_username(db: &impl ConnectionTrait, name: &str) -> Result<Option<Model>, Error> {
    let Ok(name) = Username::parse(name) else { return Ok(None) };
    Ok(Entity::find().filter(COLUMN.username_key.eq(name.key())).one(db).await?)
}

/// Returns the user with this verified address.
pub async fn find_by_email(db: &impl ConnectionTrait, email: &Email) -> Result<Option<Model>, Error> {
    Ok(Entity::find().filter(COLUMN.email.eq(email.as_str())).one(db).await?)
}

/// Returns at most `limit` users in the order of their ids, starting after the id `after`.
pub async fn page(db: &impl ConnectionTrait, after: Option<UserId>, limit: u64) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(COLUMN.id.gt(after.unwrap_or(UserId(0))))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?)
}

/// Returns the ids of the users with these keys of usernames.
pub async fn ids_by_key(db: &impl ConnectionTrait, keys: HashSet<String>) -> Result<HashMap<String, UserId>, Error> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let users = Entity::find().filter(COLUMN.username_key.is_in(keys)).select_only();
    let users = users.column(Column::UsernameKey).column(Column::Id).into_tuple().all(db).await?;
    Ok(users.into_iter().collect())
}

/// Returns the users with these ids. Leaves out deleted users.
pub async fn find_all(db: &impl ConnectionTrait, ids: &HashSet<UserId>) -> Result<Vec<Model>, Error> {
    Ok(with_ids(ids).all(db).await?)
}

/// Returns the users with these ids, locked until the transaction ends. Leaves out deleted users.
pub async fn lock_all(db: &Transaction, ids: &HashSet<UserId>) -> Result<Vec<Model>, Error> {
    // The users are locked in the order of their ids, so that two such transactions cannot deadlock.
    Ok(with_ids(ids).order_by_asc(Column::Id).lock_exclusive().all(db).await?)
}

fn with_ids(ids: &HashSet<UserId>) -> Select<Entity> {
    Entity::find().filter(COLUMN.id.is_in(ids.iter().copied()))
}

impl Model {
    /// Returns whether the user is not disabled. Sign-in treats a disabled user like an unknown one, so that the
    /// response time does not reveal disabled users.
    #[must_use]
    pub fn may_sign_in(&self) -> bool {
        self.disabled_at.is_none()
    }

    /// Returns whether the user has a password. Other users sign in at a provider.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.password_hash != NO_PASSWORD
    }

    /// Returns the hash with which to compare a password.
    #[must_use]
    pub fn comparable_hash(&self) -> Option<String> {
        self.has_password().then(|| self.password_hash.clone())
    }

    #[must_use]
    pub fn roles(&self) -> UserRoles {
        UserRoles { roles: Roles::from_stored(&self.roles), version: self.roles_version }
    }

    /// Returns the user as the subject of a token.
    #[must_use]
    pub fn subject(&self, authentication: Authentication) -> Subject {
        Subject { id: self.id, roles: self.roles(), authentication }
    }

    /// Stores other roles. The caller must insert a record of the change in the same transaction.
    pub async fn change_roles(self, db: &impl ConnectionTrait, roles: &Roles) -> Result<Self, Error> {
        let version = self.roles_version + 1;
        let mut user = self.into_active_model();
        user.roles = Set(roles.as_str().to_owned());
        user.roles_version = Set(version);
        user.update(db).await.map_err(update_error)
    }

    /// Returns the verified address.
    #[must_use]
    pub fn email(&self) -> Option<Email> {
        self.email.as_deref().map(Email::from_stored)
    }

    /// Returns the address that the user has not verified yet.
    #[must_use]
    pub fn pending_email(&self) -> Option<Email> {
        self.pending_email.as_deref().map(Email::from_stored)
    }

    /// Stores an address that the user must verify.
    pub async fn set_pending_email(
        self,
        db: &impl ConnectionTrait,
        email: &Email,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        one_time_code::delete_other_verifications(db, self.id, email).await?;
        let mut user = self.into_active_model();
        user.pending_email = Set(Some(email.as_str().to_owned()));
        user.updated_at = Set(ChronoUnixTimestampMillis(now));
        user.update(db).await.map_err(update_error)
    }

    /// Stores a verified address, or removes both addresses. Codes that were sent to the previous addresses are no
    /// longer valid, except those that restore an address.
    ///
    /// # Errors
    /// [`Error::EmailTaken`] if it is the verified address of another user.
    pub async fn set_email(
        self,
        db: &impl ConnectionTrait,
        email: Option<&Email>,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        one_time_code::delete_all(db, self.id, &[Purpose::VerifyEmail, Purpose::ResetPassword]).await?;
        let mut user = self.into_active_model();
        user.email = Set(email.map(|email| email.as_str().to_owned()));
        user.pending_email = Set(None);
        user.updated_at = Set(ChronoUnixTimestampMillis(now));
        let updated = user.update(db).await;
        updated.map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Error::EmailTaken,
            _ => update_error(error),
        })
    }

    /// Disables the user. The caller must end the user's sessions in the same transaction.
    ///
    /// # Errors
    /// [`Refusal::Revoked`] if the user was deleted.
    pub async fn disable(self, db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Self, Error> {
        if !self.may_sign_in() {
            return Ok(self);
        }
        one_time_code::delete_all(db, self.id, &[Purpose::ResetPassword]).await?;
        let mut user = self.into_active_model();
        user.disabled_at = Set(Some(ChronoUnixTimestampMillis(now)));
        user.update(db).await.map_err(update_error)
    }

    pub async fn enable(self, db: &impl ConnectionTrait) -> Result<Self, Error> {
        let mut user = self.into_active_model();
        user.disabled_at = Set(None);
        user.update(db).await.map_err(update_error)
    }

    /// Stores the hash of a new password. Codes that reset the password are no longer valid.
    pub async fn change_password(
        self,
        db: &impl ConnectionTrait,
        password_hash: String,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        one_time_code::delete_all(db, self.id, &[Purpose::ResetPassword]).await?;
        let mut user = self.into_active_model();
        user.password_hash = Set(password_hash);
        user.updated_at = Set(ChronoUnixTimestampMillis(now));
        user.update(db).await.map_err(update_error)
    }

    /// Removes the password. Codes that reset the password are no longer valid.
    pub async fn remove_password(self, db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Self, Error> {
        self.change_password(db, NO_PASSWORD.to_owned(), now).await
    }

    /// Stores a new hash of the same password, unless the password was changed in the meantime. Does not change
    /// `updated_at`.
    pub async fn renew_hash(self, db: &impl ConnectionTrait, password_hash: String) -> Result<Self, Error> {
        let renewed = Entity::update_many().col_expr(Column::PasswordHash, password_hash.clone().into());
        let unchanged = renewed.filter(COLUMN.id.eq(self.id)).filter(COLUMN.password_hash.eq(&self.password_hash));
        unchanged.exec(db).await?;
        Ok(Self { password_hash, ..self })
    }

    /// Deletes the user. The foreign keys make the database delete the user's sessions, items and workout logs. The
    /// user's events stay, without personal data.
    pub async fn delete(self, db: &impl ConnectionTrait) -> Result<(), Error> {
        event::remove_personal_data(db, self.id).await?;
        ModelTrait::delete(self, db).await?;
        Ok(())
    }

    /// # Errors
    /// [`Error::UsernameTaken`] if another user has the username or one that looks like it.
    pub async fn rename(
        self,
        db: &impl ConnectionTrait,
        username: &Username,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        let mut user = self.into_active_model();
        user.username = Set(username.as_str().to_owned());
        user.username_key = Set(username.key());
        user.username_skeleton = Set(username.skeleton());
        user.updated_at = Set(ChronoUnixTimestampMillis(now));
        user.update(db).await.map_err(update_error)
    }
}

/// Converts the error of an update. If the row is missing, the user was deleted, which also ended their sessions.
fn update_error(error: DbErr) -> Error {
    match error {
        DbErr::RecordNotUpdated => Refusal::Revoked(Reason::AccountDeletion).into(),
        error => name_error(error),
    }
}

/// Converts the error of an insert or update that does not write an address. A unique violation means that the username
/// is taken, because the other unique columns are not written.
pub(super) fn name_error(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::UsernameTaken,
        _ => error.into(),
    }
}
