//! Account operations for the command line. They work on any account and need no session. Running replicas receive the
//! revocations of the ended sessions through the revocation feed.
//!
//! The operations insert events, but do not log them, because standard error is for the messages of the command.

use chrono::{DateTime, Utc};

use crate::auth::revocation::RolesChanged;
use crate::auth::revocation::reason::Reason;
use crate::auth::token::{Authentication, AuthenticationTime, Issued, Method, Tokens};
use crate::error::Error;
use crate::events::{Actor, Details, Event, EventKind};
use crate::models::invitation::NewInvitation;
use crate::models::one_time_code::{NewCode, Purpose};
use crate::models::session::EndedAt;
use crate::models::user_creation::NewUser;
use crate::models::{
    database_state, event, invitation, one_time_code, outbox, revocation, session, user, user_creation,
};
use crate::platform::database::{Pool, Transaction};
use crate::platform::random;
use crate::types::email::Email;
use crate::types::generation::Generation;
use crate::types::role::Roles;
use crate::types::secret_code::SecretCode;
use crate::types::{InvitationId, MailId};

/// A user whose row is locked until the transaction ends.
pub struct LockedUser {
    transaction: Transaction,
    user: user::Model,
}

/// Creates a user without a session. The address counts as verified. The caller must commit the returned transaction.
///
/// # Errors
/// [`Error::UsernameTaken`] if another user has the username or one that looks like it, and [`Error::EmailTaken`].
pub async fn create_user(
    db: &Pool,
    new_user: &NewUser,
    email: Option<&Email>,
    now: DateTime<Utc>,
) -> Result<Transaction, Error> {
    let transaction = db.begin_write().await?;
    let user = user_creation::create(&transaction, new_user, now).await?;
    let created = by_operator(EventKind::UserCreated, Details::roles(&new_user.roles), now).about(user.id);
    event::create(&transaction, &created).await?;
    if email.is_some() {
        user.set_email(&transaction, email, now).await?;
    }
    Ok(transaction)
}

/// Creates an invitation. The caller must commit the returned transaction.
pub async fn create_invitation(
    db: &Pool,
    code: &SecretCode,
    new: NewInvitation,
    now: DateTime<Utc>,
) -> Result<(Transaction, invitation::Model), Error> {
    let transaction = db.begin_write().await?;
    let details = Details::roles(&new.roles);
    let invitation = invitation::create(&transaction, code, new, now).await?;
    let details = Details { invitation_id: Some(invitation.id), ..details };
    event::create(&transaction, &by_operator(EventKind::InvitationCreated, details, now)).await?;
    Ok((transaction, invitation))
}

/// Revokes an invitation. Returns `false` if no invitation has this id.
pub async fn revoke_invitation(db: &Pool, id: InvitationId, now: DateTime<Utc>) -> Result<bool, Error> {
    let transaction = db.begin_write().await?;
    let found = invitation::revoke(&transaction, id, now).await?;
    if found {
        let details = Details { invitation_id: Some(id), ..Details::default() };
        event::create(&transaction, &by_operator(EventKind::InvitationRevoked, details, now)).await?;
    }
    transaction.commit().await?;
    Ok(found)
}

fn by_operator(kind: EventKind, details: Details, now: DateTime<Utc>) -> Event {
    Event::new(kind, Actor::Operator, now).with(details)
}

