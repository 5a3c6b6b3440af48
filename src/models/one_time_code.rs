//! One-time codes that are sent to users. The table has only hashes of the codes.
//!
//! Schema: `migration/src/m20261129_000018_one_time_codes.rs`.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder as _, QuerySelect as _};

use super::expiry::Expires;
use crate::error::Error;
use crate::types::email::Email;
use crate::types::{CodeId, MailId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "one_time_codes")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: CodeId,
    pub user_id: UserId,
    /// The [`Purpose::code`].
    pub purpose: String,
    /// The hash of the code.
    #[sea_orm(unique)]
    pub code_hash: String,
    /// The address that the code verifies or restores.
    pub email: Option<String>,
    /// The message with the code. Each attempt to send a message creates a code. `None` for codes of the command line.
    pub mail_id: Option<MailId>,
    pub created_at: ChronoUnixTimestampMillis,
    pub expires_at: ChronoUnixTimestampMillis,
}

impl ActiveModelBehavior for ActiveModel {}

impl Expires for Entity {
    type Key = CodeId;
    const KEY: Column = Column::Id;
    const EXPIRES_AT: Column = Column::ExpiresAt;
}

/// What a code is for. A code is valid for one purpose only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Shows that the user reads the messages to an address.
    VerifyEmail,
    /// Restores the address that the user had before it was changed or removed.
    RestoreEmail,
    ResetPassword,
}

impl Purpose {
    pub const ALL: [Self; 3] = [Self::VerifyEmail, Self::RestoreEmail, Self::ResetPassword];

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::RestoreEmail => "restore-email",
            Self::ResetPassword => "reset-password",
        }
    }

    /// Returns how long a code is valid. A code that gives access to an account is valid for a short time only.
    #[must_use]
    pub const fn lifetime(self) -> TimeDelta {
        match self {
            Self::VerifyEmail => TimeDelta::hours(24),
            Self::RestoreEmail => TimeDelta::days(7),
            Self::ResetPassword => TimeDelta::minutes(30),
        }
    }
}

/// A new code.
#[derive(Clone, Debug)]
pub struct NewCode {
    pub user_id: UserId,
    pub purpose: Purpose,
    /// The hash of the code.
    pub hash: String,
    /// The address that the code verifies or restores.
    pub email: Option<Email>,
    /// The message with the code, if there is one.
    pub mail_id: Option<MailId>,
}

/// Inserts a code.
pub async fn create(db: &impl ConnectionTrait, new: NewCode, now: DateTime<Utc>) -> Result<(), Error> {
    let row = ActiveModel {
        user_id: Set(new.user_id),
        purpose: Set(new.purpose.code().to_owned()),
        code_hash: Set(new.hash),
        email: Set(new.email.map(|email| email.as_str().to_owned())),
        mail_id: Set(new.mail_id),
        created_at: Set(ChronoUnixTimestampMillis(now)),
        expires_at: Set(ChronoUnixTimestampMillis(now + new.purpose.lifetime())),
        ..Default::default()
    };
    Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Returns the unexpired code that has one of these hashes and one of these purposes.
pub async fn find(
    db: &impl ConnectionTrait,
    hashes: &[String],
    purposes: &[Purpose],
    now: DateTime<Utc>,
) -> Result<Option<Model>, Error> {
    let found = Entity::find()
        .filter(COLUMN.code_hash.is_in(hashes.iter().map(String::as_str)))
        .filter(COLUMN.purpose.is_in(purposes.iter().map(|purpose| purpose.code())))
        .filter(Column::ExpiresAt.gt(now.timestamp_millis()));
    Ok(found.one(db).await?)
}

/// Returns the unexpired codes of a user, oldest first.
pub async fn list(db: &impl ConnectionTrait, user_id: UserId, now: DateTime<Utc>) -> Result<Vec<Model>, Error> {
    let valid = Entity::find().filter(COLUMN.user_id.eq(user_id)).filter(Column::ExpiresAt.gt(now.timestamp_millis()));
    Ok(valid.order_by_asc(Column::Id).all(db).await?)
}

/// Returns how many messages with a code for this purpose the user got since `since`, without the message `except`. Used
/// codes are not counted.
pub async fn count_messages(
    db: &impl ConnectionTrait,
    user_id: UserId,
    purpose: Purpose,
    since: DateTime<Utc>,
    except: MailId,
) -> Result<usize, Error> {
    let codes = Entity::find().filter(COLUMN.user_id.eq(user_id)).filter(COLUMN.purpose.eq(purpose.code()));
    let recent = codes.filter(Column::CreatedAt.gte(since.timestamp_millis())).filter(COLUMN.mail_id.ne(except));
    let messages: Vec<Option<MailId>> =
        recent.select_only().column(Column::MailId).distinct().into_tuple().all(db).await?;
    Ok(messages.into_iter().flatten().count())
}

/// Deletes all codes of a user for these purposes.
pub async fn delete_all(db: &impl ConnectionTrait, user_id: UserId, purposes: &[Purpose]) -> Result<(), Error> {
    let codes = Entity::delete_many().filter(COLUMN.user_id.eq(user_id));
    codes.filter(COLUMN.purpose.is_in(purposes.iter().map(|purpose| purpose.code()))).exec(db).await?;
    Ok(())
}

/// Deletes the user's codes of messages that are newer than the message `after`. Messages are compared, not codes, because
/// a message that is sent again gets a new code.
pub async fn delete_newer(db: &impl ConnectionTrait, user_id: UserId, after: MailId) -> Result<(), Error> {
    let newer = Entity::delete_many().filter(COLUMN.user_id.eq(user_id)).filter(COLUMN.mail_id.gt(after));
    newer.exec(db).await?;
    Ok(())
}

/// Deletes the user's codes that verify an address other than `email`.
pub async fn delete_other_verifications(
    db: &impl ConnectionTrait,
    user_id: UserId,
    email: &Email,
) -> Result<(), Error> {
    let others = Entity::delete_many().filter(COLUMN.user_id.eq(user_id)).filter(COLUMN.email.ne(email.as_str()));
    others.filter(COLUMN.purpose.eq(Purpose::VerifyEmail.code())).exec(db).await?;
    Ok(())
}

/// Deletes the codes of all users that reset passwords.
pub async fn delete_resets(db: &impl ConnectionTrait) -> Result<(), Error> {
    let resets = Entity::delete_many().filter(COLUMN.purpose.eq(Purpose::ResetPassword.code()));
    resets.exec(db).await?;
    Ok(())
}

impl Model {
    #[must_use]
    pub fn is_for(&self, purpose: Purpose) -> bool {
        self.purpose == purpose.code()
    }

    #[must_use]
    pub fn email(&self) -> Option<Email> {
        self.email.as_deref().map(Email::from_stored)
    }

    /// Deletes the code in the transaction that uses it. Returns `false` if another request used it in the meantime.
    pub async fn use_up(&self, db: &impl ConnectionTrait) -> Result<bool, Error> {
        Ok(Entity::delete_by_id(self.id).exec(db).await?.rows_affected > 0)
    }
}
