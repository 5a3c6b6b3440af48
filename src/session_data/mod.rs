//! Session data: variables that clients store in a session, and the stores for them.
//!
//! An update reads, changes and writes all variables of a session as one [`SessionData`]. Except in the cookie store,
//! parallel updates do not overwrite each other. While a store fails, only requests that read or change variables fail.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::auth::revocation::Revocations;
use crate::auth::token::refusal::Refusal;
use crate::auth::token::session_id::SessionId;
use crate::auth::token::{AnySession, Tokens};
use crate::config::SessionStore;
use crate::error::Error;
use crate::platform::clock::Clock;
use crate::platform::database::Pool;
use crate::session_data::data::{SessionData, Unreadable};
use crate::types::version::Expected;

mod cookie;
pub mod data;
mod database;
mod memory;
mod redis;

use cookie::CookieStore;
use database::DatabaseStore;
use memory::MemoryStore;
use redis::RedisStore;

/// The number of locks. The hash of a session id selects the lock. Two sessions rarely share one.
const LOCKS: usize = 256;
/// The maximum time that a request waits for its lock and its store.
const MAX_WAIT: Duration = Duration::from_secs(3);

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(String);

/// The data of all sessions.
pub struct SessionDataStore {
    backend: Backend,
    /// Locks that allow one update per session at a time in this process. A waiting request holds no database
    /// connection.
    locks: Vec<Mutex<()>>,
    hasher: RandomState,
    revocations: Arc<Revocations>,
    clock: Clock,
    /// How long tokens are accepted after they expire.
    leeway: TimeDelta,
}

enum Backend {
    Database(DatabaseStore),
    Memory(MemoryStore),
    Redis(RedisStore),
    Cookie(CookieStore),
}

/// The session whose data is read or changed.
#[derive(Clone, Copy, Debug)]
pub struct SessionContext<'a> {
    pub session: SessionId,
    /// Whether the session belongs to a user. If not, it is anonymous.
    pub is_user: bool,
    /// The latest time at which the session and its data end.
    pub ends_at: DateTime<Utc>,
    /// The request's cookie with encrypted session data.
    pub cookie: Option<&'a str>,
}

impl<'a> SessionContext<'a> {
    #[must_use]
    pub fn of(session: &AnySession, cookie: Option<&'a str>) -> Self {
        Self { session: session.id, is_user: session.user.is_some(), ends_at: session.ends_at, cookie }
    }
}

/// A successful update.
pub struct Updated<T> {
    pub outcome: T,
    /// The new value of the client's cookie, if the client stores the data.
    pub cookie: Option<String>,
}

impl SessionDataStore {
    /// # Errors
    /// [`StoreError`] if the address of the Redis server is invalid.
    pub fn new(
        store: &SessionStore,
        db: Pool,
        tokens: Arc<Tokens>,
        revocations: Arc<Revocations>,
        clock: Clock,
        leeway: TimeDelta,
    ) -> Result<Self, StoreError> {
        let backend = match store {
            SessionStore::Database => Backend::Database(DatabaseStore { db }),
            SessionStore::Memory => Backend::Memory(MemoryStore::new()),
            SessionStore::Redis(url) => Backend::Redis(RedisStore::new(url)?),
            SessionStore::Cookie => Backend::Cookie(CookieStore { tokens }),
        };
        let locks = std::iter::repeat_with(|| Mutex::new(())).take(LOCKS).collect();
        Ok(Self { backend, locks, hasher: RandomState::new(), revocations, clock, leeway })
    }

    /// Returns whether the server stores the data. Otherwise, the client stores it in a cookie.
    #[must_use]
    pub fn is_on_server(&self) -> bool {
        !matches!(self.backend, Backend::Cookie(_))
    }

    /// Returns the data of a session. The data is empty if none is stored.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store does not answer.
    pub async fn read(&self, context: SessionContext<'_>) -> Result<SessionData, Error> {
        self.read_until(Instant::now() + MAX_WAIT, context).await
    }

    async fn read_until(&self, deadline: Instant, context: SessionContext<'_>) -> Result<SessionData, Error> {
        until(deadline, async {
            match &self.backend {
                Backend::Database(store) => store.read(context.session).await,
                Backend::Memory(store) => store.read(context),
                Backend::Redis(store) => store.read(context.session).await,
                Backend::Cookie(store) => Ok(store.read(context)),
            }
        })
        .await
    }

