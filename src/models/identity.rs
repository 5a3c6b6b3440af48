//! Identities: accounts of users at providers.
//!
//! Schema: `migration/src/m20261129_000020_identities.rs`.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel as _, QueryOrder as _, Select, SqlErr};

use crate::error::Error;
use crate::types::identity_key::IdentityKey;
use crate::types::provider_name::ProviderName;
use crate::types::{IdentityId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identities")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: IdentityId,
    pub user_id: UserId,
    /// The name of the provider in the settings.
    pub provider: String,
    /// The [`IdentityKey::hash`].
    #[sea_orm(unique)]
    pub key_hash: String,
    pub issuer: String,
    pub subject: String,
    pub created_at: ChronoUnixTimestampMillis,
    /// When the user last signed in with the identity.
    pub last_used_at: ChronoUnixTimestampMillis,
}

impl ActiveModelBehavior for ActiveModel {}

/// Returns the identity with this issuer and subject.
pub async fn find(db: &impl ConnectionTrait, key: &IdentityKey) -> Result<Option<Model>, Error> {
    Ok(Entity::find().filter(COLUMN.key_hash.eq(key.hash())).one(db).await?)
}

/// Returns the user's identity at a provider.
pub async fn find_of_user(
    db: &impl ConnectionTrait,
    user_id: UserId,
    provider: &ProviderName,
) -> Result<Option<Model>, Error> {
    Ok(owned_by(user_id).filter(COLUMN.provider.eq(provider.as_str())).one(db).await?)
}

/// Returns the user's identities, oldest first.
pub async fn list(db: &impl ConnectionTrait, user_id: UserId) -> Result<Vec<Model>, Error> {
    Ok(owned_by(user_id).order_by_asc(Column::Id).all(db).await?)
}

fn owned_by(user_id: UserId) -> Select<Entity> {
    Entity::find().filter(COLUMN.user_id.eq(user_id))
}

/// Inserts an identity of the user.
///
/// # Errors
/// [`Error::IdentityTaken`] if the identity belongs to a user, or this user has another one at the provider.
pub async fn create(
    db: &impl ConnectionTrait,
    user_id: UserId,
    provider: &ProviderName,
    key: &IdentityKey,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = ActiveModel {
        user_id: Set(user_id),
        provider: Set(provider.as_str().to_owned()),
        key_hash: Set(key.hash()),
        issuer: Set(key.issuer.clone()),
        subject: Set(key.subject.clone()),
        created_at: Set(ChronoUnixTimestampMillis(now)),
        last_used_at: Set(ChronoUnixTimestampMillis(now)),
        ..Default::default()
    };
    let inserted = Entity::insert(row).exec_without_returning(db).await;
    inserted.map_err(|error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::IdentityTaken,
        _ => error.into(),
    })?;
    Ok(())
}

/// Deletes all identities of the user.
pub async fn delete_all(db: &impl ConnectionTrait, user_id: UserId) -> Result<(), Error> {
    Entity::delete_many().filter(COLUMN.user_id.eq(user_id)).exec(db).await?;
    Ok(())
}

impl Model {
    /// Records a sign-in with the identity.
    pub async fn record_use(self, db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), Error> {
        let mut identity = self.into_active_model();
        identity.last_used_at = Set(ChronoUnixTimestampMillis(now));
        identity.update(db).await?;
        Ok(())
    }

    pub async fn delete(self, db: &impl ConnectionTrait) -> Result<(), Error> {
        ModelTrait::delete(self, db).await?;
        Ok(())
    }
}
