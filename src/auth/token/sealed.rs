//! Encrypted and authenticated texts that a client keeps for the service and returns unchanged.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::{Error, ErrorKind};
use zeroize::Zeroizing;

use super::keys::{Key, Purpose};
use super::tokens::Tokens;

/// What a sealed text is for. A text that was sealed for one purpose cannot be opened for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedFor {
    /// The state of a sign-in at a provider, in a cookie.
    ProviderFlow,
    /// The code that a page exchanges for a session.
    ExchangeCode,
}

impl SealedFor {
    fn context(self) -> &'static [u8] {
        match self {
            Self::ProviderFlow => b"provider flow",
            Self::ExchangeCode => b"exchange code",
        }
    }
}

impl Tokens {
    /// Encrypts a text with a key that is derived from the signing key. Returns base64url.
    pub fn seal(&self, sealed_for: SealedFor, text: &str) -> Result<String, Error> {
        let key = aead_key(self.keys().signing(), sealed_for)?;
        let mut bytes = text.as_bytes().to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::empty(), &mut bytes).map_err(|_| failed())?;
        let nonce: &[u8] = nonce.as_ref();
        Ok(URL_SAFE_NO_PAD.encode([nonce, &bytes].concat()))
    }

    /// Decrypts a text with the signing key or a retired key. Returns `None` if this service did not seal the text for
    /// this purpose.
    pub fn open(&self, sealed_for: SealedFor, sealed: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, encrypted) = bytes.split_at_checked(NONCE_LEN)?;
        let decrypt = |key: &Key| {
            let mut bytes = encrypted.to_vec();
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let text = aead_key(key, sealed_for).ok()?.open_in_place(nonce, Aad::empty(), &mut bytes).ok()?;
            String::from_utf8(text.to_vec()).ok()
        };
        self.keys().iter().find_map(decrypt)
    }
}

fn aead_key(key: &Key, sealed_for: SealedFor) -> Result<RandomizedNonceKey, Error> {
    let derived = Zeroizing::new(key.derive::<32>(Purpose::SEALED, sealed_for.context())?);
    RandomizedNonceKey::new(&AES_256_GCM, &*derived).map_err(|_| failed())
}

fn failed() -> Error {
    ErrorKind::Provider("AES-GCM failed".to_owned()).into()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use secrecy::SecretString;

    use super::super::keys::KeyRing;
    use super::super::tokens::Lifetimes;
    use super::*;

    fn tokens(secrets: &[&str]) -> Tokens {
        let secrets: Vec<_> = secrets.iter().map(|secret| SecretString::from(secret.repeat(32))).collect();
        let lifetimes = Lifetimes {
            token: TimeDelta::days(1),
            session: TimeDelta::days(1),
            unused: None,
            leeway: TimeDelta::zero(),
        };
        let keys = KeyRing::hmac(&secrets[0], &secrets[1..]).unwrap();
        Tokens::new(keys, "us".to_owned(), "us".to_owned(), lifetimes)
    }

    #[test]
    fn text_is_opened_only_for_its_purpose_and_with_a_key_of_the_ring() {
        let sealed = tokens(&["a"]).seal(SealedFor::ProviderFlow, "état").unwrap();
        assert!(!sealed.contains("tat"));
        assert_eq!(tokens(&["a"]).open(SealedFor::ProviderFlow, &sealed).as_deref(), Some("état"));
        assert_eq!(tokens(&["b", "a"]).open(SealedFor::ProviderFlow, &sealed).as_deref(), Some("état"), "retired key");
        assert_eq!(tokens(&["a"]).open(SealedFor::ExchangeCode, &sealed), None);
        assert_eq!(tokens(&["b"]).open(SealedFor::ProviderFlow, &sealed), None);
    }

    #[test]
    fn changed_text_is_not_opened() {
        let sealed = tokens(&["a"]).seal(SealedFor::ExchangeCode, "text").unwrap();
        let changed = |at: usize| {
            let mut bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
            bytes[at] ^= 1;
            URL_SAFE_NO_PAD.encode(bytes)
        };
        for at in 0..URL_SAFE_NO_PAD.decode(&sealed).unwrap().len() {
            assert_eq!(tokens(&["a"]).open(SealedFor::ExchangeCode, &changed(at)), None, "{at}");
        }
        for text in ["", "a", "AAAAAAAAAAAAAAAA", &sealed[..sealed.len() - 4], "\u{e9}"] {
            assert_eq!(tokens(&["a"]).open(SealedFor::ExchangeCode, text), None, "{text}");
        }
    }
}
