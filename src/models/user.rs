//! Users: who signs in.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, SqlErr};

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
    /// What makes the name unique: normalised, case-folded.
    #[sea_orm(unique)]
    pub username_key: String,
    /// A PHC string.
    pub password_hash: String,
    /// When the user signed up.
    pub created_at: ChronoUnixTimestampMillis,
    /// When the user's name or password last changed.
    pub updated_at: ChronoUnixTimestampMillis,
}

impl ActiveModelBehavior for ActiveModel {}

/// The user a session belongs to.
///
/// # Errors
/// [`Refusal::Revoked`]: a user who is no more has no session either.
pub async fn of_session(db: &impl ConnectionTrait, session: &Session) -> Result<Model, Error> {
    Entity::find_by_id(session.user_id).one(db).await?.ok_or(Error::Refused(Refusal::Revoked))
}

/// The user whose name has the same key as `name`. What no user can be called is not looked up.
///
/// # Errors
/// When the database fails.
pub async fn find_by_username(db: &impl ConnectionTrait, name: &str) -> Result<Option<Model>, Error> {
    let Ok(name) = Username::parse(name) else { return Ok(None) };
    Ok(Entity::find().filter(COLUMN.username_key.eq(name.key())).one(db).await?)
}

/// Inserts a user with the PHC string of their password.
///
/// # Errors
/// [`Error::UsernameTaken`] when the name's key belongs to someone.
pub async fn create(
    db: &impl ConnectionTrait,
    username: &Username,
    password_hash: String,
    now: DateTime<Utc>,
) -> Result<Model, Error> {
    let user = ActiveModel {
        username: Set(username.as_str().to_owned()),
        username_key: Set(username.key()),
        password_hash: Set(password_hash),
        created_at: Set(ChronoUnixTimestampMillis(now)),
        updated_at: Set(ChronoUnixTimestampMillis(now)),
        ..Default::default()
    };
    user.insert(db).await.map_err(taken)
}

impl Model {
    /// Gives the user another name.
    ///
    /// # Errors
    /// [`Error::UsernameTaken`] when the name's key belongs to someone else.
    pub async fn rename(
        self,
        db: &impl ConnectionTrait,
        username: &Username,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        let mut user = self.into_active_model();
        user.username = Set(username.as_str().to_owned());
        user.username_key = Set(username.key());
        user.updated_at = Set(ChronoUnixTimestampMillis(now));
        user.update(db).await.map_err(taken)
    }
}

/// The name's key is the only unique column, so a violation can mean nothing else.
fn taken(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::UsernameTaken,
        _ => error.into(),
    }
}
