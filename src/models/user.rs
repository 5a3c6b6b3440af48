//! Users: who signs in.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, DatabaseTransaction, IntoActiveModel, QueryOrder, QuerySelect, SqlErr};

use crate::auth::reason::Reason;
use crate::auth::refusal::Refusal;
use crate::auth::token::Session;
use crate::auth::username::Username;
use crate::error::Error;

/// A user's row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// Never given out twice.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// As typed at sign-up.
    pub username: String,
    /// What the name is found by: normalised, case-folded.
    #[sea_orm(unique)]
    pub username_key: String,
    /// What makes the name unique: the same for names that look alike.
    #[sea_orm(unique)]
    pub username_skeleton: String,
    /// A PHC string.
    pub password_hash: String,
    /// When the user signed up.
    pub created_at: ChronoUnixTimestampMillis,
    /// When the user's name or password last changed.
    pub updated_at: ChronoUnixTimestampMillis,
    /// Since when an operator keeps the user out.
    pub disabled_at: Option<ChronoUnixTimestampMillis>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The user a session belongs to.
///
/// # Errors
/// [`Refusal::Revoked`]: a user who is no more has no session either.
pub async fn of_session(db: &impl ConnectionTrait, session: &Session) -> Result<Model, Error> {
    Entity::find_by_id(session.user_id).one(db).await?.ok_or(Error::Refused(Refusal::Revoked(Reason::AccountDeletion)))
}

/// The user of this id, held until the transaction ends: whoever else wants to begin or end sessions of
/// the user waits. On SQLite the transaction itself holds everything.
///
/// # Errors
/// [`Refusal::Revoked`] when the user is no more.
pub async fn lock(db: &DatabaseTransaction, id: i64) -> Result<Model, Error> {
    let user = Entity::find_by_id(id).lock_exclusive().one(db).await?;
    user.ok_or(Error::Refused(Refusal::Revoked(Reason::AccountDeletion)))
}

/// The user, held likewise, if their password is still the one that was verified and they were not disabled
/// meanwhile.
///
/// # Errors
/// [`Refusal::Revoked`] when the user is no more.
pub async fn lock_unchanged(db: &DatabaseTransaction, verified: &Model) -> Result<Option<Model>, Error> {
    let user = lock(db, verified.id).await?;
    Ok((user.password_hash == verified.password_hash && user.may_sign_in()).then_some(user))
}

/// The user whose name has the same key as `name`. What no user can be called is not looked up.
///
/// # Errors
/// When the database fails.
pub async fn find_by_username(db: &impl ConnectionTrait, name: &str) -> Result<Option<Model>, Error> {
    let Ok(name) = Username::parse(name) else { return Ok(None) };
    Ok(Entity::find().filter(COLUMN.username_key.eq(name.key())).one(db).await?)
}

/// At most `limit` users whose ids come after `after`, in their order.
///
/// # Errors
/// When the database fails.
pub async fn page(db: &impl ConnectionTrait, after: i64, limit: u64) -> Result<Vec<Model>, Error> {
    Ok(Entity::find().filter(COLUMN.id.gt(after)).order_by_asc(Column::Id).limit(limit).all(db).await?)
}

/// Inserts a user with the PHC string of their password.
///
/// # Errors
/// [`Error::UsernameTaken`] when someone has the name, or one that looks like it.
pub async fn create(
    db: &impl ConnectionTrait,
    username: &Username,
    password_hash: String,
    now: DateTime<Utc>,
) -> Result<Model, Error> {
    let newcomer = Newcomer { username: username.clone(), password_hash, created_at: now };
    newcomer.row(now).insert(db).await.map_err(taken)
}

/// A user to be: new, or brought from elsewhere.
#[derive(Debug)]
pub struct Newcomer {
    /// The name, as typed.
    pub username: Username,
    /// A hash that [`StoredHash`](crate::auth::stored_hash::StoredHash) can read.
    pub password_hash: String,
    /// When the user signed up, here or there.
    pub created_at: DateTime<Utc>,
}

impl Newcomer {
    fn row(&self, now: DateTime<Utc>) -> ActiveModel {
        ActiveModel {
            username: Set(self.username.as_str().to_owned()),
            username_key: Set(self.username.key()),
            username_skeleton: Set(self.username.skeleton()),
            password_hash: Set(self.password_hash.clone()),
            created_at: Set(ChronoUnixTimestampMillis(self.created_at)),
            updated_at: Set(ChronoUnixTimestampMillis(now)),
            ..Default::default()
        }
    }
}

/// Inserts several users at once, or none.
///
/// # Errors
/// [`Error::UsernameTaken`] when one of the names, or one that looks like it, is taken.
pub async fn create_all(db: &impl ConnectionTrait, newcomers: &[&Newcomer], now: DateTime<Utc>) -> Result<(), Error> {
    let rows = newcomers.iter().map(|newcomer| newcomer.row(now));
    if !newcomers.is_empty() {
        Entity::insert_many(rows).exec_without_returning(db).await.map_err(taken)?;
    }
    Ok(())
}

