//! Tables whose rows expire, and the deletion of expired rows in batches.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect, TryGetable};

use crate::error::Error;

/// A table whose rows expire.
pub trait Expires: EntityTrait {
    /// The type of the primary key.
    type Key: TryGetable + Into<Value> + Send;
    /// The column of the primary key.
    const KEY: Self::Column;
    /// The column with the time at which a row expires.
    const EXPIRES_AT: Self::Column;
    /// Whether the row with the highest key is kept even if it has expired.
    const KEEPS_NEWEST: bool = false;
}

/// Returns the keys of at most `limit` rows that expire no later than `before`, ordered by expiry.
pub async fn expired<E: Expires>(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<E::Key>, Error> {
    let keys = || E::find().select_only().column(E::KEY);
    let mut expired = keys().filter(E::EXPIRES_AT.lte(before.timestamp_millis()));
    if E::KEEPS_NEWEST {
        let newest: Option<E::Key> = keys().order_by_desc(E::KEY).into_tuple().one(db).await?;
        let Some(newest) = newest else { return Ok(Vec::new()) };
        expired = expired.filter(E::KEY.ne(newest));
    }
    Ok(expired.order_by_asc(E::EXPIRES_AT).limit(limit).into_tuple().all(db).await?)
}

/// Deletes the rows with these keys, except those that expire after `before`. On MySQL, a statement without the keys
/// would also lock other rows.
pub async fn delete<E: Expires>(
    db: &impl ConnectionTrait,
    keys: Vec<E::Key>,
    before: DateTime<Utc>,
) -> Result<(), Error> {
    let expired = E::EXPIRES_AT.lte(before.timestamp_millis());
    E::delete_many().filter(E::KEY.is_in(keys)).filter(expired).exec(db).await?;
    Ok(())
}
