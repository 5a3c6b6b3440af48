//! The sign-up policy: who may create a user. Every operation in which clients create users calls [`admit`]. Commands
//! of the operator do not.

use chrono::{DateTime, Utc};

use crate::app::AppState;
use crate::config::SignUpPolicy;
use crate::error::Error;
use crate::models::invitation;
use crate::models::invitation::Usability;
use crate::platform::database::Transaction;
use crate::types::role::Roles;
use crate::types::secret_code::SecretCode;

/// The permission to create one user.
#[must_use]
pub(super) struct Admission {
    invitation: Option<invitation::Model>,
}

/// Decides whether a client may create a user. An invitation is optional if sign-up is open. It must then be valid too,
/// because it can give roles.
///
/// # Errors
/// [`Error::SignUpClosed`] and the errors about invitations.
pub(super) async fn admit(app: &AppState, code: Option<&SecretCode>) -> Result<Admission, Error> {
    let code = match (app.config.sign_up.sign_up, code) {
        (SignUpPolicy::Closed, _) => return Err(Error::SignUpClosed),
        (SignUpPolicy::Invited, None) => return Err(Error::InvitationRequired),
        (SignUpPolicy::Open, None) => return Ok(Admission { invitation: None }),
        (SignUpPolicy::Invited | SignUpPolicy::Open, Some(code)) => code,
    };
    let invitation = invitation::find(&app.db, code).await?;
    check(invitation.as_ref(), app.clock.now())?;
    Ok(Admission { invitation })
}

impl Admission {
    /// Uses up the permission in the transaction that creates the user. Returns the roles of the new user.
    ///
    /// # Errors
    /// The errors about invitations, if the invitation was used up or revoked in the meantime.
    pub(super) async fn use_up(self, db: &Transaction, now: DateTime<Utc>) -> Result<Roles, Error> {
        let Some(invitation) = self.invitation else { return Ok(Roles::default()) };
        if invitation::use_up(db, invitation.id, now).await? {
            return Ok(invitation.roles());
        }
        check(invitation::find_by_id(db, invitation.id).await?.as_ref(), now)?;
        Err(Error::InvitationUsedUp)
    }
}

fn check(invitation: Option<&invitation::Model>, now: DateTime<Utc>) -> Result<(), Error> {
    match invitation.map(|invitation| invitation.usability(now)) {
        Some(Usability::Usable) => Ok(()),
        None | Some(Usability::Revoked) => Err(Error::InvitationInvalid),
        Some(Usability::Expired) => Err(Error::InvitationExpired),
        Some(Usability::UsedUp) => Err(Error::InvitationUsedUp),
    }
}
