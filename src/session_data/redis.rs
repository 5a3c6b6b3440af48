//! Session data in Redis: one key per session, which expires with the session.
//!
//! An update is a compare-and-swap, which is repeated if another replica was faster. The connection is opened on first
//! use and reopened when it breaks. While Redis is down, requests that read or change variables fail with `503`. All
//! other requests succeed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, RedisError, Script};
use secrecy::SecretString;
use tokio::time::timeout;
use tracing::warn;

use super::{SessionContext, StoreError};
use crate::auth::token::session_id::SessionId;
use crate::config::redis_client;
use crate::error::Error;
use crate::session_data::data::{MAX_STORED_BYTES, SessionData, Unreadable};

/// The time limit for a command or a connection attempt.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long a request that ends a session waits for the deletion of the session's data. After this time, the deletion
/// continues in the background.
const MAX_DELETION_WAIT: Duration = Duration::from_millis(100);
/// The maximum number of attempts for an update that conflicts with other updates.
const MAX_ATTEMPTS: u32 = 100;
/// Writes the key if its value is still the one that was read. A missing key counts as empty.
const WRITE: &str = "if (redis.call('GET', KEYS[1]) or '') == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    return 1
end
return 0";

#[derive(Clone)]
pub(super) struct RedisStore(Arc<Shared>);

struct Shared {
    client: Client,
    current: Mutex<Connection>,
    write: Script,
}

/// A connection that all requests share.
#[derive(Clone)]
struct Connection {
    /// A number that increases with each new connection.
    number: u64,
    manager: ConnectionManager,
}

impl RedisStore {
    pub(super) fn new(url: &SecretString) -> Result<Self, StoreError> {
        let client = redis_client(url).map_err(|error| StoreError(error.to_owned()))?;
        let manager = lazy(&client).map_err(|_| StoreError("cannot create a Redis connection".to_owned()))?;
        let current = Mutex::new(Connection { number: 0, manager });
        Ok(Self(Arc::new(Shared { client, current, write: Script::new(WRITE) })))
    }

    pub(super) async fn read(&self, session: SessionId) -> Result<SessionData, Error> {
        stored(&self.json(session).await?)
    }

    pub(super) async fn update<T>(
        &self,
        context: SessionContext<'_>,
        now: DateTime<Utc>,
        change: impl Fn(&mut SessionData) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let milliseconds = (context.ends_at - now).num_milliseconds().max(1);
        for _ in 0..MAX_ATTEMPTS {
            let before = self.json(context.session).await?;
            let (outcome, after) = stored(&before)?.change(&change)?;
            let mut write = self.0.write.key(key(context.session));
            let write = write.arg(before).arg(after).arg(milliseconds);
            let written = self.run(async |mut manager| write.invoke_async(&mut manager).await).await;
            if written.map_err(failed)? {
                return Ok(outcome);
            }
        }
        Err(Error::Busy)
    }

    pub(super) async fn delete(&self, session: SessionId) -> Result<(), Error> {
        self.delete_keys(&[key(session)]).await.map_err(failed)
    }

    pub(super) async fn delete_ended(&self, sessions: impl Iterator<Item = SessionId>) {
        let (redis, keys) = (self.clone(), sessions.map(key).collect::<Vec<_>>());
        if keys.is_empty() {
            return;
        }
        let deletion = tokio::spawn(async move {
            if let Err(error) = redis.delete_keys(&keys).await {
                warn!(%error, "data of ended sessions could not be deleted and stays in Redis until it expires");
            }
        });
        let _ = timeout(MAX_DELETION_WAIT, deletion).await;
    }

    async fn json(&self, session: SessionId) -> Result<Vec<u8>, Error> {
        // Other programs can write values of any size. Reading one byte more than the maximum detects larger values.
        let range = (0, MAX_STORED_BYTES as isize);
        let json: Result<Vec<u8>, _> =
            self.run(async |mut manager| manager.getrange(key(session), range.0, range.1).await).await;
        let json = json.map_err(failed)?;
        if json.len() > MAX_STORED_BYTES {
            warn!("session data in Redis is larger than the maximum; this service has not written it");
            return Err(Error::fault(Unreadable));
        }
        Ok(json)
    }

    async fn delete_keys(&self, keys: &[String]) -> Result<(), RedisError> {
        self.run(async |mut manager| manager.del(keys).await).await
    }

    /// Runs a command. After a failure, the next command gets a new connection. The manager itself reconnects only if a
    /// connection breaks. It does not try again if opening a connection fails, for example because of a wrong password.
    async fn run<T>(
        &self,
        command: impl AsyncFnOnce(ConnectionManager) -> Result<T, RedisError>,
    ) -> Result<T, RedisError> {
        let Connection { number, manager } = self.current().clone();
        let answer = command(manager).await;
        if answer.is_err() {
            let mut current = self.current();
            // If several commands fail in parallel, only the first failure replaces the connection.
            if current.number == number {
                *current = Connection { number: number + 1, manager: lazy(&self.0.client)? };
            }
        }
        answer
    }

    fn current(&self) -> MutexGuard<'_, Connection> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a connection that opens with the first command. If it cannot be opened, the command fails without a retry.
fn lazy(client: &Client) -> Result<ConnectionManager, RedisError> {
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(TIMEOUT))
        .set_response_timeout(Some(TIMEOUT));
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}

fn key(session: SessionId) -> String {
    format!("daypass:variables:{session}")
}

/// Parses JSON from Redis. Redis returns an empty text for a key that does not exist.
fn stored(json: &[u8]) -> Result<SessionData, Error> {
    SessionData::stored((!json.is_empty()).then_some(json))
}

fn failed(error: RedisError) -> Error {
    match error.code() {
        // Another program wrote a list, or another type that is not a string, to this key.
        Some("WRONGTYPE") => Error::fault(Unreadable),
        _ => Error::Unavailable(error.into()),
    }
}
