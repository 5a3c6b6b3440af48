//! Names of sign-in providers. The operator chooses them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

const MAX_CHARS: usize = 32;

/// The name of a provider: a lower-case letter, then up to 31 of the characters `a-z 0-9 -`. Clones share the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderName(Arc<str>);

/// The error for a text that is not the name of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a provider must start with a letter and have at most {MAX_CHARS} of the characters a-z 0-9 -")]
pub struct InvalidProviderName;

impl ProviderName {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name of the setting of this provider that ends in `suffix`, such as `OIDC_MY_IDP_ISSUER`.
    #[must_use]
    pub fn setting(&self, suffix: &str) -> String {
        format!("OIDC_{}_{suffix}", self.0.to_ascii_uppercase().replace('-', "_"))
    }
}

impl FromStr for ProviderName {
    type Err = InvalidProviderName;

    fn from_str(text: &str) -> Result<Self, InvalidProviderName> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let starts_with_letter = text.starts_with(|first: char| first.is_ascii_lowercase());
        let valid = starts_with_letter && text.len() <= MAX_CHARS && text.bytes().all(allowed);
        if valid { Ok(Self(text.into())) } else { Err(InvalidProviderName) }
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_part_of_settings_and_paths() {
        let name: ProviderName = "my-idp2".parse().unwrap();
        assert_eq!(name.setting("ISSUER"), "OIDC_MY_IDP2_ISSUER");
        for text in ["", "Acme", "2a", "-a", "a_b", "a/b", "a b", "é", &"a".repeat(33)] {
            assert!(text.parse::<ProviderName>().is_err(), "{text}");
        }
    }
}
