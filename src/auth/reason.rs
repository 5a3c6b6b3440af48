//! Why a session ended before its token expired.

use thiserror::Error;

/// Why a session ended before its token expired.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Reason {
    /// The user signed out of it.
    #[error("The session has been signed out.")]
    SignOut,
    /// The user signed out of several sessions at once.
    #[error("The session has been signed out with the user's others.")]
    SignOutEverywhere,
    /// The user's password was changed.
    #[error("The session ended when the password was changed.")]
    PasswordChange,
    /// The user is no more.
    #[error("The session ended with its account.")]
    AccountDeletion,
    /// An operator gave the user another password.
    #[error("The session ended when the password was reset.")]
    PasswordReset,
    /// An operator disabled the user.
    #[error("The session ended when its account was disabled.")]
    AccountDisabled,
    /// The user had the most sessions one may have, and began another.
    #[error("The session made room for a newer one.")]
    SessionLimit,
    /// Whoever held it signed in or up again, or changed the password, and was given another in its place.
    #[error("The session was replaced by another.")]
    Replaced,
}

impl Reason {
    const ALL: [Self; 8] = [
        Self::SignOut,
        Self::SignOutEverywhere,
        Self::PasswordChange,
        Self::AccountDeletion,
        Self::PasswordReset,
        Self::AccountDisabled,
        Self::SessionLimit,
        Self::Replaced,
    ];

    /// How it is written in the database and in metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SignOut => "sign-out",
            Self::SignOutEverywhere => "sign-out-everywhere",
            Self::PasswordChange => "password-change",
            Self::AccountDeletion => "account-deletion",
            Self::PasswordReset => "password-reset",
            Self::AccountDisabled => "account-disabled",
            Self::SessionLimit => "session-limit",
            Self::Replaced => "replaced",
        }
    }

    /// Reads what [`Reason::code`] wrote. A word of a newer release ends the session too.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        Self::ALL.into_iter().find(|reason| reason.code() == code).unwrap_or(Self::SignOut)
    }
}
