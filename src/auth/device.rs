//! Devices that have signed in to an account before, told apart by a token they keep.
//!
//! `<kid>.<device>.<seconds>.<password>.<signature>`: the signature covers the name of the account too, which
//! is not in the token, so it says nothing to who finds it. `<password>` stands for the stored hash: with
//! another password, or another account of the same name, the device is a stranger. The token opens nothing;
//! its device has a bucket of its own when sign-ins are limited (`limits`), that is all. What is signed
//! begins with a word and a colon, which no JWT can, so neither can be taken for the other (RFC 8725 §3.12).

use chrono::{DateTime, TimeDelta, Utc};
use rand::CryptoRng;
use secrecy::SecretString;

use super::keys::Key;
use super::session_id::SessionId;
use super::token::Tokens;
use super::username;

/// How long a device is remembered after its latest sign-in.
const REMEMBERED: TimeDelta = TimeDelta::days(365);
/// A longer token is not looked at; ours have less than 150 bytes.
const MAX_BYTES: usize = 512;

/// Characters that stand for a stored hash: 66 bits, and no way back.
const PASSWORD_CHARS: usize = 11;

/// A device that has signed in to the account in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device(SessionId);

/// A device that signed in under a name, with whatever password that account had then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    device: Device,
    key_id: String,
    password: String,
}

impl Tokens {
    /// The token that `device`, or a new one, keeps for the account of this name and stored hash.
    ///
    /// # Errors
    /// When the cryptographic backend fails, which it does not with a key of the ring.
    pub fn remember_device(
        &self,
        device: Option<Device>,
        (name, password_hash): (&str, &str),
        now: DateTime<Utc>,
        rng: &mut impl CryptoRng,
    ) -> Result<SecretString, jsonwebtoken::errors::Error> {
        let Device(id) = device.unwrap_or_else(|| Device(SessionId::random(rng)));
        let keys = self.keys();
        let key = keys.signing();
        let password = stands_for(key, password_hash)?;
        let said = format!("{}.{id}.{}.{password}", key.id(), now.timestamp());
        let signature = key.sign(&signed(&said, name))?;
        Ok(SecretString::from(format!("{said}.{signature}")))
    }

    /// Whose token this is, if it was given out under this name. Whether the account is still the same is to
    /// be seen from its stored hash ([`Tokens::device`]).
    #[must_use]
    pub fn remembered(&self, token: &str, name: &str, now: DateTime<Utc>) -> Option<Remembered> {
        let (said, signature) = token.rsplit_once('.').filter(|_| token.len() <= MAX_BYTES)?;
        let mut parts = said.split('.');
        let (key_id, id, seconds, password) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || !self.keys().by_id(key_id)?.verifies(&signed(said, name), signature) {
            return None;
        }
        let signed_in_at = DateTime::from_timestamp(seconds.parse().ok()?, 0)?;
        let remembered =
            Remembered { device: Device(id.parse().ok()?), key_id: key_id.to_owned(), password: password.to_owned() };
        (now < signed_in_at + REMEMBERED).then_some(remembered)
    }

    /// The device, if the account's stored hash is the one it signed in with.
    #[must_use]
    pub fn device(&self, remembered: &Remembered, password_hash: &str) -> Option<Device> {
        let password = stands_for(self.keys().by_id(&remembered.key_id)?, password_hash).ok()?;
        (password == remembered.password).then_some(remembered.device)
    }
}

fn signed(said: &str, name: &str) -> Vec<u8> {
    format!("device:{said}:{}", username::key_of_any(name)).into_bytes()
}

fn stands_for(key: &Key, password_hash: &str) -> Result<String, jsonwebtoken::errors::Error> {
    let mut text = key.sign(format!("password:{password_hash}").as_bytes())?;
    text.truncate(PASSWORD_CHARS);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::auth::keys::KeyRing;
    use crate::auth::token::Lifetimes;
    use crate::random;

    fn tokens(secret: &str) -> Tokens {
        let keys = KeyRing::hmac(&SecretString::from(secret), &[]).unwrap();
        let lifetimes = Lifetimes { session: TimeDelta::days(1), unused: None, leeway: TimeDelta::zero() };
        Tokens::new(keys, "us".to_owned(), "us".to_owned(), lifetimes)
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn remember(tokens: &Tokens, device: Option<Device>, name: &str) -> String {
        let token = tokens.remember_device(device, (name, "a hash"), now(), &mut random::secure()).unwrap();
        token.expose_secret().to_owned()
    }

    #[test]
    fn a_device_is_known_to_the_account_it_signed_in_to_and_to_no_other() {
        let tokens = tokens("a secret of enough bytes for a test");
        let token = remember(&tokens, None, "Ada");
        let remembered = tokens.remembered(&token, "ada", now()).unwrap();
        let device = tokens.device(&remembered, "a hash").unwrap();
        assert_eq!(tokens.remembered(&token, "bob", now()), None);
        assert_eq!(tokens.device(&remembered, "another hash"), None, "the password was changed");
        let again = remember(&tokens, Some(device), "ada");
        let again = tokens.remembered(&again, "ADA", now()).unwrap();
        assert_eq!(tokens.device(&again, "a hash"), Some(device), "it stays the same device");
    }

    #[test]
    fn it_is_forgotten_after_a_year_and_with_the_key() {
        let tokens = tokens("a secret of enough bytes for a test");
        let token = remember(&tokens, None, "ada");
        assert!(tokens.remembered(&token, "ada", now() + TimeDelta::days(364)).is_some());
        assert!(tokens.remembered(&token, "ada", now() + TimeDelta::days(365)).is_none());
        assert!(self::tokens("another secret of enough bytes, really").remembered(&token, "ada", now()).is_none());
    }

    #[test]
    fn it_is_no_session_token_and_a_session_token_is_no_device() {
        let tokens = tokens("a secret of enough bytes for a test");
        assert!(tokens.verify(&remember(&tokens, None, "ada"), now()).is_err());
        let session = tokens.issue(Some(1), now(), &mut random::secure()).unwrap().token;
        assert_eq!(tokens.remembered(session.expose_secret(), "ada", now()), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_no_device_and_no_panic(text in proptest::prelude::any::<String>()) {
            let tokens = tokens("a secret of enough bytes for a test");
            proptest::prop_assert!(tokens.remembered(&text, "ada", now()).is_none());
        }
    }
}
