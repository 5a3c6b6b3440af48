//! `/test/*` and `/api/test`: the lessons about plain routes, without authentication.

use axum::Json as Reply;
use axum::extract::State;
use serde::Serialize;

use super::body::Item;
use super::views::{ListedTestRow, TestRow, WrappedTestRow};
use crate::accounts::rows::create_test_row;
use crate::app::AppState;
use crate::error::Error;
use crate::extract::Json;
use crate::models::test_row;
use crate::types::workout_text::Detail;

/// A sample contact. The course does not specify the contacts.
#[derive(Serialize)]
pub(super) struct Contact {
    user: &'static str,
    email: &'static str,
}

const CONTACTS: [Contact; 4] = [
    Contact { user: "ada", email: "ada@example.com" },
    Contact { user: "grace", email: "grace@example.com" },
    Contact { user: "alan", email: "alan@example.com" },
    Contact { user: "edsger", email: "edsger@example.com" },
];

pub(super) async fn contact() -> Reply<&'static Contact> {
    Reply(&CONTACTS[0])
}

pub(super) async fn contacts() -> Reply<&'static [Contact]> {
    Reply(&CONTACTS)
}

pub(super) async fn two(State(app): State<AppState>) -> Result<&'static str, Error> {
    let fixed = Detail::parse("Test data for endpoint two").map_err(Error::fault)?;
    store(&app, &fixed).await?;
    Ok("Test two went through!")
}

/// Stores the text of the body and responds with `reply`.
pub(super) async fn store_and_say(
    State(app): State<AppState>,
    Json(Item(text)): Json<Item<Detail>>,
    reply: &'static str,
) -> Result<&'static str, Error> {
    store(&app, &text).await?;
    Ok(reply)
}

pub(super) async fn five(
    State(app): State<AppState>,
    Json(Item(text)): Json<Item<Detail>>,
) -> Result<Reply<TestRow>, Error> {
    Ok(Reply(store(&app, &text).await?))
}

pub(super) async fn six_and_seven(
    State(app): State<AppState>,
    Json(Item(text)): Json<Item<Detail>>,
) -> Result<Reply<WrappedTestRow>, Error> {
    Ok(Reply(WrappedTestRow { testdata: store(&app, &text).await? }))
}

pub(super) async fn list(State(app): State<AppState>) -> Result<Reply<Vec<ListedTestRow>>, Error> {
    let rows = test_row::list(&app.db).await?;
    Ok(Reply(rows.into_iter().map(ListedTestRow::from).collect()))
}

async fn store(app: &AppState, text: &Detail) -> Result<TestRow, Error> {
    Ok(TestRow::from(create_test_row(app, text).await?))
}
