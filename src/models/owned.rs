//! Tables of rows that belong to users. Every finder and command requires the id of the owner.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Asterisk;
use sea_orm::{ExprTrait as _, IntoActiveModel, PrimaryKeyTrait, QuerySelect, Select, SqlErr};

use super::page::{self, Cursor, Listing, PageRequest};
use super::user;
use crate::auth::revocation::reason::Reason;
use crate::auth::token::refusal::Refusal;
use crate::error::Error;
use crate::platform::database::Transaction;
use crate::types::version::Expected;
use crate::types::{UserId, ValidationError};

/// A table of rows that belong to users.
pub trait Owned:
    EntityTrait<
        Model: IntoActiveModel<Self::ActiveModel> + Sync,
        ActiveModel: Send,
        PrimaryKey: PrimaryKeyTrait<ValueType = Self::Id>,
    >
{
    type Id: Copy + Into<Value> + Send;
    /// The content of a new row.
    type Content: Clone + Into<Self::Changes>;
    /// The content of a row to change.
    type Changes;

    const LISTING: Listing;
    const COLUMNS: Columns<Self::Column>;

    fn values(row: &Self::Model) -> Values<'_>;

    /// Sets the content of a row, and its text key.
    fn write(changes: &Self::Changes, row: &mut Self::ActiveModel);

    /// Returns the text key of a text to search for.
    fn search_key(text: &str) -> Result<String, ValidationError>;
}

/// The columns that all these tables have.
pub struct Columns<C> {
    pub id: C,
    pub owner_id: C,
    pub created_at: C,
    pub updated_at: C,
    /// Starts at 1. Each change adds 1.
    pub version: C,
    /// For sorting and searching.
    pub text: C,
}

/// Values of a row in [`Columns`].
pub struct Values<'a> {
    pub id: i64,
    pub created_at: DateTime<Utc>,
    pub version: i64,
    pub text: &'a str,
}

/// A row to insert. An imported row keeps the times that it had in its source.
#[derive(Clone, Debug)]
pub struct NewRow<T> {
    pub owner_id: UserId,
    pub content: T,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

fn active_model<E: Owned>(row: &NewRow<E::Content>) -> E::ActiveModel {
    let mut model = E::ActiveModel::default();
    E::write(&row.content.clone().into(), &mut model);
    model.set(E::COLUMNS.owner_id, row.owner_id.into());
    model.set(E::COLUMNS.created_at, ChronoUnixTimestampMillis(row.created_at).into());
    model.set(E::COLUMNS.updated_at, ChronoUnixTimestampMillis(row.updated_at).into());
    model.set(E::COLUMNS.version, 1_i64.into());
    model
}

fn owned_by<E: Owned>(owner_id: UserId) -> Select<E> {
    E::find().filter(E::COLUMNS.owner_id.eq(owner_id))
}

/// Returns the owner's row with this id.
///
/// # Errors
/// [`Error::NotFound`], also if the row belongs to another user.
pub async fn find<E: Owned>(db: &impl ConnectionTrait, owner_id: UserId, id: E::Id) -> Result<E::Model, Error> {
    owned_by::<E>(owner_id).filter(E::COLUMNS.id.eq(id)).one(db).await?.ok_or(Error::NotFound)
}

/// Returns a page of the owner's rows, and the cursor of the next page if there is one.
pub async fn page<E: Owned>(
    db: &impl ConnectionTrait,
    owner_id: UserId,
    request: &PageRequest,
) -> Result<(Vec<E::Model>, Option<Cursor>), Error> {
    page::find(db, owned_by::<E>(owner_id), request).await
}

/// Inserts a row, unless the owner has the maximum number. Locks the owner first, because concurrent requests could exceed
/// the maximum together.
///
/// # Errors
/// [`Error::QuotaExceeded`], or [`Refusal::Revoked`] if the owner was deleted.
pub async fn create<E: Owned>(
    db: &Transaction,
    owner_id: UserId,
    content: E::Content,
    now: DateTime<Utc>,
    max: u32,
) -> Result<E::Model, Error> {
    user::lock(db, owner_id).await?;
    let count = owned_by::<E>(owner_id).select_only().expr(Expr::col(Asterisk).count());
    if count.into_tuple::<i64>().one(db).await?.unwrap_or(0) >= i64::from(max) {
        return Err(Error::QuotaExceeded);
    }
    let row = NewRow { owner_id, content, created_at: now, updated_at: now };
    active_model::<E>(&row).insert(db).await.map_err(owner_error)
}

/// Inserts an imported row and returns its id.
///
/// # Errors
/// [`Refusal::Revoked`] if the owner was deleted.
pub async fn import<E: Owned>(db: &impl ConnectionTrait, row: &NewRow<E::Content>) -> Result<E::Id, Error> {
    let inserted = E::insert(active_model::<E>(row)).exec(db).await;
    Ok(inserted.map_err(owner_error)?.last_insert_id)
}

/// A foreign key violation means that the owner was deleted: the tables have no other foreign key.
fn owner_error(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => Refusal::Revoked(Reason::AccountDeletion).into(),
        _ => error.into(),
    }
}

/// Returns the owner's row with this id, locked until the transaction ends.
async fn lock<E: Owned>(db: &Transaction, owner_id: UserId, id: E::Id, expected: &Expected) -> Result<E::Model, Error> {
    let found = owned_by::<E>(owner_id).filter(E::COLUMNS.id.eq(id)).lock_exclusive().one(db).await?;
    let row = found.ok_or(Error::NotFound)?;
    expected.check(E::values(&row).version)?;
    Ok(row)
}

/// Changes the owner's row with this id.
///
/// # Errors
/// [`Error::NotFound`], also if the row belongs to another user, or [`Error::PreconditionFailed`] if its version is not
/// expected.
pub async fn change<E: Owned>(
    db: &Transaction,
    owner_id: UserId,
    id: E::Id,
    expected: &Expected,
    changes: &E::Changes,
    now: DateTime<Utc>,
) -> Result<E::Model, Error> {
    let row = lock::<E>(db, owner_id, id, expected).await?;
    let version = E::values(&row).version + 1;
    let mut row = row.into_active_model();
    E::write(changes, &mut row);
    row.set(E::COLUMNS.updated_at, ChronoUnixTimestampMillis(now).into());
    row.set(E::COLUMNS.version, version.into());
    Ok(row.update(db).await?)
}

/// Deletes the owner's row with this id.
///
/// # Errors
/// Those of [`change`].
pub async fn delete<E: Owned>(db: &Transaction, owner_id: UserId, id: E::Id, expected: &Expected) -> Result<(), Error> {
    lock::<E>(db, owner_id, id, expected).await?.delete(db).await?;
    Ok(())
}
