//! The sign-up policy: who may create a user. Every operation in which clients create users calls [`admit`]. Commands
//! of the operator do not.

use chrono::{DateTime, Utc};

use crate::app::AppState;
use crate::config::SignUpPolicy;
use crate::error::Error;
use crate::events::{Details, Event, EventKind};
use crate::models::invitation;
use crate::models::invitation::Usability;
use crate::platform::database::Transaction;
use crate::types::InvitationId;
use crate::types::role::Roles;
use crate::types::secret_code::SecretCode;

/// What a permission gives to the new user.
#[derive(Default)]
pub(super) struct Admitted {
    pub(super) roles: Roles,
    /// The invitation that was used.
    pub(super) invitation: Option<InvitationId>,
}

impl Admitted {
    /// Returns the events of a sign-up: `signed_up` and, if an invitation was used, the event of its use.
    pub(super) fn events(&self, signed_up: Event) -> Vec<Event> {
        let used = self.invitation.map(|id| {
            let details = Details { invitation_id: Some(id), ..Details::default() };
            Event { kind: EventKind::InvitationUsed, ..signed_up.clone().with(details) }
        });
        std::iter::once(signed_up).chain(used).collect()
    }
}

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
    /// Uses up the permission in the transaction that creates the user. Returns what it gives.
    ///
    /// # Errors
    /// The errors about invitations, if the invitation was used up or revoked in the meantime.
    pub(super) async fn use_up(self, db: &Transaction, now: DateTime<Utc>) -> Result<Admitted, Error> {
        let Some(invitation) = self.invitation else { return Ok(Admitted::default()) };
        if invitation::use_up(db, invitation.id, now).await? {
            return Ok(Admitted { roles: invitation.roles(), invitation: Some(invitation.id) });
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