/// Those users whose keys or skeletons are among the ones that these names have.
///
/// # Errors
/// When the database fails.
pub async fn taken_by_others(db: &impl ConnectionTrait, newcomers: &[&Newcomer]) -> Result<Taken, Error> {
    let names = || newcomers.iter().map(|newcomer| &newcomer.username);
    let wanted = Condition::any()
        .add(COLUMN.username_key.is_in(names().map(Username::key)))
        .add(COLUMN.username_skeleton.is_in(names().map(Username::skeleton)));
    let users = Entity::find().filter(wanted).all(db).await?;
    let names = users.iter().flat_map(|user| [user.username_key.clone(), user.username_skeleton.clone()]).collect();
    Ok(Taken { names, users: users.into_iter().map(|user| (user.username_key.clone(), user)).collect() })
}

/// Users, and the names that nobody else can have because of them.
#[derive(Debug, Default)]
pub struct Taken {
    /// Keys and skeletons.
    names: HashSet<String>,
    /// By their keys.
    users: HashMap<String, Model>,
}

impl Taken {
    /// Whether nobody can have this name besides those users.
    #[must_use]
    pub fn holds(&self, name: &Username) -> bool {
        self.names.contains(&name.key()) || self.names.contains(&name.skeleton())
    }

    /// The user of this very name.
    #[must_use]
    pub fn user(&self, name: &Username) -> Option<&Model> {
        self.users.get(&name.key())
    }
}

/// Which of these users there still are.
///
/// # Errors
/// When the database fails.
pub async fn still_there(db: &impl ConnectionTrait, ids: &HashSet<i64>) -> Result<HashSet<i64>, Error> {
    Ok(ids_of(ids).into_tuple().all(db).await?.into_iter().collect())
}

/// The same, held until the transaction ends: nobody else brings what is theirs meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn hold(db: &DatabaseTransaction, ids: &HashSet<i64>) -> Result<HashSet<i64>, Error> {
    // Each in the same order, so that two who hold several do not wait for each other.
    let held = ids_of(ids).order_by_asc(Column::Id).lock_exclusive();
    Ok(held.into_tuple().all(db).await?.into_iter().collect())
}

fn ids_of(ids: &HashSet<i64>) -> Select<Entity> {
    Entity::find().select_only().column(Column::Id).filter(COLUMN.id.is_in(ids.iter().copied()))
}

impl Model {
    /// Whether the user may begin a session; to be asked after their password was compared, so that nobody is
    /// told by the time it takes.
    #[must_use]
    pub fn may_sign_in(&self) -> bool {
        self.disabled_at.is_none()
    }

    /// Keeps the user out, from `now` on unless they are out already; their sessions are to be ended in the
    /// same transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn disable(self, db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Self, Error> {
        if !self.may_sign_in() {
            return Ok(self);
        }
        let mut user = self.into_active_model();
        user.disabled_at = Set(Some(ChronoUnixTimestampMillis(now)));
        Ok(user.update(db).await?)
    }

    /// Lets the user in again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enable(self, db: &impl ConnectionTrait) -> Result<Self, Error> {
        let mut user = self.into_active_model();
        user.disabled_at = Set(None);
        Ok(user.update(db).await?)
    }

    /// Gives the user another password, as its PHC string.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn change_password(
        self,
        db: &impl ConnectionTrait,
        password_hash: String,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        let mut user = self.into_active_model();
        user.password_hash = Set(password_hash);
        user.updated_at = Set(ChronoUnixTimestampMillis(now));
        Ok(user.update(db).await?)
    }

    /// Stores another hash of the same password. That is no change a user would know of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew_hash(self, db: &impl ConnectionTrait, password_hash: String) -> Result<Self, Error> {
        let renewed = Entity::update_many().col_expr(Column::PasswordHash, password_hash.clone().into());
        let unchanged = renewed.filter(COLUMN.id.eq(self.id)).filter(COLUMN.password_hash.eq(&self.password_hash));
        unchanged.exec(db).await?;
        Ok(Self { password_hash, ..self })
    }

    /// Deletes the user, with all that is theirs and their sessions.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(self, db: &impl ConnectionTrait) -> Result<(), Error> {
        ModelTrait::delete(self, db).await?;
        Ok(())
    }

    /// Gives the user another name.
    ///
    /// # Errors
    /// [`Error::UsernameTaken`] when someone else has the name, or one that looks like it.
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
        user.update(db).await.map_err(taken)
    }
}

/// The name's key and its skeleton are the only unique columns, so a violation can mean nothing else.
fn taken(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::UsernameTaken,
        _ => error.into(),
    }
}
