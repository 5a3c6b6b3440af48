//! E-mail addresses.

use std::fmt;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use lettre::Address;
use serde::{Deserialize, Serialize};

use super::ValidationError;
use super::limits::MAX_EMAIL_BYTES;

/// The maximum length of the part before the `@` (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL_PART_BYTES: usize = 64;

/// An address in its canonical form, so that equal addresses are equal texts. The local part is kept exactly, except
/// for quotes that it does not need (RFC 5321 §4.1.2). The domain is in lower case, and in Punycode if it is
/// international.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Parses an address such as `ada@example.com`. Addresses with an IP address instead of a domain are rejected.
    ///
    /// # Errors
    /// [`ValidationError::Email`].
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let canonical = text.trim().rsplit_once('@').and_then(|(local, domain)| {
            let (local, domain) = (local_part(local)?, ascii_domain(domain)?);
            let address = Address::new(&local, &domain).ok()?;
            (local.len() <= MAX_LOCAL_PART_BYTES).then_some(address.to_string())
        });
        canonical.filter(|text| text.len() <= MAX_EMAIL_BYTES).map(Self).ok_or(ValidationError::Email)
    }

    /// Accepts an address of the database, which was parsed before it was stored.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Hides the address, because addresses must not be in a log.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// Returns the canonical form of a local part. In quotes, a backslash makes the next character literal.
fn local_part(text: &str) -> Option<String> {
    if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    let Some(quoted) = text.strip_prefix('"') else { return Some(text.to_owned()) };
    let quoted = quoted.strip_suffix('"')?;
    let (mut literal, mut chars) = (String::new(), quoted.chars());
    while let Some(char) = chars.next() {
        match char {
            '"' => return None,
            '\\' => literal.push(chars.next()?),
            char => literal.push(char),
        }
    }
    if is_dot_string(&literal) {
        return Some(literal);
    }
    Some(format!("\"{}\"", literal.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// Returns whether a local part needs no quotes: atoms that are separated by single dots.
fn is_dot_string(text: &str) -> bool {
    let in_atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    text.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(in_atom))
}

fn ascii_domain(text: &str) -> Option<String> {
    let ascii =
        Uts46::new().to_ascii(text.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify).ok()?;
    // The last label of an IPv4 address is a number, which no top-level domain is.
    let is_address = ascii.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    (!is_address).then(|| ascii.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> Option<String> {
        Email::parse(text).ok().map(|email| email.as_str().to_owned())
    }

    #[test]
    fn equal_addresses_have_the_same_canonical_form() {
        for (text, expected) in [
            ("ada@example.com", "ada@example.com"),
            (" ada@EXAMPLE.Com\n", "ada@example.com"),
            ("Ada@example.com", "Ada@example.com"),
            ("ada+tag@mail.example.com", "ada+tag@mail.example.com"),
            ("o'hara!#$%&*/=?^_`{|}~-@example.com", "o'hara!#$%&*/=?^_`{|}~-@example.com"),
            ("ada@B\u{fc}CHER.example", "ada@xn--bcher-kva.example"),
            ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
            ("ada@localhost", "ada@localhost"),
            ("\"ada\"@example.com", "ada@example.com"),
            ("\"a\\da\"@example.com", "ada@example.com"),
            ("\"ada lovelace\"@example.com", "\"ada lovelace\"@example.com"),
            ("\"ada@home\"@example.com", "\"ada@home\"@example.com"),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn invalid_addresses_are_rejected() {
        let long = |local: usize, domain: &str| format!("{}@{domain}", "a".repeat(local));
        let domain = format!("{0}.{0}.{0}.example", "d".repeat(60));
        assert!(canonical(&long(64, "example.com")).is_some());
        assert!(canonical(&long(254 - 1 - domain.len(), &domain)).is_some());
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@@example.com",
            "a da@example.com",
            ".ada@example.com",
            "ada.@example.com",
            "a..da@example.com",
            "\"ada@example.com",
            "\"a\"da\"@example.com",
            "ad\u{e1}@example.com",
            "ada@exa mple.com",
            "ada@-example.com",
            "ada@example..com",
            "ada@example.com.",
            "ada@[127.0.0.1]",
            "ada@127.0.0.1",
            "ada@exa%6Dple.com",
            "ada@example.com\r\nBcc: eve@example.com",
            "ada\r\nBcc: eve@example.com",
            "Ada <ada@example.com>",
            "ada@example.com, eve@example.com",
            &long(65, "example.com"),
            &long(255 - 1 - domain.len(), &domain),
            &long(1, &format!("{}.com", "d".repeat(64))),
        ] {
            assert_eq!(canonical(text), None, "{text:?}");
        }
    }

    #[test]
    fn debug_output_hides_the_address() {
        assert!(!format!("{:?}", Email::parse("ada@example.com")).contains("ada"));
    }
}
