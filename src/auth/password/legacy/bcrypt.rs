//! bcrypt (`$2a$`, `$2b$`, `$2y$`), and Django's `bcrypt_sha256$`, which applies bcrypt to the SHA-256 of a password.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use zeroize::Zeroizing;

use super::{ImportedCost, Unusable};

/// A bcrypt hash. bcrypt uses only the first 72 bytes of a password.
#[derive(Debug)]
pub struct Bcrypt {
    text: String,
    /// Whether bcrypt was applied to the SHA-256 of the password, in hexadecimal digits.
    is_of_sha256: bool,
}

/// Parses a bcrypt hash, for example `$2b$10$` followed by 53 characters of salt and output.
pub(super) fn parse(text: &str, max: ImportedCost) -> Result<Bcrypt, Unusable> {
    let of_sha256 = text.strip_prefix("bcrypt_sha256$");
    let text = of_sha256.unwrap_or(text);
    let mut parts = text.split('$');
    let (start, version, cost, rest) = (parts.next(), parts.next(), parts.next(), parts.next());
    let known = start == Some("") && matches!(version, Some("2a" | "2b" | "2y")) && parts.next().is_none();
    let complete = rest.is_some_and(|rest| rest.len() == 53 && rest.bytes().all(is_digit));
    match cost.filter(|cost| cost.len() == 2).and_then(|cost| cost.parse::<u32>().ok()) {
        Some(cost) if known && complete && cost >= 4 => {
            if cost > max.bcrypt_cost() {
                return Err(Unusable::TooCostly);
            }
            Ok(Bcrypt { text: text.to_owned(), is_of_sha256: of_sha256.is_some() })
        }
        _ => Err(Unusable::Unknown),
    }
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/'
}

impl Bcrypt {
    pub(super) fn matches(&self, password: &[u8]) -> bool {
        if !self.is_of_sha256 {
            return ::bcrypt::verify(password, &self.text).unwrap_or(false);
        }
        let mut digits = Zeroizing::new(String::with_capacity(64));
        for byte in digest::digest(&digest::SHA256, password).as_ref() {
            let _ = write!(digits, "{byte:02x}");
        }
        ::bcrypt::verify(digits.as_bytes(), &self.text).unwrap_or(false)
    }
}
