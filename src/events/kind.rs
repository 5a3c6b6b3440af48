//! The kinds of events. `docs/events.md` describes each of them.

use std::str::FromStr;

macro_rules! kinds {
    ($($variant:ident, $code:literal, $message:literal;)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EventKind {
            $($variant,)*
        }

        impl EventKind {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the name in the database, in the API and in the log. It never changes.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// Returns the message of the log line.
            #[must_use]
            pub fn message(self) -> &'static str {
                match self {
                    $(Self::$variant => $message,)*
                }
            }
        }
    };
}

kinds! {
    SignUp, "sign_up", "signed up";
    SignIn, "sign_in", "signed in";
    SignInFailed, "sign_in_failed", "failed to sign in";
    PasswordCheckFailed, "password_check_failed", "sent a wrong current password";
    TokenRefused, "token_refused", "session tokens were rejected";
    SignOut, "sign_out", "signed out";
    SignOutEverywhere, "sign_out_everywhere", "signed out everywhere";
    SessionEnded, "session_ended", "ended another session";
    ProviderSignOut, "provider_sign_out", "signed out at a provider";
    PasswordChanged, "password_changed", "changed the password";
    PasswordResetRequested, "password_reset_requested", "requested a password reset";
    PasswordResetSent, "password_reset_sent", "a code that resets the password was sent";
    ResetLinkCreated, "reset_link_created", "created a link that resets the password";
    PasswordReset, "password_reset", "reset the password";
    EmailChangeRequested, "email_change_requested", "requested the verification of an e-mail address";
    EmailVerified, "email_verified", "verified an e-mail address";
    EmailChanged, "email_changed", "set the e-mail address";
    EmailRemoved, "email_removed", "removed the e-mail address";
    EmailRestored, "email_restored", "restored the previous e-mail address";
    UsernameChanged, "username_changed", "changed the username";
    RolesChanged, "roles_changed", "changed the roles";
    IdentityAdded, "identity_added", "added an identity";
    IdentityRemoved, "identity_removed", "removed an identity";
    AccountDeleted, "account_deleted", "deleted the account";
    AccountDisabled, "account_disabled", "disabled the account";
    AccountEnabled, "account_enabled", "enabled the account";
    UserCreated, "user_created", "created a user";
    TokenIssued, "token_issued", "issued a session token";
    UsersImported, "users_imported", "imported users";
    InvitationCreated, "invitation_created", "created an invitation";
    InvitationRevoked, "invitation_revoked", "revoked an invitation";
    InvitationUsed, "invitation_used", "used an invitation";
    SessionsReset, "sessions_reset", "ended all sessions";
    DatabaseRestored, "database_restored", "restored the database";
    ClassroomReset, "classroom_reset", "reset the classroom";
    KeysChanged, "keys_changed", "reloaded the keys";
}

/// The error for a text that is not the name of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of event; docs/events.md lists the kinds")]
pub struct UnknownKind;

impl FromStr for EventKind {
    type Err = UnknownKind;

    fn from_str(code: &str) -> Result<Self, UnknownKind> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code).ok_or(UnknownKind)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_has_its_own_code_that_fits_the_column() {
        let codes: HashSet<_> = EventKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), EventKind::ALL.len());
        assert!(codes.iter().all(|code| code.len() <= 40));
        assert!(EventKind::ALL.iter().all(|kind| kind.code().parse() == Ok(*kind)));
        assert_eq!("sign-up".parse::<EventKind>(), Err(UnknownKind));
    }
}
