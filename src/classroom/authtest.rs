//! `/authtest/*`: the items of a user, under the names of the course.
//!
//! The response for an unknown item, or for another user's item, is `null`. The course's page would write any other
//! response into a field.

use axum::Json as Reply;
use axum::extract::State;

use super::body::Item;
use super::listing::NEWEST;
use super::views::{Authtest, REMOVED, Wrapped};
use crate::accounts::rows;
use crate::app::AppState;
use crate::auth::token::Session;
use crate::error::Error;
use crate::extract::{Id, Json};
use crate::models::{item, owned};
use crate::types::ItemId;
use crate::types::item_name::ItemName;
use crate::types::version::Expected;

pub(super) async fn list(State(app): State<AppState>, session: Session) -> Result<Reply<Vec<Authtest>>, Error> {
    let (items, _) = owned::page::<item::Entity>(&app.db, session.user_id, &NEWEST).await?;
    Ok(Reply(items.into_iter().rev().map(Authtest::from).collect()))
}

pub(super) async fn create(
    State(app): State<AppState>,
    session: Session,
    Json(Item(name)): Json<Item<ItemName>>,
) -> Result<Reply<Wrapped<Authtest>>, Error> {
    let item = rows::create::<item::Entity>(&app, &session, name).await?;
    Ok(Reply(Wrapped { authtestdata: Authtest::from(item) }))
}

pub(super) async fn show(
    State(app): State<AppState>,
    session: Session,
    id: Result<Id<ItemId>, Error>,
) -> Result<Reply<Option<Authtest>>, Error> {
    let Some(Id(id)) = or_null(id)? else { return Ok(Reply(None)) };
    let item = or_null(owned::find::<item::Entity>(&app.db, session.user_id, id).await)?;
    Ok(Reply(item.map(Authtest::from)))
}

pub(super) async fn update(
    State(app): State<AppState>,
    session: Session,
    id: Result<Id<ItemId>, Error>,
    Json(Item(name)): Json<Item<ItemName>>,
) -> Result<Reply<Option<Wrapped<String>>>, Error> {
    let Some(Id(id)) = or_null(id)? else { return Ok(Reply(None)) };
    let item = or_null(rows::change::<item::Entity>(&app, &session, id, &Expected::Any, &name).await)?;
    Ok(Reply(item.map(|item| Wrapped { authtestdata: item.name })))
}

/// Deletes an item. The response does not depend on whether the item existed, as in the course.
pub(super) async fn delete(
    State(app): State<AppState>,
    session: Session,
    id: Result<Id<ItemId>, Error>,
) -> Result<&'static str, Error> {
    let Some(Id(id)) = or_null(id)? else { return Ok(REMOVED) };
    or_null(rows::delete::<item::Entity>(&app, &session, id, &Expected::Any).await)?;
    Ok(REMOVED)
}

fn or_null<T>(found: Result<T, Error>) -> Result<Option<T>, Error> {
    match found {
        Err(Error::NotFound) => Ok(None),
        found => found.map(Some),
    }
}
