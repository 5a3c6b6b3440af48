//! Session variables: what a session keeps between requests, and the stores it can be kept in.
//!
//! All variables of a session are one [`Bag`], read and changed as a whole: a change is read, made and written while
//! nobody else changes it, so that parallel requests lose nothing. Validating a session never comes here; only the
//! routes of variables do, and without their store nothing else fails.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::warn;

use crate::app::Parts;
use crate::auth::refusal::Refusal;
use crate::auth::revocations::Standing;
use crate::auth::session_id::SessionId;
use crate::auth::token::AnySession;
use crate::config::SessionStore;
use crate::error::Error;
use crate::models::bag::{Bag, Unreadable};
use crate::models::session_variables;
use crate::models::version::Expected;

mod database;
mod memory;
mod redis;
mod sealed;

/// Sessions that have the same turn wait for each other; among so many they rarely do.
const TURNS: usize = 256;
/// How long a request waits for its turn and its store together: who waits for one that hangs does not add up.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(String);

/// The variables of all sessions.
pub struct Variables {
    store: Store,
    /// One change of a session at a time in this process: whoever waits holds no connection.
    turns: Vec<Mutex<()>>,
    hasher: RandomState,
}

enum Store {
    Database,
    Memory(memory::Memory),
    Redis(redis::Redis),
    Sealed,
}

/// Whose variables are meant, and what the client keeps of them.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The session.
    pub session: SessionId,
    /// When it ends at the latest, and its variables with it.
    pub ends_at: DateTime<Utc>,
    /// The variables as they came in a cookie.
    pub sealed: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// That of this session.
    #[must_use]
    pub fn of(session: &AnySession, sealed: Option<&'a str>) -> Self {
        Self { session: session.id, ends_at: session.ends_at, sealed }
    }
}

impl Variables {
    /// Variables that are kept there.
    ///
    /// # Errors
    /// When the address of the store is none.
    pub fn new(store: &SessionStore) -> Result<Self, StoreError> {
        let store = match store {
            SessionStore::Database => Store::Database,
            SessionStore::Memory => Store::Memory(memory::Memory::new()),
            SessionStore::Redis(url) => Store::Redis(redis::Redis::new(url)?),
            SessionStore::Cookie => Store::Sealed,
        };
        let turns = std::iter::repeat_with(|| Mutex::new(())).take(TURNS).collect();
        Ok(Self { store, turns, hasher: RandomState::new() })
    }

    /// The variables of a session; an empty bag if it has none.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn read(&self, app: &Parts, place: Place<'_>) -> Result<Bag, Error> {
        in_time(async {
            match &self.store {
                Store::Database => database::read(app, place).await,
                Store::Memory(memory) => memory.read(place),
                Store::Redis(redis) => redis.read(place).await,
                Store::Sealed => Ok(sealed::open(&app.tokens, place)),
            }
        })
        .await
    }

    /// Changes the variables of a session, or, if `change` fails, leaves them as they are. What comes back beside
    /// its outcome is for the client to keep.
    ///
    /// A session that ends meanwhile leaves nothing behind.
    ///
    /// # Errors
    /// What `change` says, [`Error::VariablesTooLarge`], [`Refusal::Revoked`], and [`Error::Unavailable`] when the
    /// store does not answer.
    pub async fn change<T>(
        &self,
        app: &Parts,
        place: Place<'_>,
        change: impl Fn(&mut Bag) -> Result<T, Error>,
    ) -> Result<(T, Option<String>), Error> {
        let change = |bag: &mut Bag| {
            bag.begin(app.clock.now());
            change(bag)
        };
        in_time(async {
            let turn = self.hasher.hash_one(place.session) as usize % TURNS;
            let _turn = self.turns[turn].lock().await;
            not_ended(app, place.session)?;
            // As long as its token may be good; the database clears up later by as much.
            let lasting = Place { ends_at: place.ends_at + app.config.tokens.jwt_leeway, ..place };
            let changed = match &self.store {
                Store::Database => (database::change(app, place, change).await?, None),
                Store::Memory(memory) => (memory.change(lasting, app.clock.now(), change)?, None),
                Store::Redis(redis) => (redis.change(lasting, app.clock.now(), change).await?, None),
                Store::Sealed => {
                    let (outcome, sealed) = sealed::change(&app.tokens, place, change)?;
                    (outcome, Some(sealed))
                }
            };
            if let Err(ended) = not_ended(app, place.session) {
                if let Err(error) = self.remove(app, place.session).await {
                    warn!(%error, "variables of a session that ended stay until they are cleared up");
                }
                return Err(ended);
            }
            Ok(changed)
        })
        .await
    }

    /// Deletes all variables of a session, also those that cannot be read; where there are none, nothing is written.
    /// What comes back is for the client to keep.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`], and those of [`Variables::change`].
    pub async fn clear(&self, app: &Parts, place: Place<'_>, expected: &Expected) -> Result<Option<String>, Error> {
        in_time(async {
            match self.read(app, place).await {
                Ok(bag) if bag.is_empty() => expected.check(bag.version()).map(|()| None),
                Ok(_) => Ok(self.change(app, place, |bag| bag.clear(expected)).await?.1),
                Err(Error::Fault(cause)) if cause.is::<Unreadable>() && *expected == Expected::Any => {
                    self.remove(app, place.session).await.map(|()| None)
                }
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Removes what is kept for a session, whatever it is.
    async fn remove(&self, app: &Parts, session: SessionId) -> Result<(), Error> {
        match &self.store {
            Store::Database => {
                let transaction = app.begin_write().await?;
                session_variables::delete(&*transaction, std::iter::once(session.to_string())).await?;
                transaction.commit().await
            }
            Store::Memory(memory) => {
                memory.forget(session);
                Ok(())
            }
            Store::Redis(redis) => redis.remove(session).await,
            Store::Sealed => Ok(()),
        }
    }

    /// Removes the variables of sessions that ended. Nobody can reach them any more, so it is no fault when the store
    /// does not answer: they go when their time is up.
    pub async fn forget(&self, sessions: impl Iterator<Item = SessionId>) {
        match &self.store {
            // They went with their session, in the same transaction; or with the browser's cookie.
            Store::Database | Store::Sealed => {}
            Store::Memory(memory) => sessions.for_each(|session| memory.forget(session)),
            Store::Redis(redis) => redis.forget(sessions).await,
        }
    }
}

/// Whether the session has not ended, as far as this replica knows; `background::clear_up` removes what is written
/// before it does.
fn not_ended(app: &Parts, session: SessionId) -> Result<(), Error> {
    match app.revocations.standing(session, app.clock.now()) {
        Standing::Ended(reason) => Err(Refusal::Revoked(reason).into()),
        Standing::Live | Standing::Unknown => Ok(()),
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(PATIENCE, work).await.map_err(|late| Error::Unavailable(late.into()))?
}
