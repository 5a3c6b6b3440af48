//! Codes that give their holder a right, such as an invitation to sign up.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::CryptoRng;
use secrecy::{ExposeSecret, SecretString};

use super::digest::sha256;

/// Crockford's base 32: letters and digits that are hard to confuse. Each character encodes five bits.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const SHORT_CODE_CHARS: usize = 8;

/// A code: 128 random bits, written as 22 characters of base64url. A presented code can be any text.
#[derive(Clone, Debug)]
pub struct SecretCode(SecretString);

impl SecretCode {
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(SecretString::from(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Accepts any text, because a text that is not a code is not found. Ignores white space at the ends, which people
    /// copy by mistake.
    #[must_use]
    pub fn presented(text: &str) -> Self {
        Self(SecretString::from(text.trim()))
    }

    /// Returns the code, to be shown to the person who gets it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Returns the text that the database stores instead of the code: 43 characters of base64url. A fast hash without
    /// a salt suffices, because 128 random bits cannot be guessed.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256(&[self.expose()])
    }
}

/// A code that is short enough to be typed: 40 random bits, written as eight characters. The database stores a keyed hash
/// of it ([`Tokens::hash_code`](crate::auth::token::Tokens::hash_code)), because all codes could be tried against a hash
/// without a key.
#[derive(Clone, Debug)]
pub struct ShortCode(SecretString);

impl ShortCode {
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self(SecretString::from(random_letters(SHORT_CODE_CHARS, rng).to_ascii_uppercase()))
    }

    /// Accepts any text. Ignores case, spaces and hyphens, and accepts characters that look like the right ones.
    #[must_use]
    pub fn presented(text: &str) -> Self {
        let letter = |char: char| match char.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let typed = text.chars().filter(|char| !char.is_whitespace() && *char != '-');
        Self(SecretString::from(typed.take(SHORT_CODE_CHARS + 1).map(letter).collect::<String>()))
    }

    /// Returns the code, to be sent to the user.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Returns random characters that people can read and type.
pub fn random_letters(count: usize, rng: &mut impl CryptoRng) -> String {
    let mut bytes = vec![0; count];
    rng.fill_bytes(&mut bytes);
    bytes.into_iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::random;

    #[test]
    fn hash_of_a_code_is_the_same_after_copying_it_with_spaces() {
        let code = SecretCode::random(&mut random::secure());
        assert_eq!(code.expose().len(), 22);
        assert_eq!(SecretCode::presented(&format!(" {}\n", code.expose())).hash(), code.hash());
        assert_ne!(SecretCode::random(&mut random::secure()).hash(), code.hash());
        assert_eq!(code.hash().len(), 43);
        assert!(!format!("{code:?}").contains(code.expose()));
    }

    #[test]
    fn short_code_is_accepted_as_people_type_it() {
        let code = ShortCode::random(&mut random::secure());
        assert_eq!(code.expose().len(), SHORT_CODE_CHARS);
        assert!(code.expose().bytes().all(|byte| LETTERS.contains(&byte.to_ascii_lowercase())));
        for typed in ["a0b1-c1d0", " AOBI CLDO ", "aobl-cido\n"] {
            assert_eq!(ShortCode::presented(typed).expose(), "A0B1C1D0", "{typed}");
        }
        assert_eq!(ShortCode::presented(&"x".repeat(100)).expose().len(), SHORT_CODE_CHARS + 1, "never a valid code");
        assert!(!format!("{code:?}").contains(code.expose()));
    }
}
