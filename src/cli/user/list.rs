//! `daypass user list`: reads and prints page by page, so that a million users need little memory.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::output::iso_8601;
use crate::models::{session, user};
use crate::platform::clock::Clock;
use crate::platform::database::Pool;
use crate::types::UserId;

/// The number of users per query.
const PAGE: u64 = 500;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    id: UserId,
    username: &'a str,
    created_at: String,
    live_sessions: i64,
    disabled_at: Option<String>,
    roles: Vec<String>,
}

pub(super) async fn run(db: &Pool, json: bool) -> Result<(), Failure> {
    let now = Clock::System.now();
    let mut text = if json { String::new() } else { heading() };
    let mut after = None;
    loop {
        let users = user::page(db, after, PAGE).await?;
        let live = match (users.first(), users.last()) {
            (Some(first), Some(last)) => session::count_by_user(db, first.id..=last.id, now).await?,
            _ => HashMap::new(),
        };
        after = users.last().map(|user| user.id);
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

/// Returns the heading of the columns. The username is the last one, because its width varies.
fn heading() -> String {
    format!("{:>8}  {:<24}  {:>8}  {:<24}  USERNAME (ROLES)\n", "ID", "CREATED", "SESSIONS", "DISABLED")
}

impl<'a> Line<'a> {
    fn of(user: &'a user::Model, live_sessions: i64) -> Self {
        let disabled_at = user.disabled_at.as_ref().map(|at| iso_8601(at.0));
        let created_at = iso_8601(user.created_at.0);
        let roles = user.roles().roles.names().map(str::to_owned).collect();
        Self { id: user.id, username: &user.username, created_at, live_sessions, disabled_at, roles }
    }

    fn json(&self) -> Result<String, Failure> {
        Ok(serde_json::to_string(self).map_err(|error| error.to_string())?)
    }

    fn columns(&self) -> String {
        let Self { id, username, created_at, live_sessions, disabled_at, roles } = self;
        let disabled_at = disabled_at.as_deref().unwrap_or("-");
        let roles = if roles.is_empty() { String::new() } else { format!("  ({})", roles.join(", ")) };
        format!("{id:>8}  {created_at:<24}  {live_sessions:>8}  {disabled_at:<24}  {username}{roles}")
    }
}

/// Prints a page. Returns false if the reader has closed the pipe, as `head` does.
fn print(text: &str) -> Result<bool, Failure> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::from(error.to_string())),
    }
}
