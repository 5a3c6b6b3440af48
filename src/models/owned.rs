//! Tables whose rows belong to users. Every finder and command requires the owner's id.

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

/// A table whose rows belong to users.
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
    /// The changes to the content of a row.
    type Changes;

    const LISTING: Listing;
    const COLUMNS: Columns<Self::Column>;

    fn values(row: &Self::Model) -> Values<'_>;

    /// Writes the changes to a row, and updates its text key.
    fn write(changes: &Self::Changes, row: &mut Self::ActiveModel);

    /// Returns the text key of a search text.
    fn search_key(text: &str) -> Result<String, ValidationError>;
}

/// The columns that every table with an owner has.
pub struct Columns<C> {
    pub id: C,
    pub owner_id: C,
    pub created_at: C,
    pub updated_at: C,
    /// The version of the row. It starts at 1, and each change adds 1.
    pub version: C,
    /// The text key, by which rows are sorted and searched.
    pub text: C,
}

/// The values of a row in some of the [`Columns`].
pub struct Values<'a> {
    pub id: i64,
    pub created_at: DateTime<Utc>,
    pub version: i64,
    pub text: &'a str,
}

/// A row to insert. An imported row keeps the times from its source.
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
/// [`Error::NotFound`] if the owner has no row with this id.
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

/// Inserts a row, unless the owner already has `max` rows. Locks the owner first, so that concurrent requests cannot
/// exceed the maximum together.
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

/// Converts the error of an insert. A foreign key violation means that the owner was deleted, because these tables have
/// no other foreign key.
fn owner_error(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => Refusal::Revoked(Reason::AccountDeletion).into(),
        _ => error.into(),
    }
}

/// Returns the owner's row with this id, locked until the transaction ends. Checks the version of the row.
async fn lock<E: Owned>(db: &Transaction, owner_id: UserId, id: E::Id, expected: &Expected) -> Result<E::Model, Error> {
    let found = owned_by::<E>(owner_id).filter(E::COLUMNS.id.eq(id)).lock_exclusive().one(db).await?;
    let row = found.ok_or(Error::NotFound)?;
    expected.check(E::values(&row).version)?;
    Ok(row)
}

/// Changes the owner's row with this id.
///
/// # Errors
/// [`Error::NotFound`] if the owner has no row with this id, and [`Error::PreconditionFailed`] if the row does not have
/// an expected version.
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
/// The same as [`change`].
pub async fn delete<E: Owned>(db: &Transaction, owner_id: UserId, id: E::Id, expected: &Expected) -> Result<(), Error> {
    lock::<E>(db, owner_id, id, expected).await?.delete(db).await?;
    Ok(())
}
