//! Passwords: what one may be. `PasswordHasher` is what hashes and compares them.

use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;
use secrecy::{ExposeSecret, SecretString};

use super::Rule;
use super::common_passwords;
use super::username;

/// A longer password is refused, not cut; counted as sent.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// A password as a person gave it, in NFKC (NIST SP 800-63B-4 §3.1.1.2), so that it does not matter
/// which keyboard composed its accents. Blanks and case stay as they are.
#[derive(Clone)]
pub struct Password {
    normalised: SecretString,
    /// What was typed, where it differs: hashes made elsewhere may be of that.
    typed: Option<SecretString>,
}

impl Password {
    /// A password presented to be compared with a stored one: no rule but the size.
    ///
    /// # Errors
    /// [`Rule::PasswordTooLong`] over 1,024 bytes.
    pub fn presented(text: &str) -> Result<Self, Rule> {
        if text.len() > MAX_PASSWORD_BYTES {
            return Err(Rule::PasswordTooLong);
        }
        let normalised = ComposingNormalizerBorrowed::new_nfkc().normalize(text).into_owned();
        let typed = (normalised != text).then(|| SecretString::from(text));
        Ok(Self { normalised: SecretString::from(normalised), typed })
    }

    /// A password chosen for an account: at least `minimum` code points, and none that everybody tries
    /// here; `service` is the name this service goes by.
    ///
    /// # Errors
    /// The rule that `text` breaks.
    pub fn chosen(text: &str, minimum: usize, service: &str) -> Result<Self, Rule> {
        let password = Self::presented(text)?;
        // One sign can be many when it is normalised, and many can be one.
        if text.chars().count().min(password.text().chars().count()) < minimum {
            return Err(Rule::PasswordTooShort { minimum });
        }
        if common_passwords::contains(&folded(password.text())) || password.is_like(service) {
            return Err(Rule::PasswordTooCommon);
        }
        Ok(password)
    }

    /// Whether it is made of `word`, forwards or backwards, with no more than digits and signs around it
    /// (OWASP ASVS 6.2.11).
    #[must_use]
    pub fn is_like(&self, word: &str) -> bool {
        let folded = username::key_of(self.text());
        let word = username::key_of(word);
        let core = |text: &str| text.trim_matches(|char: char| !char.is_alphabetic()).to_owned();
        let backwards = |text: &str| text.chars().rev().collect::<String>();
        // Of one or two letters there is hardly a password that could not be said to be made.
        let decorated = |word: &str| word.chars().count() > 2 && core(&folded) == *word;
        let is = |word: &str| !word.is_empty() && (folded == *word || decorated(word));
        is(&word) || is(&core(&word)) || is(&backwards(&word)) || is(&backwards(&core(&word)))
    }

    /// What our own hashes are made of.
    pub(super) fn bytes(&self) -> &[u8] {
        self.text().as_bytes()
    }

    /// What hashes made elsewhere are made of.
    pub(super) fn typed(&self) -> &[u8] {
        self.typed.as_ref().unwrap_or(&self.normalised).expose_secret().as_bytes()
    }

    /// What a hash of other parameters may be of: made elsewhere, or by us before they changed.
    pub(super) fn forms(&self) -> impl Iterator<Item = &[u8]> {
        let normalised = self.typed.is_some().then(|| self.bytes());
        std::iter::once(self.typed()).chain(normalised)
    }

    fn text(&self) -> &str {
        self.normalised.expose_secret()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}

/// A password as it is looked up in the list of common ones.
pub(super) fn folded(text: &str) -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    nfkc.normalize(&nfkc.normalize(text).to_lowercase()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_code_points_and_capped_in_bytes() {
        assert!(Password::chosen("ünïcödé!", 8, "daypass").is_ok());
        assert_eq!(Password::chosen("ünïcödé", 8, "daypass").unwrap_err(), Rule::PasswordTooShort { minimum: 8 });
        assert!(Password::chosen("\u{fdfa}", 8, "daypass").is_err(), "one sign that is normalised to 18");
        assert!(Password::chosen(&"xy ".repeat(341), 8, "daypass").is_ok());
        assert_eq!(Password::chosen(&"x".repeat(1025), 8, "daypass").unwrap_err(), Rule::PasswordTooLong);
    }

    #[test]
    fn what_everybody_tries_is_refused_in_any_case_and_width() {
        for text in ["daypass2026", "password1", "PassWord1", "ｐassword1", "12345678", "QWERTYUIOP"] {
            assert_eq!(Password::chosen(text, 8, "daypass").unwrap_err(), Rule::PasswordTooCommon, "{text}");
        }
    }

    #[test]
    fn there_are_no_rules_of_composition() {
        for text in ["allinlowercase", "83947561029384", "!?!?;;--!?", "xaxaxaxaxaxa", "        .", "密码密码密码密码"]
        {
            assert!(Password::chosen(text, 8, "daypass").is_ok(), "{text}");
        }
    }

    #[test]
    fn the_name_with_decorations_is_like_the_name() {
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
    fn a_password_is_not_shown_by_debug() {
        assert_eq!(format!("{:?}", Password::presented("hunter2!").unwrap()), "Password(hidden)");
    }
}
