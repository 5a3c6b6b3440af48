//! `/test/*` and `/api/test`: the lessons on plain routes, before anybody signs in.

use axum::Json as Reply;
use axum::extract::State;
use serde::Serialize;

use super::body::Item;
use super::views::{ListedTestRow, TestRow, WrappedTestRow};
use crate::app::App;
use crate::error::Error;
use crate::extract::Json;
use crate::models::test_row;
use crate::models::workout_text::Detail;

pub(super) async fn from_the_server() -> &'static str {
    "This is data from the /api/test endpoint. It's from the server."
}

pub(super) async fn hello() -> &'static str {
    "Hey!!! This is a test route!"
}

pub(super) async fn about() -> &'static str {
    "This is an about route"
}

/// Somebody to write to; the course leaves open who.
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

pub(super) async fn projects() -> Reply<[&'static str; 2]> {
    Reply(["Project 1", "Project 2"])
}

pub(super) async fn hello_client() -> &'static str {
    "This is a message from the server to the client."
}

/// Reads no body, for its client sends none; a JSON content type it does send.
pub(super) async fn one() -> &'static str {
    "Test 1 went through!"
}

pub(super) async fn two(State(app): State<App>) -> Result<&'static str, Error> {
    let fixed = Detail::parse("Test data for endpoint two").map_err(Error::fault)?;
    keep(&app, &fixed).await?;
    Ok("Test two went through!")
}

pub(super) async fn three(State(app): State<App>, Json(Item(text)): Json<Item<Detail>>) -> Result<&'static str, Error> {
    keep(&app, &text).await?;
    Ok("Test three went through!")
}

pub(super) async fn four(State(app): State<App>, Json(Item(text)): Json<Item<Detail>>) -> Result<&'static str, Error> {
    keep(&app, &text).await?;
    Ok("Test 4 went through!")
}

pub(super) async fn five(
    State(app): State<App>,
    Json(Item(text)): Json<Item<Detail>>,
) -> Result<Reply<TestRow>, Error> {
    Ok(Reply(keep(&app, &text).await?))
}

pub(super) async fn six_and_seven(
    State(app): State<App>,
    Json(Item(text)): Json<Item<Detail>>,
) -> Result<Reply<WrappedTestRow>, Error> {
    Ok(Reply(WrappedTestRow { testdata: keep(&app, &text).await? }))
}

pub(super) async fn list(State(app): State<App>) -> Result<Reply<Vec<ListedTestRow>>, Error> {
    let rows = test_row::list(&app.db).await?;
    Ok(Reply(rows.into_iter().map(ListedTestRow::from).collect()))
}

async fn keep(app: &App, text: &Detail) -> Result<TestRow, Error> {
    let transaction = app.begin_write().await?;
    let row = test_row::create(&*transaction, text.as_str(), None, app.clock.now()).await?;
    transaction.commit().await?;
    Ok(TestRow::from(&row))
}
