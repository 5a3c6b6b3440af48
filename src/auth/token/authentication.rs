//! How and when the user of a session authenticated: the claims `auth_time`, `amr` and `idp`.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, Utc};

use crate::types::limits::{MAX_AUTH_METHOD_CHARS, MAX_AUTH_METHODS};
use crate::types::provider_name::ProviderName;

/// The methods of a password, and of a provider that does not name its methods (`amr`).
pub(super) const PASSWORD: &str = "pwd";
const FEDERATED: &str = "fed";
/// The method of a token that an operator issued. RFC 8176 has no name for it.
pub(super) const OPERATOR: &str = "operator";

/// How and when a user authenticated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authentication {
    pub time: AuthenticationTime,
    pub method: Method,
}

/// When a user authenticated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthenticationTime {
    #[default]
    Now,
    At(DateTime<Utc>),
    /// The provider does not say when.
    Unknown,
}

impl AuthenticationTime {
    /// Returns the time in seconds, not later than `now`.
    pub(super) fn before(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Now => Some(now),
            Self::At(at) => Some(at.trunc_subsecs(0).min(now)),
            Self::Unknown => None,
        }
    }
}

/// How a user authenticated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// With a password, or with a code that sets one.
    #[default]
    Password,
    /// At a provider.
    Provider(Arc<ProviderSignIn>),
    /// Not at all: an operator issued the token.
    Operator,
}

/// A sign-in at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderSignIn {
    pub provider: ProviderName,
    methods: Vec<String>,
}

impl ProviderSignIn {
    /// `methods` are the authentication methods that the provider names (`amr`). Methods that are not short words are
    /// left out.
    #[must_use]
    pub fn new<'a>(provider: ProviderName, methods: impl IntoIterator<Item = &'a str>) -> Self {
        let is_word = |method: &&str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
            !method.is_empty() && method.len() <= MAX_AUTH_METHOD_CHARS && method.bytes().all(allowed)
        };
        let methods: Vec<_> = methods.into_iter().filter(is_word).take(MAX_AUTH_METHODS).map(str::to_owned).collect();
        Self { provider, methods: if methods.is_empty() { vec![FEDERATED.to_owned()] } else { methods } }
    }
}

impl Method {
    /// Returns the value of the claim `amr` (RFC 8176).
    pub(super) fn names(&self) -> Vec<&str> {
        match self {
            Self::Password => vec![PASSWORD],
            Self::Operator => vec![OPERATOR],
            Self::Provider(sign_in) => sign_in.methods.iter().map(String::as_str).collect(),
        }
    }

    /// Returns the provider, if the user authenticated at one.
    #[must_use]
    pub fn provider(&self) -> Option<&ProviderName> {
        match self {
            Self::Password | Self::Operator => None,
            Self::Provider(sign_in) => Some(&sign_in.provider),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_words_are_accepted_as_methods() {
        let names = |methods: &[&str]| {
            let sign_in = ProviderSignIn::new("acme".parse().unwrap(), methods.iter().copied());
            Method::Provider(Arc::new(sign_in)).names().join(" ")
        };
        assert_eq!(names(&["pwd", "otp"]), "pwd otp");
        assert_eq!(names(&[]), "fed");
        assert_eq!(names(&["", "two words", "\"", &"x".repeat(33)]), "fed");
        assert_eq!(names(&["a"; 100]).len(), 2 * MAX_AUTH_METHODS - 1);
    }
}
