//! Creates, changes and deletes a user's items and workout logs. Each function runs one transaction.

use crate::app::AppState;
use crate::auth::token::Session;
use crate::error::Error;
use crate::models::owned::Owned;
use crate::models::{owned, test_row};
use crate::types::version::Expected;
use crate::types::workout_text::Detail;

/// # Errors
/// [`Error::QuotaExceeded`].
pub async fn create<E: Owned>(app: &AppState, session: &Session, content: E::Content) -> Result<E::Model, Error> {
    let transaction = app.db.begin_write().await?;
    let max = app.config.limits.max_items;
    let row = owned::create::<E>(&transaction, session.user_id, content, app.clock.now(), max).await?;
    transaction.commit().await?;
    Ok(row)
}

/// # Errors
/// [`Error::NotFound`] if the user has no row with this id, and [`Error::PreconditionFailed`] if the row does not have
/// an expected version.
pub async fn change<E: Owned>(
    app: &AppState,
    session: &Session,
    id: E::Id,
    expected: &Expected,
    changes: &E::Changes,
) -> Result<E::Model, Error> {
    let transaction = app.db.begin_write().await?;
    let row = owned::change::<E>(&transaction, session.user_id, id, expected, changes, app.clock.now()).await?;
    transaction.commit().await?;
    Ok(row)
}

/// # Errors
/// The same as [`change`].
pub async fn delete<E: Owned>(app: &AppState, session: &Session, id: E::Id, expected: &Expected) -> Result<(), Error> {
    let transaction = app.db.begin_write().await?;
    owned::delete::<E>(&transaction, session.user_id, id, expected).await?;
    Ok(transaction.commit().await?)
}

/// Inserts a row into the course's table `tests`. Its rows have no owner.
pub async fn create_test_row(app: &AppState, text: &Detail) -> Result<test_row::Model, Error> {
    let transaction = app.db.begin_write().await?;
    let row = test_row::create(&transaction, text.as_str(), None, app.clock.now()).await?;
    transaction.commit().await?;
    Ok(row)
}