    /// Changes the data of a session. If `change` fails, nothing is written. If the session ends in the meantime, the
    /// new data is deleted.
    ///
    /// # Errors
    /// The errors of `change`, [`Error::VariablesTooLarge`], [`Refusal::Revoked`], and [`Error::Unavailable`] if the
    /// store does not answer.
    pub async fn update<T>(
        &self,
        context: SessionContext<'_>,
        change: impl Fn(&mut SessionData) -> Result<T, Error>,
    ) -> Result<Updated<T>, Error> {
        self.update_until(Instant::now() + MAX_WAIT, context, change).await
    }

    async fn update_until<T>(
        &self,
        deadline: Instant,
        context: SessionContext<'_>,
        change: impl Fn(&mut SessionData) -> Result<T, Error>,
    ) -> Result<Updated<T>, Error> {
        let now = self.clock.now();
        let change = |data: &mut SessionData| {
            data.start_versions(now);
            change(data)
        };
        let lock = until(deadline, async { Ok(self.lock(context.session).await) }).await?;
        self.check_active(context.session)?;
        // The data stays as long as a token of the session is accepted. For database rows, the purge adds the leeway.
        let with_leeway = SessionContext { ends_at: context.ends_at + self.leeway, ..context };
        let (outcome, cookie) = match &self.backend {
            // The database store limits its own time. If a limit here stopped it, the commit could still succeed.
            Backend::Database(store) => (store.update(context, change).await?, None),
            Backend::Memory(store) => (store.update(with_leeway, now, change)?, None),
            Backend::Redis(store) => (until(deadline, store.update(with_leeway, now, change)).await?, None),
            Backend::Cookie(store) => {
                let (outcome, cookie) = store.update(context, change)?;
                (outcome, Some(cookie))
            }
        };
        drop(lock);
        if let Err(revoked) = self.check_active(context.session) {
            if let Err(error) = self.delete_until(deadline, context.session).await {
                warn!(
                    cause = error.cause(),
                    "data of an ended session could not be deleted; the purge deletes it later"
                );
            }
            return Err(revoked);
        }
        Ok(Updated { outcome, cookie })
    }

    /// Waits for the lock of a session, if its store needs one.
    async fn lock(&self, session: SessionId) -> Option<MutexGuard<'_, ()>> {
        match self.backend {
            Backend::Database(_) | Backend::Redis(_) => {
                let index = self.hasher.hash_one(session) as usize % LOCKS;
                Some(self.locks[index].lock().await)
            }
            Backend::Memory(_) | Backend::Cookie(_) => None,
        }
    }

    /// Deletes all variables of a session, including unreadable ones. If there are none, nothing is written. Returns
    /// the new value of the client's cookie, if the client stores the data.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`], and the errors of [`SessionDataStore::update`].
    pub async fn clear(&self, context: SessionContext<'_>, expected: &Expected) -> Result<Option<String>, Error> {
        let deadline = Instant::now() + MAX_WAIT;
        match self.read_until(deadline, context).await {
            Ok(data) if data.is_empty() => {
                expected.check(data.version())?;
                Ok(None)
            }
            Ok(_) => Ok(self.update_until(deadline, context, |data| data.clear(expected)).await?.cookie),
            Err(Error::Fault(cause)) if cause.is::<Unreadable>() && *expected == Expected::Any => {
                self.delete_until(deadline, context.session).await.map(|()| None)
            }
            Err(error) => Err(error),
        }
    }

    async fn delete_until(&self, deadline: Instant, session: SessionId) -> Result<(), Error> {
        match &self.backend {
            Backend::Database(store) => store.delete(session).await,
            Backend::Memory(store) => {
                store.delete(session);
                Ok(())
            }
            Backend::Redis(store) => until(deadline, store.delete(session)).await,
            Backend::Cookie(_) => Ok(()),
        }
    }

    /// Deletes the data of ended sessions. A failure is only logged: no request can read the data, and the data expires
    /// later.
    pub async fn delete_ended(&self, sessions: impl Iterator<Item = SessionId>) {
        match &self.backend {
            // The transaction that ended the session has deleted the row, or the client deletes the cookie.
            Backend::Database(_) | Backend::Cookie(_) => {}
            Backend::Memory(store) => sessions.for_each(|session| store.delete(session)),
            Backend::Redis(store) => store.delete_ended(sessions).await,
        }
    }

    /// Checks that this replica has not received a revocation of the session. Data that is written before the
    /// revocation arrives is deleted later by the purge.
    fn check_active(&self, session: SessionId) -> Result<(), Error> {
        self.revocations.ended(session).map_or(Ok(()), |reason| Err(Refusal::Revoked(reason).into()))
    }
}

async fn until<T>(deadline: Instant, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout_at(deadline, work).await.map_err(|late| Error::Unavailable(late.into()))?
}
