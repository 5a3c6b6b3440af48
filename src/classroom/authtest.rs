//! `/authtest/*`: a user's items, by the names of the course.
//!
//! What is not there, or not the caller's, is `null`: the course's page writes whatever else it gets into a field.

use axum::Json as Reply;
use axum::extract::State;

use super::body::Item;
use super::views::{Authtest, Wrapped};
use super::{REMOVED, newest};
use crate::app::App;
use crate::auth::token::Session;
use crate::error::Error;
use crate::extract::{Id, Json};
use crate::models::item;
use crate::models::item_name::ItemName;
use crate::models::page::Listing;
use crate::models::version::Expected;

pub(super) async fn list(State(app): State<App>, session: Session) -> Result<Reply<Vec<Authtest>>, Error> {
    let (items, _) = item::page(&app.db, session.user_id, &newest(Listing::Items)).await?;
    Ok(Reply(items.iter().rev().map(Authtest::from).collect()))
}

pub(super) async fn create(
    State(app): State<App>,
    session: Session,
    Json(Item(name)): Json<Item<ItemName>>,
) -> Result<Reply<Wrapped<Authtest>>, Error> {
    let transaction = app.begin_write().await?;
    let item = item::create(&*transaction, session.user_id, &name, app.clock.now()).await?;
    transaction.commit().await?;
    Ok(Reply(Wrapped { authtestdata: Authtest::from(&item) }))
}

pub(super) async fn show(
    State(app): State<App>,
    session: Session,
    id: Result<Id, Error>,
) -> Result<Reply<Option<Authtest>>, Error> {
    let Some(Id(id)) = or_nothing(id)? else { return Ok(Reply(None)) };
    let item = or_nothing(item::find(&app.db, session.user_id, id).await)?;
    Ok(Reply(item.as_ref().map(Authtest::from)))
}

pub(super) async fn update(
    State(app): State<App>,
    session: Session,
    id: Result<Id, Error>,
    Json(Item(name)): Json<Item<ItemName>>,
) -> Result<Reply<Option<Wrapped<String>>>, Error> {
    let Some(Id(id)) = or_nothing(id)? else { return Ok(Reply(None)) };
    let transaction = app.begin_write().await?;
    let found = item::lock(&transaction, (session.user_id, id), &Expected::Any).await;
    let Some(item) = or_nothing(found)? else { return Ok(Reply(None)) };
    let item = item.rename(&*transaction, &name, app.clock.now()).await?;
    transaction.commit().await?;
    Ok(Reply(Some(Wrapped { authtestdata: item.name })))
}

/// Afterwards it is not there; whether it was, the course does not say.
pub(super) async fn delete(
    State(app): State<App>,
    session: Session,
    id: Result<Id, Error>,
) -> Result<&'static str, Error> {
    let Some(Id(id)) = or_nothing(id)? else { return Ok(REMOVED) };
    let transaction = app.begin_write().await?;
    if let Some(item) = or_nothing(item::lock(&transaction, (session.user_id, id), &Expected::Any).await)? {
        item.delete(&*transaction).await?;
        transaction.commit().await?;
    }
    Ok(REMOVED)
}

fn or_nothing<T>(found: Result<T, Error>) -> Result<Option<T>, Error> {
    match found {
        Err(Error::NotFound) => Ok(None),
        found => found.map(Some),
    }
}
