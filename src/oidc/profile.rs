//! What a provider says about a person. Only a new user's name and address are made from it.

use openidconnect::core::CoreUserInfoClaims;
use openidconnect::{EndUserEmail, EndUserUsername};

use super::protocol::IdClaims;
use crate::types::email::Email;

/// The claims about a person.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// The name that the person chose at the provider. It identifies nobody.
    pub preferred_username: Option<String>,
    pub email: Option<ProviderEmail>,
}

/// An e-mail address at a provider.
#[derive(Clone, Debug)]
pub struct ProviderEmail {
    pub address: String,
    /// Whether the provider says that the address belongs to the person.
    pub is_verified: bool,
}

impl Profile {
    pub(super) fn of_id_token(claims: &IdClaims) -> Self {
        Self::new(claims.preferred_username(), claims.email(), claims.email_verified())
    }

    pub(super) fn of_user_info(claims: &CoreUserInfoClaims) -> Self {
        Self::new(claims.preferred_username(), claims.email(), claims.email_verified())
    }

    fn new(username: Option<&EndUserUsername>, email: Option<&EndUserEmail>, is_verified: Option<bool>) -> Self {
        let email =
            email.map(|email| ProviderEmail { address: email.to_string(), is_verified: is_verified == Some(true) });
        Self { preferred_username: username.map(|name| name.to_string()), email }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.preferred_username.is_some() && self.email.is_some()
    }

    /// Returns these claims, with those of `other` for the missing ones.
    pub(super) fn or(self, other: Self) -> Self {
        let preferred_username = self.preferred_username.or(other.preferred_username);
        Self { preferred_username, email: self.email.or(other.email) }
    }

    /// Returns the address, if it is verified and valid.
    #[must_use]
    pub fn verified_email(&self) -> Option<Email> {
        self.email.as_ref().filter(|email| email.is_verified).and_then(|email| Email::parse(&email.address).ok())
    }

    /// Returns texts from which a username can be made, the best one first.
    pub fn name_hints(&self) -> impl Iterator<Item = &str> {
        let local_part = self.email.as_ref().and_then(|email| email.address.split('@').next());
        self.preferred_username.as_deref().into_iter().chain(local_part)
    }
}
