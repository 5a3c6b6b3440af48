//! `daypass user list`: a page at a time, so that a million users fit.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::DatabaseConnection;
use serde::Serialize;

use crate::cli::Failure;
use crate::clock::Clock;
use crate::models::{session, user};

/// Users of one query.
const PAGE: u64 = 500;

/// A user as a line of JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    id: i64,
    username: &'a str,
    created_at: String,
    live_sessions: i64,
    disabled_at: Option<String>,
}

pub(super) async fn run(db: &DatabaseConnection, json: bool) -> Result<(), Failure> {
    let now = Clock::System.now();
    let mut text = if json { String::new() } else { heading() };
    let mut after = 0;
    loop {
        let users = user::page(db, after, PAGE).await?;
        let ids = users.first().map_or(after, |user| user.id)..=users.last().map_or(after, |user| user.id);
        after = *ids.end();
        let live = session::count_by_user(db, ids, now).await?;
        for user in &users {
            let line = Line::of(user, live.get(&user.id).copied().unwrap_or(0));
            let _ = writeln!(text, "{}", if json { line.json()? } else { line.columns() });
        }
        let more = users.len() as u64 == PAGE;
        if !print(&text)? || !more {
            return Ok(());
        }
        text.clear();
    }
}

/// The name comes last: it is of any length and of any script.
fn heading() -> String {
    format!("{:>8}  {:<24}  {:>8}  {:<24}  USERNAME\n", "ID", "CREATED", "SESSIONS", "DISABLED")
}

impl<'a> Line<'a> {
    fn of(user: &'a user::Model, live_sessions: i64) -> Self {
        let disabled_at = user.disabled_at.as_ref().map(|at| in_words(at.0));
        let created_at = in_words(user.created_at.0);
        Self { id: user.id, username: &user.username, created_at, live_sessions, disabled_at }
    }

    fn json(&self) -> Result<String, Failure> {
        Ok(serde_json::to_string(self).map_err(|error| error.to_string())?)
    }

    fn columns(&self) -> String {
        let Self { id, username, created_at, live_sessions, disabled_at } = self;
        let disabled_at = disabled_at.as_deref().unwrap_or("-");
        format!("{id:>8}  {created_at:<24}  {live_sessions:>8}  {disabled_at:<24}  {username}")
    }
}

fn in_words(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Prints a page; tells whether anybody still reads. Who pipes the list into `head` has seen enough.
fn print(text: &str) -> Result<bool, Failure> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::from(error.to_string())),
    }
}
