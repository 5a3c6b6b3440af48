//! Messages to send. A request inserts a row, and a job of any replica sends the message and deletes the row.
//!
//! Schema: `migration/src/m20261129_000019_outbox.rs`.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, ExprTrait as _, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};

use super::expiry::Expires;
use crate::error::Error;
use crate::platform::database::Transaction;
use crate::types::email::Email;
use crate::types::{MailId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: MailId,
    /// The user whom the message is about. Deleting the user deletes the row. `None` for the reset of a password,
    /// because the request does not look for the user.
    pub user_id: Option<UserId>,
    /// The [`Mail`] as JSON.
    #[sea_orm(column_type = "Text")]
    pub content: String,
    /// The number of attempts to send the message, including one in progress.
    pub attempts: i64,
    pub created_at: ChronoUnixTimestampMillis,
    /// When the message may be sent, or sent again. An attempt in progress moves it into the future.
    pub next_attempt_at: ChronoUnixTimestampMillis,
}

impl ActiveModelBehavior for ActiveModel {}

/// The purge deletes rows by their age, because no job sends them with `MAILER=none`.
impl Expires for Entity {
    type Key = MailId;
    const KEY: Column = Column::Id;
    const EXPIRES_AT: Column = Column::CreatedAt;
}

/// How long attempts to send a message continue.
pub const MAX_AGE: TimeDelta = TimeDelta::hours(24);

/// A message to send. It has no code: the code is created when the message is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Mail {
    /// Asks the user to verify a new address.
    VerifyEmail { to: Email },
    /// Notifies the previous address that it was replaced or removed.
    EmailChanged { to: Email },
    /// Sends a code that resets the password, if an account has this username or verified address.
    PasswordReset(AccountName),
}

/// The name of an account in the request for a reset. An account with this name may not exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountName {
    Username(String),
    Email(Email),
}

/// Inserts a message. Call this function in the transaction that makes the message necessary.
pub async fn create(
    db: &impl ConnectionTrait,
    user_id: Option<UserId>,
    mail: &Mail,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = ActiveModel {
        user_id: Set(user_id),
        content: Set(serde_json::to_string(mail).map_err(Error::fault)?),
        attempts: Set(0),
        created_at: Set(ChronoUnixTimestampMillis(now)),
        next_attempt_at: Set(ChronoUnixTimestampMillis(now)),
        ..Default::default()
    };
    Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Returns at most `limit` messages that may be sent now, oldest first.
pub async fn due(db: &impl ConnectionTrait, now: DateTime<Utc>, limit: u64) -> Result<Vec<Model>, Error> {
    let due = Entity::find().filter(Column::NextAttemptAt.lte(now.timestamp_millis()));
    Ok(due.order_by_asc(Column::NextAttemptAt).order_by_asc(Column::Id).limit(limit).all(db).await?)
}

/// Deletes the messages about a user that are newer than the message `after`.
pub async fn delete_newer(db: &impl ConnectionTrait, user_id: UserId, after: MailId) -> Result<(), Error> {
    let newer = Entity::delete_many().filter(COLUMN.user_id.eq(user_id)).filter(COLUMN.id.gt(after));
    newer.exec(db).await?;
    Ok(())
}

/// Returns the messages about a user, oldest first.
pub async fn list(db: &impl ConnectionTrait, user_id: UserId) -> Result<Vec<Model>, Error> {
    Ok(Entity::find().filter(COLUMN.user_id.eq(user_id)).order_by_asc(Column::Id).all(db).await?)
}

impl Model {
    /// Returns the message.
    ///
    /// # Errors
    /// [`Error::Fault`] if another release wrote a message that this one cannot read.
    pub fn mail(&self) -> Result<Mail, Error> {
        serde_json::from_str(&self.content).map_err(Error::fault)
    }

    /// Reserves the message until `until`, so that no other replica sends it. Returns the reserved row, or `None` if
    /// another replica reserved the message first.
    pub async fn claim(self, db: &impl ConnectionTrait, until: DateTime<Utc>) -> Result<Option<Self>, Error> {
        let claimed = Entity::update_many()
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
            .col_expr(Column::NextAttemptAt, until.timestamp_millis().into())
            .filter(self.unchanged())
            .exec(db)
            .await?;
        Ok((claimed.rows_affected > 0).then_some(Self {
            attempts: self.attempts + 1,
            next_attempt_at: ChronoUnixTimestampMillis(until),
            ..self
        }))
    }

    /// Selects the message, unless another replica claimed it since this row was read. Each claim adds one attempt.
    fn unchanged(&self) -> Condition {
        Condition::all().add(COLUMN.id.eq(self.id)).add(COLUMN.attempts.eq(self.attempts))
    }

    /// Locks the row. Returns `false` if the message was deleted or another replica claimed it in the meantime.
    pub async fn lock(&self, db: &Transaction) -> Result<bool, Error> {
        let claimed = Entity::find().filter(self.unchanged());
        Ok(claimed.lock_exclusive().one(db).await?.is_some())
    }

    /// Sets the time of the next attempt, unless another replica claimed the message.
    pub async fn postpone(&self, db: &impl ConnectionTrait, until: DateTime<Utc>) -> Result<(), Error> {
        let postponed = Entity::update_many().col_expr(Column::NextAttemptAt, until.timestamp_millis().into());
        postponed.filter(self.unchanged()).exec(db).await?;
        Ok(())
    }

    /// Deletes the message, unless another replica claimed it.
    pub async fn delete(&self, db: &impl ConnectionTrait) -> Result<(), Error> {
        Entity::delete_many().filter(self.unchanged()).exec(db).await?;
        Ok(())
    }
}
