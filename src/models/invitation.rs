//! Invitations to sign up. The table has only hashes of the codes.
//!
//! Schema: `migration/src/m20261129_000015_invitations.rs`.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{ExprTrait as _, QueryOrder};

use crate::error::Error;
use crate::types::InvitationId;
use crate::types::role::Roles;
use crate::types::secret_code::SecretCode;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: InvitationId,
    /// The [`SecretCode::hash`] of the code.
    #[sea_orm(unique)]
    pub code_hash: String,
    /// The names of the roles that a new user gets, separated by commas.
    pub roles: String,
    /// A text for the operator.
    pub note: Option<String>,
    pub max_uses: i64,
    /// The number of users who signed up with this invitation.
    pub uses: i64,
    pub created_at: ChronoUnixTimestampMillis,
    pub expires_at: ChronoUnixTimestampMillis,
    pub revoked_at: Option<ChronoUnixTimestampMillis>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A new invitation.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    pub max_uses: i64,
    pub roles: Roles,
    pub note: Option<String>,
    pub expires_at: DateTime<Utc>,
}

/// Whether an invitation can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usability {
    Usable,
    Revoked,
    Expired,
    UsedUp,
}

/// Inserts an invitation with this code.
pub async fn create(
    db: &impl ConnectionTrait,
    code: &SecretCode,
    new: NewInvitation,
    now: DateTime<Utc>,
) -> Result<Model, Error> {
    let row = ActiveModel {
        code_hash: Set(code.hash()),
        roles: Set(new.roles.as_str().to_owned()),
        note: Set(new.note),
        max_uses: Set(new.max_uses),
        uses: Set(0),
        created_at: Set(ChronoUnixTimestampMillis(now)),
        expires_at: Set(ChronoUnixTimestampMillis(new.expires_at)),
        ..Default::default()
    };
    Ok(row.insert(db).await?)
}

/// Returns the invitation with this code.
pub async fn find(db: &impl ConnectionTrait, code: &SecretCode) -> Result<Option<Model>, Error> {
    Ok(Entity::find().filter(COLUMN.code_hash.eq(code.hash())).one(db).await?)
}

pub async fn find_by_id(db: &impl ConnectionTrait, id: InvitationId) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(id).one(db).await?)
}

/// Returns all invitations, newest first.
pub async fn list(db: &impl ConnectionTrait) -> Result<Vec<Model>, Error> {
    Ok(Entity::find().order_by_desc(Column::Id).all(db).await?)
}

/// Counts one use, if the invitation is still usable. Call this function in the transaction that creates the user, so
/// that a failed sign-up uses up nothing. Returns `false` if the invitation is no longer usable.
pub async fn use_up(db: &impl ConnectionTrait, id: InvitationId, now: DateTime<Utc>) -> Result<bool, Error> {
    let counted = Entity::update_many()
        .col_expr(Column::Uses, Expr::col(Column::Uses).add(1))
        .filter(COLUMN.id.eq(id))
        .filter(Expr::col(Column::Uses).lt(Expr::col(Column::MaxUses)))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(now.timestamp_millis()))
        .exec(db)
        .await?;
    Ok(counted.rows_affected > 0)
}

/// Revokes an invitation. Returns `false` if no invitation has this id. An invitation that was revoked before stays
/// unchanged.
pub async fn revoke(db: &impl ConnectionTrait, id: InvitationId, now: DateTime<Utc>) -> Result<bool, Error> {
    let Some(found) = Entity::find_by_id(id).one(db).await? else { return Ok(false) };
    if found.revoked_at.is_none() {
        let revoked = Entity::update_many().col_expr(Column::RevokedAt, now.timestamp_millis().into());
        revoked.filter(COLUMN.id.eq(id)).exec(db).await?;
    }
    Ok(true)
}

impl Model {
    #[must_use]
    pub fn usability(&self, now: DateTime<Utc>) -> Usability {
        if self.revoked_at.is_some() {
            Usability::Revoked
        } else if self.expires_at.0 <= now {
            Usability::Expired
        } else if self.uses >= self.max_uses {
            Usability::UsedUp
        } else {
            Usability::Usable
        }
    }

    #[must_use]
    pub fn roles(&self) -> Roles {
        Roles::from_stored(&self.roles)
    }
}
