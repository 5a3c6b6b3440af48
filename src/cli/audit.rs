//! `daypass audit`: prints audit events, oldest first.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write as _};
use std::time::Duration;

use chrono::TimeDelta;
use clap::{Args, Subcommand};
use tokio::time::sleep;

use super::database;
use super::failure::Failure;
use crate::config::{Config, duration, integer};
use crate::events::EventKind;
use crate::models::event::Search;
use crate::models::{event, user};
use crate::platform::clock::Clock;
use crate::platform::database::Pool;
use crate::types::{EventId, UserId};
use crate::views;

/// How often `tail --follow` looks for events.
const INTERVAL: Duration = Duration::from_secs(1);
/// How many ids `tail --follow` looks back, because a transaction with a lower id can commit later.
const LOOK_BACK: i64 = 1_000;
/// The maximum number of events per query.
const MAX_EVENTS: u64 = 100_000;

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Print the latest events
    Tail {
        /// Print new events until the command is stopped
        #[arg(long, short)]
        follow: bool,
        /// Number of events to start with
        #[arg(long, default_value_t = 20, value_parser = integer::<u64>(0..=MAX_EVENTS))]
        limit: u64,
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Search for events
    Search(SearchArgs),
}

#[derive(Args, Debug)]
pub(super) struct SearchArgs {
    /// Only events about this user: a username, or the id of a user who may have been deleted
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only events of this kind, such as sign_in_failed (docs/events.md)
    #[arg(long)]
    kind: Option<EventKind>,
    /// Only events of this period, such as 7d or 12h
    #[arg(long, value_parser = duration("1s", "36500d"))]
    since: Option<TimeDelta>,
    /// Maximum number of events; the latest ones are printed
    #[arg(long, default_value_t = 1_000, value_parser = integer::<u64>(1..=MAX_EVENTS))]
    limit: u64,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(command: &Command, config: &Config) -> Result<(), Failure> {
    let run = async |db: &Pool| match command {
        Command::Tail { follow, limit, json } => tail(db, *follow, *limit, *json).await,
        Command::Search(arguments) => search(db, arguments).await,
    };
    database::with(config, run).await
}

async fn search(db: &Pool, SearchArgs { user, kind, since, limit, json }: &SearchArgs) -> Result<(), Failure> {
    let user_id = match user {
        Some(name) => Some(find_user(db, name).await?),
        None => None,
    };
    let since = since.map(|period| Clock::System.now() - period);
    let found = event::search(db, Search { user_id, kind: *kind, since, after: None }, *limit).await?;
    print(db, found, *json).await?;
    Ok(())
}

/// Returns the id of the user with this name. A deleted user has no name, so an id is accepted, too.
async fn find_user(db: &Pool, name: &str) -> Result<UserId, Failure> {
    match user::find_by_username(db, name).await? {
        Some(user) => Ok(user.id),
        None => name.parse().map_err(|_| Failure::from(format!("user {name:?} not found"))),
    }
}

async fn tail(db: &Pool, follow: bool, limit: u64, json: bool) -> Result<(), Failure> {
    let mut latest = event::search(db, Search::default(), limit.max(1)).await?;
    let mut highest = latest.last().map_or(EventId(0), |last| last.id);
    let mut printed = ids_since(db, highest).await?;
    if limit == 0 {
        latest.clear();
    }
    let mut is_read = print(db, latest, json).await?;
    while follow && is_read {
        sleep(INTERVAL).await;
        let after = Some(EventId(highest.0 - LOOK_BACK));
        let mut new = event::search(db, Search { after, ..Search::default() }, MAX_EVENTS).await?;
        new.retain(|event| !printed.contains(&event.id));
        highest = new.last().map_or(highest, |last| last.id.max(highest));
        printed.extend(new.iter().map(|event| event.id));
        printed.retain(|id| id.0 > highest.0 - LOOK_BACK);
        is_read = print(db, new, json).await?;
    }
    Ok(())
}

/// Returns the ids of the events that are not new for `tail --follow`.
async fn ids_since(db: &Pool, highest: EventId) -> Result<HashSet<EventId>, Failure> {
    let after = Some(EventId(highest.0 - LOOK_BACK));
    let before = event::search(db, Search { after, ..Search::default() }, MAX_EVENTS).await?;
    Ok(before.into_iter().map(|event| event.id).filter(|id| *id <= highest).collect())
}

/// Prints events. Returns `false` if the reader has closed the pipe, as `head` does.
async fn print(db: &Pool, events: Vec<event::Model>, json: bool) -> Result<bool, Failure> {
    let ids: HashSet<_> = events.iter().filter_map(|event| event.user_id).collect();
    let names = if json { HashMap::new() } else { names(db, &ids).await? };
    let mut text = String::new();
    for event in events {
        let event = views::Event::try_from(event)?;
        text += &if json {
            serde_json::to_string(&event).map_err(|error| error.to_string())?
        } else {
            line(&event, &names)
        };
        text.push('\n');
    }
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::from(format!("cannot write to standard output: {error}"))),
    }
}

async fn names(db: &Pool, ids: &HashSet<UserId>) -> Result<HashMap<UserId, String>, Failure> {
    let mut names = HashMap::new();
    // SQLite limits the number of values per statement.
    let ids: Vec<_> = ids.iter().copied().collect();
    for ids in ids.chunks(1_000) {
        let users = user::find_all(db, &ids.iter().copied().collect()).await?;
        names.extend(users.into_iter().map(|user| (user.id, user.username)));
    }
    Ok(names)
}

/// Returns the line of an event for people: time, kind, actor, user, network and further members.
fn line(event: &views::Event, names: &HashMap<UserId, String>) -> String {
    let user = event.user_id.map_or_else(
        || "-".to_owned(),
        |id| names.get(&id).map_or_else(|| format!("user {id}"), |name| format!("{name:?}")),
    );
    let (network, roles) = (event.network.as_deref().unwrap_or("-"), event.roles.as_ref().map(|roles| roles.join(",")));
    let members = [
        (event.count > 1).then(|| format!("count={}", event.count)),
        event.reason.as_ref().map(|reason| format!("reason={reason}")),
        event.provider.as_ref().map(|provider| format!("provider={provider}")),
        roles.map(|roles| format!("roles={roles}")),
        event.invitation_id.map(|id| format!("invitation={id}")),
        event.key_id.as_ref().map(|id| format!("key={id}")),
        event.ended.filter(|ended| *ended > 0).map(|ended| format!("ended={ended}")),
        event.users.map(|users| format!("users={users}")),
    ];
    let members: Vec<_> = members.into_iter().flatten().collect();
    let line = format!(
        "{}  {:<24}  {:<8}  {user:<20}  {network:<18}  {}",
        event.at,
        event.kind,
        event.actor,
        members.join(" ")
    );
    line.trim_end().to_owned()
}
