//! Operations of the command line on any account. They need no session, and running replicas learn of the sessions that
//! they end through the revocation feed.

use crate::auth::revocation::reason::Reason;
use crate::error::Error;
use crate::models::session::EndedAt;
use crate::models::{session, user};
use crate::platform::database::{Pool, Transaction};
use crate::platform::random;
use crate::types::generation::Generation;

/// A user who is locked until the transaction ends.
pub struct LockedUser {
    transaction: Transaction,
    user: user::Model,
}

/// Locks the user with this name. Returns `None` if no user has it.
pub async fn lock_user(db: &Pool, name: &str) -> Result<Option<LockedUser>, Error> {
    let Some(user) = user::find_by_username(db, name).await? else { return Ok(None) };
    let transaction = db.begin_write().await?;
    let user = user::lock_if_exists(&transaction, user.id).await?;
    Ok(user.map(|user| LockedUser { transaction, user }))
}

impl LockedUser {
    #[must_use]
    pub fn username(&self) -> &str {
        &self.user.username
    }

    /// Disables the user and returns how many sessions ended.
    pub async fn disable(self, at: EndedAt) -> Result<usize, Error> {
        let ended = self.end_sessions(Reason::AccountDisabled, at).await?;
        self.user.disable(&self.transaction, at.now).await?;
        self.transaction.commit().await?;
        Ok(ended)
    }

    pub async fn enable(self) -> Result<(), Error> {
        self.user.enable(&self.transaction).await?;
        Ok(self.transaction.commit().await?)
    }

    /// Deletes the user with all data and returns how many sessions ended.
    pub async fn delete(self, at: EndedAt) -> Result<usize, Error> {
        let ended = self.end_sessions(Reason::AccountDeletion, at).await?;
        self.user.delete(&self.transaction).await?;
        self.transaction.commit().await?;
        Ok(ended)
    }

    /// Sets a password and ends all sessions. The old password stays valid until the caller commits the transaction.
    pub async fn reset_password(self, password_hash: String, at: EndedAt) -> Result<Transaction, Error> {
        self.end_sessions(Reason::PasswordReset, at).await?;
        self.user.change_password(&self.transaction, password_hash, at.now).await?;
        Ok(self.transaction)
    }

    async fn end_sessions(&self, reason: Reason, at: EndedAt) -> Result<usize, Error> {
        Ok(session::end_all(&self.transaction, self.user.id, None, reason, at).await?.sessions.len())
    }
}

/// Ends all sessions of all users, also those that the database does not contain.
pub async fn end_all_sessions(db: &Pool) -> Result<(), Error> {
    let transaction = db.begin_write().await?;
    session::end_every(&transaction, Generation::random(&mut random::secure())).await?;
    Ok(transaction.commit().await?)
}
