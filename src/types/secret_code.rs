//! Codes that give their holder a right, such as an invitation to sign up.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::CryptoRng;
use secrecy::{ExposeSecret, SecretString};

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
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.expose().as_bytes()))
    }
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
}
