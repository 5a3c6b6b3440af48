//! Variables in the database: a row for each session that has any, held while it is changed.

use super::Place;
use crate::app::Parts;
use crate::error::Error;
use crate::models::bag::Bag;
use crate::models::session_variables;

/// How often a change is tried that other replicas are in the way of: the first write of a session, once.
const TRIES: u32 = 5;

pub(super) async fn read(app: &Parts, place: Place<'_>) -> Result<Bag, Error> {
    match session_variables::find(&app.db, place.session).await? {
        Some(row) => row.bag(),
        None => Ok(Bag::default()),
    }
}

pub(super) async fn change<T>(
    app: &Parts,
    place: Place<'_>,
    change: impl Fn(&mut Bag) -> Result<T, Error>,
) -> Result<T, Error> {
    for _ in 0..TRIES {
        let changed = match session_variables::find(&app.db, place.session).await? {
            None => first_change(app, place, &change).await?,
            Some(_) => next_change(app, place, &change).await?,
        };
        if let Some(outcome) = changed {
            return Ok(outcome);
        }
    }
    Err(Error::Busy)
}

/// Inserts the row; none if another replica did so meanwhile. Asking MySQL to hold a row that is not there would
/// hold the gap, and two who hold it could not insert.
async fn first_change<T>(
    app: &Parts,
    place: Place<'_>,
    change: impl Fn(&mut Bag) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let mut bag = Bag::default();
    let outcome = change(&mut bag)?;
    let transaction = app.begin_write().await?;
    if !session_variables::create(&*transaction, place.session, &bag, place.ends_at).await? {
        return Ok(None);
    }
    transaction.commit().await?;
    Ok(Some(outcome))
}

/// Changes the row; none if it went meanwhile.
async fn next_change<T>(
    app: &Parts,
    place: Place<'_>,
    change: impl Fn(&mut Bag) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let transaction = app.begin_write().await?;
    let Some(row) = session_variables::lock(&transaction, place.session).await? else { return Ok(None) };
    let mut bag = row.bag()?;
    let outcome = change(&mut bag)?;
    row.save(&*transaction, &bag).await?;
    transaction.commit().await?;
    Ok(Some(outcome))
}
