//! Devices that have signed in to an account before, told apart by a token they keep.
//!
//! `<kid>.<device>.<seconds>.<signature>`: the signature covers the name of the account too, which is not in
//! the token, so it says nothing to who finds it. It opens nothing: its device has a bucket of its own when
//! sign-ins are limited (`limits`), that is all. What is signed begins with a word and a colon, which no
//! JWT can, so neither can be taken for the other (RFC 8725 §3.12).

use chrono::{DateTime, TimeDelta, Utc};
use rand::CryptoRng;
use secrecy::SecretString;

use super::session_id::SessionId;
use super::token::Tokens;
use super::username;

/// How long a device is remembered after its latest sign-in.
const REMEMBERED: TimeDelta = TimeDelta::days(365);
/// A longer token is not looked at; ours have less than 150 bytes.
const MAX_BYTES: usize = 512;

/// A device that has signed in to the account in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device(SessionId);

impl Tokens {
    /// The token that `device`, or a new one, keeps for the account of this name.
    ///
    /// # Errors
    /// When the cryptographic backend fails, which it does not with a key of the ring.
    pub fn remember_device(
        &self,
        device: Option<Device>,
        name: &str,
        now: DateTime<Utc>,
        rng: &mut impl CryptoRng,
    ) -> Result<SecretString, jsonwebtoken::errors::Error> {
        let Device(id) = device.unwrap_or_else(|| Device(SessionId::random(rng)));
        let keys = self.keys();
        let key = keys.signing();
        let said = format!("{}.{id}.{}", key.id(), now.timestamp());
        let signature = key.sign(&signed(&said, name))?;
        Ok(SecretString::from(format!("{said}.{signature}")))
    }

    /// The device whose token this is, if it signed in to the account of this name before.
    #[must_use]
    pub fn device(&self, token: &str, name: &str, now: DateTime<Utc>) -> Option<Device> {
        let (said, signature) = token.rsplit_once('.').filter(|_| token.len() <= MAX_BYTES)?;
        let mut parts = said.split('.');
        let (key_id, id, seconds) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || !self.keys().by_id(key_id)?.verifies(&signed(said, name), signature) {
            return None;
        }
        let signed_in_at = DateTime::from_timestamp(seconds.parse().ok()?, 0)?;
        (now < signed_in_at + REMEMBERED).then_some(Device(id.parse().ok()?))
    }
}

fn signed(said: &str, name: &str) -> Vec<u8> {
    format!("device:{said}:{}", username::key_of(name)).into_bytes()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::auth::keys::KeyRing;
    use crate::random;

    fn tokens(secret: &str) -> Tokens {
        let keys = KeyRing::hmac(&SecretString::from(secret), &[]).unwrap();
        Tokens::new(keys, "us".to_owned(), "us".to_owned(), TimeDelta::days(1), TimeDelta::zero())
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn a_device_is_known_to_the_account_it_signed_in_to_and_to_no_other() {
        let tokens = tokens("a secret of enough bytes for a test");
        let token = tokens.remember_device(None, "Ada", now(), &mut random::secure()).unwrap();
        let device = tokens.device(token.expose_secret(), "ada", now()).unwrap();
        assert_eq!(tokens.device(token.expose_secret(), "bob", now()), None);
        let again = tokens.remember_device(Some(device), "ada", now(), &mut random::secure()).unwrap();
        assert_eq!(tokens.device(again.expose_secret(), "ADA", now()), Some(device), "it stays the same device");
    }

    #[test]
    fn it_is_forgotten_after_a_year_and_with_the_key() {
        let tokens = tokens("a secret of enough bytes for a test");
        let token = tokens.remember_device(None, "ada", now(), &mut random::secure()).unwrap();
        let token = token.expose_secret();
        assert!(tokens.device(token, "ada", now() + TimeDelta::days(364)).is_some());
        assert!(tokens.device(token, "ada", now() + TimeDelta::days(365)).is_none());
        assert!(self::tokens("another secret of enough bytes, really").device(token, "ada", now()).is_none());
    }

    #[test]
    fn it_is_no_session_token_and_a_session_token_is_no_device() {
        let tokens = tokens("a secret of enough bytes for a test");
        let device = tokens.remember_device(None, "ada", now(), &mut random::secure()).unwrap();
        assert!(tokens.verify(device.expose_secret(), now()).is_err());
        let session = tokens.issue(1, now(), &mut random::secure()).unwrap().token;
        assert_eq!(tokens.device(session.expose_secret(), "ada", now()), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_no_device_and_no_panic(text in proptest::prelude::any::<String>()) {
            proptest::prop_assert!(tokens("a secret of enough bytes for a test").device(&text, "ada", now()).is_none());
        }
    }
}
