//! Session data in the database: one row per session, locked while it is changed.

use sea_orm::{ConnectionTrait as _, DbBackend};

use super::SessionContext;
use crate::auth::token::session_id::SessionId;
use crate::error::Error;
use crate::models::session_variables;
use crate::platform::database::Pool;
use crate::session_data::data::SessionData;

/// The maximum number of attempts for an update. If another replica inserts the row at the same time, the update is
/// repeated.
const MAX_ATTEMPTS: u32 = 5;

pub(super) struct DatabaseStore {
    pub(super) db: Pool,
}

impl DatabaseStore {
    pub(super) async fn read(&self, session: SessionId) -> Result<SessionData, Error> {
        let row = session_variables::find(&self.db, session).await?;
        SessionData::stored(row.as_ref().map(|row| row.data.as_bytes()))
    }

    pub(super) async fn update<T>(
        &self,
        context: SessionContext<'_>,
        change: impl Fn(&mut SessionData) -> Result<T, Error>,
    ) -> Result<T, Error> {
        for _ in 0..MAX_ATTEMPTS {
            if let Some(outcome) = self.try_update(context, &change).await? {
                return Ok(outcome);
            }
        }
        Err(Error::Busy)
    }

    /// Returns `None` if another replica inserted the row at the same time.
    async fn try_update<T>(
        &self,
        context: SessionContext<'_>,
        change: impl Fn(&mut SessionData) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut transaction = self.db.begin_write().await?;
        let row = session_variables::lock(&transaction, context.session).await?;
        let (outcome, json) = SessionData::stored(row.as_ref().map(|row| row.data.as_bytes()))?.change(change)?;
        if let Some(row) = row {
            row.save(&transaction, json).await?;
        } else {
            // On MySQL, the read has locked the gap where the row would be. Two such transactions block each other, so
            // a new one starts without the read.
            if transaction.get_database_backend() == DbBackend::MySql {
                transaction.roll_back().await?;
                transaction = self.db.begin_write().await?;
            }
            if !session_variables::create(&transaction, context.session, json, context.ends_at).await? {
                return Ok(None);
            }
        }
        transaction.commit().await?;
        Ok(Some(outcome))
    }

    pub(super) async fn delete(&self, session: SessionId) -> Result<(), Error> {
        let transaction = self.db.begin_write().await?;
        session_variables::delete(&transaction, std::iter::once(session.to_string())).await?;
        transaction.commit().await?;
        Ok(())
    }
}
