//! The password type and the rules for new passwords.

use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;
use zeroize::Zeroizing;

use super::common_passwords;
use crate::types::ValidationError;
use crate::types::limits::MAX_PASSWORD_BYTES;
use crate::types::username;

/// A password as typed. It is hashed in NFKC (NIST SP 800-63B-4 §3.1.1.2), so composed and decomposed accents are
/// equal. Spaces and case matter.
#[derive(Clone)]
pub struct Password {
    typed: Zeroizing<String>,
}

/// The forms of a password from which a stored hash may have been computed.
pub(super) struct Forms {
    typed: Zeroizing<String>,
    /// `None` if the password is too long in NFKC. The password then matches no hash that this service created.
    normalised: Option<Zeroizing<String>>,
}

impl Password {
    /// Accepts a password for a comparison. Only its size is checked.
    pub fn presented(text: &str) -> Result<Self, ValidationError> {
        if text.len() > MAX_PASSWORD_BYTES {
            return Err(ValidationError::PasswordTooLong);
        }
        // The password is normalised later, after the rate limits are checked.
        Ok(Self { typed: Zeroizing::new(text.to_owned()) })
    }

    /// Accepts a new password. It must have at least `minimum` code points, must not be a common password, and must not
    /// be like the service's name.
    pub fn chosen(text: &str, minimum: usize, service: &str) -> Result<Self, ValidationError> {
        let password = Self::presented(text)?;
        let normalised = normalised(text).ok_or(ValidationError::PasswordTooLong)?;
        // Normalisation can increase or decrease the number of code points.
        if text.chars().count().min(normalised.chars().count()) < minimum {
            return Err(ValidationError::PasswordTooShort { minimum });
        }
        let folded = Zeroizing::new(folded(&normalised));
        if common_passwords::contains(&folded) || password.is_like(service) {
            return Err(ValidationError::PasswordTooCommon);
        }
        Ok(password)
    }

    /// Returns whether the password is `word`, forwards or backwards, with only digits and punctuation around it
    /// (OWASP ASVS 6.2.11).
    pub fn is_like(&self, word: &str) -> bool {
        let Some(normalised) = normalised(&self.typed) else { return false };
        let folded = Zeroizing::new(username::key_of(&normalised));
        let word = username::key_of(word);
        let core = |text: &str| text.trim_matches(|char: char| !char.is_alphabetic()).to_owned();
        let backwards = |text: &str| text.chars().rev().collect::<String>();
        // Words of one or two letters are part of too many passwords.
        let decorated = |word: &str| word.chars().count() > 2 && core(&folded) == *word;
        let is = |word: &str| !word.is_empty() && (*folded == *word || decorated(word));
        is(&word) || is(&core(&word)) || is(&backwards(&word)) || is(&backwards(&core(&word)))
    }

    /// Returns the forms to hash or to compare. Normalisation stops after 1,024 bytes.
    pub(super) fn forms(&self) -> Forms {
        Forms { typed: self.typed.clone(), normalised: normalised(&self.typed) }
    }
}

impl Forms {
    /// Returns the form that our own hashes use.
    pub(super) fn normalised(&self) -> Option<&[u8]> {
        self.normalised.as_ref().map(|text| text.as_bytes())
    }

    /// Returns the form that most legacy hashes use.
    pub(super) fn typed(&self) -> &[u8] {
        self.typed.as_bytes()
    }

    /// Returns all forms. An argon2 hash with other parameters may be a legacy hash or one of our earlier hashes.
    pub(super) fn all(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(self.typed()).chain(self.normalised().filter(|normalised| *normalised != self.typed()))
    }
}

/// Returns the text in NFKC, or `None` if the result has more than 1,024 bytes. NFKC can turn three bytes into 33.
fn normalised(text: &str) -> Option<Zeroizing<String>> {
    // The string is allocated at its maximum size, because growing would leave a copy in memory.
    let mut normalised = Zeroizing::new(String::with_capacity(MAX_PASSWORD_BYTES));
    for char in ComposingNormalizerBorrowed::new_nfkc().normalize_iter(text.chars()) {
        if normalised.len() + char.len_utf8() > MAX_PASSWORD_BYTES {
            return None;
        }
        normalised.push(char);
    }
    Some(normalised)
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}

/// Normalises a text and converts it to lowercase, like the entries of the list of common passwords.
pub(super) fn folded(text: &str) -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    nfkc.normalize(&nfkc.normalize(text).to_lowercase()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_code_points_and_limited_in_bytes() {
        assert!(Password::chosen("ünïcödé!", 8, "daypass").is_ok());
        assert_eq!(
            Password::chosen("ünïcödé", 8, "daypass").unwrap_err(),
            ValidationError::PasswordTooShort { minimum: 8 }
        );
        assert!(Password::chosen("\u{fdfa}", 8, "daypass").is_err(), "one code point that becomes 18 in NFKC");
        assert!(Password::chosen(&"xy ".repeat(341), 8, "daypass").is_ok());
        let expands = "\u{fdfa}".repeat(341);
        assert_eq!(Password::chosen(&expands, 8, "daypass").unwrap_err(), ValidationError::PasswordTooLong, "in NFKC");
        assert!(Password::presented(&expands).unwrap().forms().normalised().is_none());
        assert_eq!(Password::chosen(&"x".repeat(1025), 8, "daypass").unwrap_err(), ValidationError::PasswordTooLong);
    }

    #[test]
    fn common_passwords_are_rejected_in_any_case_and_width() {
        for text in ["daypass2026", "password1", "PassWord1", "ｐassword1", "12345678", "QWERTYUIOP"] {
            assert_eq!(Password::chosen(text, 8, "daypass").unwrap_err(), ValidationError::PasswordTooCommon, "{text}");
        }
    }

    #[test]
    fn there_are_no_composition_rules() {
        for text in ["allinlowercase", "83947561029384", "!?!?;;--!?", "xaxaxaxaxaxa", "        .", "密码密码密码密码"]
        {
            assert!(Password::chosen(text, 8, "daypass").is_ok(), "{text}");
        }
    }

    #[test]
    fn decorated_name_is_like_the_name() {
        for (password, name) in [
            ("lovelace", "lovelace"),
            ("LoveLace", "lovelace"),
            ("lovelace1", "Lovelace"),
            ("1815lovelace!!", "lovelace"),
            ("ecalevol", "lovelace"),
            ("ecalevol99", "lovelace"),
            ("lovelace1815", "lovelace1815"),
            ("lovelace2026", "lovelace1815"),
            ("5181ecalevol", "lovelace1815"),
            ("ａda-1815", "Ada"),
            ("123456789", "123456789"),
        ] {
            assert!(Password::presented(password).unwrap().is_like(name), "{password} and {name}");
        }
        for (password, name) in [
            ("lovelace and byron", "lovelace"),
            ("83947561029", "ada"),
            ("8472-1193-5520-x", "x"),
            ("adamant rocks", "ada"),
            ("x", ""),
        ] {
            assert!(!Password::presented(password).unwrap().is_like(name), "{password} and {name}");
        }
    }

    #[test]
    fn debug_hides_the_password() {
        assert_eq!(format!("{:?}", Password::presented("hunter2!").unwrap()), "Password(hidden)");
    }
}