/// Locks the row of the user with this name. Returns `None` if there is no such user.
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

    /// Disables the user, ends all their sessions and returns how many ended.
    pub async fn disable(self, at: EndedAt) -> Result<usize, Error> {
        let ended = self.end_sessions(Reason::AccountDisabled, at).await?;
        self.record(EventKind::AccountDisabled, Details::ended(ended), at.now).await?;
        self.user.disable(&self.transaction, at.now).await?;
        self.transaction.commit().await?;
        Ok(ended)
    }

    pub async fn enable(self, now: DateTime<Utc>) -> Result<(), Error> {
        self.record(EventKind::AccountEnabled, Details::default(), now).await?;
        self.user.enable(&self.transaction).await?;
        Ok(self.transaction.commit().await?)
    }

    #[must_use]
    pub fn roles(&self) -> Roles {
        self.user.roles().roles
    }

    /// Gives the user these roles instead of the present ones, and records the change for running replicas. Sessions
    /// continue, and their next requests have the new roles.
    pub async fn set_roles(self, roles: &Roles, at: EndedAt) -> Result<(), Error> {
        if *roles == self.roles() {
            return Ok(());
        }
        self.record(EventKind::RolesChanged, Details::roles(roles), at.now).await?;
        let Self { transaction, user } = self;
        // Tokens can outlive the present setting of their lifetime, but not their session.
        let latest = session::latest_expiry(&transaction, user.id).await?;
        let expires_at = latest.into_iter().fold(at.now + at.lifetime, DateTime::max);
        let user = user.change_roles(&transaction, roles).await?;
        let change = RolesChanged { user_id: user.id, version: user.roles_version, expires_at };
        revocation::create_role_change(&transaction, &change, at.now).await?;
        Ok(transaction.commit().await?)
    }

    /// Begins a session that no password or provider confirmed. The caller must commit the returned transaction.
    pub async fn begin_session(
        self,
        tokens: &Tokens,
        max_sessions: usize,
        now: DateTime<Utc>,
    ) -> Result<(Transaction, Issued), Error> {
        let Self { transaction, user } = self;
        let ended = session::end_oldest(&transaction, user.id, max_sessions, now).await?.sessions.len();
        let generation = database_state::generation(&transaction, Generation::random(&mut random::secure())).await?;
        let authentication = Authentication { time: AuthenticationTime::Unknown, method: Method::Operator };
        let subject = Some(user.subject(authentication));
        let issued = tokens.issue(subject, generation, now, &mut random::secure())?;
        session::create(&transaction, user.id, &issued, None, Some("daypass token issue"), now).await?;
        let issuing = by_operator(EventKind::TokenIssued, Details::ended(ended), now);
        event::create(&transaction, &issuing.about(user.id).in_session(issued.session.id)).await?;
        Ok((transaction, issued))
    }

    /// Deletes the user with all their data and returns how many sessions ended.
    pub async fn delete(self, at: EndedAt) -> Result<usize, Error> {
        let ended = self.end_sessions(Reason::AccountDeletion, at).await?;
        self.record(EventKind::AccountDeleted, Details::ended(ended), at.now).await?;
        self.user.delete(&self.transaction).await?;
        self.transaction.commit().await?;
        Ok(ended)
    }

    /// Sets a new password and ends all sessions of the user. The caller must commit the returned transaction. Until
    /// then, the old password stays valid.
    pub async fn reset_password(self, password_hash: String, at: EndedAt) -> Result<Transaction, Error> {
        let ended = self.end_sessions(Reason::PasswordReset, at).await?;
        self.record(EventKind::PasswordReset, Details::ended(ended), at.now).await?;
        self.user.change_password(&self.transaction, password_hash, at.now).await?;
        Ok(self.transaction)
    }

    /// Creates a code with which the user can set another password. The caller must commit the returned transaction.
    /// Until then, the code is not valid.
    pub async fn create_reset_code(self, code: &SecretCode, now: DateTime<Utc>) -> Result<Transaction, Error> {
        let new = NewCode {
            user_id: self.user.id,
            purpose: Purpose::ResetPassword,
            hash: code.hash(),
            email: None,
            mail_id: None,
        };
        one_time_code::create(&self.transaction, new, now).await?;
        self.record(EventKind::ResetLinkCreated, Details::default(), now).await?;
        Ok(self.transaction)
    }

    /// Sets the verified address, or removes both addresses, without a message to the previous address. All codes and
    /// waiting messages of the user are deleted, because another person may have requested them.
    ///
    /// # Errors
    /// [`Error::EmailTaken`].
    pub async fn set_email(self, email: Option<&Email>, now: DateTime<Utc>) -> Result<(), Error> {
        one_time_code::delete_all(&self.transaction, self.user.id, &Purpose::ALL).await?;
        outbox::delete_newer(&self.transaction, self.user.id, MailId(0)).await?;
        let kind = if email.is_some() { EventKind::EmailChanged } else { EventKind::EmailRemoved };
        self.record(kind, Details::default(), now).await?;
        self.user.set_email(&self.transaction, email, now).await?;
        Ok(self.transaction.commit().await?)
    }

    #[must_use]
    pub fn is_disabled(&self) -> bool {
        !self.user.may_sign_in()
    }

    async fn record(&self, kind: EventKind, details: Details, now: DateTime<Utc>) -> Result<(), Error> {
        event::create(&self.transaction, &by_operator(kind, details, now).about(self.user.id)).await
    }

    async fn end_sessions(&self, reason: Reason, at: EndedAt) -> Result<usize, Error> {
        Ok(session::end_all(&self.transaction, self.user.id, None, reason, at).await?.sessions.len())
    }
}

/// Ends every session, including anonymous sessions and sessions without a row in the database. `kind` says why.
pub async fn end_all_sessions(db: &Pool, kind: EventKind, now: DateTime<Utc>) -> Result<(), Error> {
    let transaction = db.begin_write().await?;
    session::end_every(&transaction, Generation::random(&mut random::secure())).await?;
    event::create(&transaction, &by_operator(kind, Details::default(), now)).await?;
    Ok(transaction.commit().await?)
}
