//! Checks sessions. If the revocations in memory are stale, the check waits for an update. If the update fails, the
//! server rejects the request with 503.

use std::sync::Arc;

use super::Feed;
use crate::auth::revocation::Status;
use crate::auth::token::AnySession;
use crate::auth::token::refusal::Refusal;
use crate::error::Error;

impl Feed {
    /// Checks that a session is active. Reads the table of revocations only if the revocations in memory are stale, or
    /// if the token has an unknown generation.
    ///
    /// # Errors
    /// [`Refusal::Revoked`]; [`Error::NotReady`] or [`Error::Unavailable`] if the table cannot be read.
    pub async fn check_active_or_refresh(self: &Arc<Self>, session: &AnySession) -> Result<(), Error> {
        if let Some(checked) = self.check_in_memory(session) {
            return checked;
        }
        self.refresh().await?;
        self.revocations.retire_unless_current(session.generation);
        self.check_in_memory(session).unwrap_or(Err(Error::NotReady))
    }

    /// Checks a session without I/O. Returns `None` if its status is unknown.
    fn check_in_memory(&self, session: &AnySession) -> Option<Result<(), Error>> {
        match self.revocations.status(session, self.clock.monotonic()) {
            Status::Active => Some(Ok(())),
            Status::Revoked(reason) => Some(Err(Refusal::Revoked(reason).into())),
            Status::Unknown => None,
        }
    }
}
