//! Variables in Redis: one key for each session, that expires with it.
//!
//! A change is written only over what it was made from; when another replica was faster it is made again. The
//! connection is opened when it is first needed and opened again when it breaks: while Redis is down, the routes of
//! variables answer `503` and all others work.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, RedisError, Script};
use secrecy::SecretString;
use tokio::time::timeout;
use tracing::warn;

use super::{Place, StoreError};
use crate::auth::session_id::SessionId;
use crate::config::redis_client;
use crate::error::Error;
use crate::models::bag::{Bag, Unreadable};

/// How long an answer, or a connection, may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long the end of a session waits for its variables to go; they go on going without it.
const FAREWELL: Duration = Duration::from_millis(100);
/// How often a change is tried that others are in the way of.
const TRIES: u32 = 100;
/// Writes the key if it still holds what was read; nothing counts as empty.
const WRITE: &str = "if (redis.call('GET', KEYS[1]) or '') == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    return 1
end
return 0";

/// The way to a Redis server; clones share it.
#[derive(Clone)]
pub(super) struct Redis(Arc<Way>);

struct Way {
    client: Client,
    present: Mutex<Connection>,
    write: Script,
}

/// A connection that all share, and which one it is.
#[derive(Clone)]
struct Connection {
    number: u64,
    manager: ConnectionManager,
}

impl Redis {
    pub(super) fn new(url: &SecretString) -> Result<Self, StoreError> {
        let client = redis_client(url).map_err(|error| StoreError(error.to_owned()))?;
        let manager = lazy(&client).map_err(|_| StoreError("no connection can be prepared".to_owned()))?;
        let present = Mutex::new(Connection { number: 0, manager });
        Ok(Self(Arc::new(Way { client, present, write: Script::new(WRITE) })))
    }

    pub(super) async fn read(&self, place: Place<'_>) -> Result<Bag, Error> {
        bag(&self.json(place.session).await?)
    }

    pub(super) async fn change<T>(
        &self,
        place: Place<'_>,
        now: DateTime<Utc>,
        change: impl Fn(&mut Bag) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let milliseconds = (place.ends_at - now).num_milliseconds().max(1);
        for _ in 0..TRIES {
            let before = self.json(place.session).await?;
            let mut bag = bag(&before)?;
            let outcome = change(&mut bag)?;
            let after = bag.to_json()?;
            let mut write = self.0.write.key(key(place.session));
            let write = write.arg(before).arg(after).arg(milliseconds);
            let written = self.ask(async |mut manager| write.invoke_async(&mut manager).await).await;
            if written.map_err(failed)? {
                return Ok(outcome);
            }
        }
        Err(Error::Busy)
    }

    pub(super) async fn remove(&self, session: SessionId) -> Result<(), Error> {
        self.delete(&[key(session)]).await.map_err(failed)
    }

    pub(super) async fn forget(&self, sessions: impl Iterator<Item = SessionId>) {
        let (redis, keys) = (self.clone(), sessions.map(key).collect::<Vec<_>>());
        if keys.is_empty() {
            return;
        }
        let going = tokio::spawn(async move {
            if let Err(error) = redis.delete(&keys).await {
                warn!(%error, "variables of sessions that ended stay until their time is up");
            }
        });
        let _ = timeout(FAREWELL, going).await;
    }

    async fn json(&self, session: SessionId) -> Result<Vec<u8>, Error> {
        let json: Result<Option<_>, _> = self.ask(async |mut manager| manager.get(key(session)).await).await;
        Ok(json.map_err(failed)?.unwrap_or_default())
    }

    async fn delete(&self, keys: &[String]) -> Result<(), RedisError> {
        self.ask(async |mut manager| manager.del(keys).await).await
    }

    /// Asks the server. After any failure whoever comes next gets a connection that is made anew: the manager itself
    /// does so only when a connection breaks, not when it never came about, as with a password that was wrong for a
    /// while.
    async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(ConnectionManager) -> Result<T, RedisError>,
    ) -> Result<T, RedisError> {
        let Connection { number, manager } = self.present().clone();
        let answer = question(manager).await;
        if answer.is_err() {
            let mut present = self.present();
            // Of many that failed together the first does it.
            if present.number == number {
                *present = Connection { number: number + 1, manager: lazy(&self.0.client)? };
            }
        }
        answer
    }

    // A panic cannot leave it half-changed, so a poisoned lock is as good as any.
    fn present(&self) -> std::sync::MutexGuard<'_, Connection> {
        self.0.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opened with the first question; only one try, whose end is that question's answer.
fn lazy(client: &Client) -> Result<ConnectionManager, RedisError> {
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}

fn key(session: SessionId) -> String {
    format!("daypass:variables:{session}")
}

fn bag(json: &[u8]) -> Result<Bag, Error> {
    if json.is_empty() { Ok(Bag::default()) } else { Bag::from_json(json) }
}

fn failed(error: RedisError) -> Error {
    match error.code() {
        // Somebody else wrote a list, or the like, there.
        Some("WRONGTYPE") => Error::fault(Unreadable),
        _ => Error::Unavailable(error.into()),
    }
}
