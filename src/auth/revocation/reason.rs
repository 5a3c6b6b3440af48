//! Why a session ended before its token expired.

use thiserror::Error;

#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Reason {
    #[error("The session has been signed out. Sign in again.")]
    SignOut,
    /// The user signed out of several sessions together.
    #[error("The session was signed out together with the user's other sessions. Sign in again.")]
    SignOutEverywhere,
    #[error("The session ended when the password was changed. Sign in again.")]
    PasswordChange,
    #[error("The session ended when its account was deleted.")]
    AccountDeletion,
    /// The user reset the password with a code, or an operator set another password.
    #[error("The session ended when the password was reset. Sign in again.")]
    PasswordReset,
    /// The user restored the previous e-mail address, because another person may have changed it.
    #[error("The session ended when the previous e-mail address of the account was restored. Sign in again.")]
    EmailRestored,
    /// The user signed out at the provider through which they signed in.
    #[error("The session ended when you signed out at the provider. Sign in again.")]
    ProviderSignOut,
    /// The user removed the identity with which they signed in.
    #[error("The session ended when its identity was removed from the account. Sign in again.")]
    IdentityRemoved,
    /// An operator disabled the user.
    #[error("The session ended when its account was disabled. Ask the operator of the service.")]
    AccountDisabled,
    /// The user had the maximum number of sessions and started another one.
    #[error("The session ended because the account reached its maximum number of sessions. Sign in again.")]
    SessionLimit,
    /// The database was reset or restored after the session was created.
    #[error("The session ended because the database was reset or restored. Sign in again.")]
    DatabaseReset,
    /// The client got a new session by sign-in, sign-up or a password change.
    #[error("The session was replaced by a newer one. Use the newer token.")]
    Replaced,
}

impl Reason {
    pub const ALL: [Self; 12] = [
        Self::SignOut,
        Self::SignOutEverywhere,
        Self::PasswordChange,
        Self::AccountDeletion,
        Self::PasswordReset,
        Self::EmailRestored,
        Self::ProviderSignOut,
        Self::IdentityRemoved,
        Self::AccountDisabled,
        Self::SessionLimit,
        Self::DatabaseReset,
        Self::Replaced,
    ];

    /// Returns the reason's name in the database and in metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::SignOut => "sign-out",
            Self::SignOutEverywhere => "sign-out-everywhere",
            Self::PasswordChange => "password-change",
            Self::AccountDeletion => "account-deletion",
            Self::PasswordReset => "password-reset",
            Self::EmailRestored => "email-restored",
            Self::ProviderSignOut => "provider-sign-out",
            Self::IdentityRemoved => "identity-removed",
            Self::AccountDisabled => "account-disabled",
            Self::SessionLimit => "session-limit",
            Self::DatabaseReset => "database-reset",
            Self::Replaced => "replaced",
        }
    }

    /// Parses a [`Reason::code`]. An unknown code, which a newer release can write, counts as a sign-out.
    pub fn from_code(code: &str) -> Self {
        Self::ALL.into_iter().find(|reason| reason.code() == code).unwrap_or(Self::SignOut)
    }
}
