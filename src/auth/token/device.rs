//! Device tokens: JWTs that mark a device from which a user has signed in before.
//!
//! A device token does not authenticate a user. It only gives the device its own rate limit at sign-in. Its key is
//! derived from the signing key, and its `typ` is `device+jwt`. So it is never accepted as a session token (RFC 8725
//! §3.12). It contains no username, only keyed fingerprints of the username and of the stored password hash.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::errors::Error;
use rand::CryptoRng;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::jws::{Parts, decode};
use super::keys::{Key, Purpose};
use super::session_id::SessionId;
use super::tokens::Tokens;
use crate::types::{KeyId, username};

/// The lifetime of a device token. Each sign-in issues a new one.
const LIFETIME: TimeDelta = TimeDelta::days(365);
const FINGERPRINT_BYTES: usize = 12;

/// The random id of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device(SessionId);

/// The account that a device token is issued for.
#[derive(Clone, Copy, Debug)]
pub struct DeviceAccount<'a> {
    pub username: &'a str,
    pub password_hash: &'a str,
}

/// A device whose token was issued for the username. The fingerprint of the password hash is not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentedDevice {
    pub device: Device,
    key_id: KeyId,
    password: String,
}

#[derive(Deserialize, Serialize)]
struct DeviceClaims {
    /// The id of the device.
    jti: String,
    iat: i64,
    exp: i64,
    /// The fingerprint of the username.
    name: String,
    /// The fingerprint of the stored password hash.
    pwd: String,
}

impl Tokens {
    /// Issues a token for `device`, or for a new device if `device` is `None`.
    pub fn issue_device(
        &self,
        device: Option<Device>,
        account: DeviceAccount<'_>,
        now: DateTime<Utc>,
        rng: &mut impl CryptoRng,
    ) -> Result<SecretString, Error> {
        let Device(id) = device.unwrap_or_else(|| Device(SessionId::random(rng)));
        let keys = self.keys();
        let key = keys.signing();
        let claims = DeviceClaims {
            jti: id.to_string(),
            iat: now.timestamp(),
            exp: (now + LIFETIME).timestamp(),
            name: username_fingerprint(key, account.username)?,
            pwd: password_fingerprint(key, account.password_hash)?,
        };
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims)?);
        let message = format!("{}.{payload}", key.device_header());
        let signature = key.device_key().sign(message.as_bytes());
        Ok(SecretString::from(format!("{message}.{signature}")))
    }

    /// Verifies a device token, except the fingerprint of the password hash. [`Tokens::confirm_device`] checks that
    /// one.
    pub fn verify_device(&self, token: &str, username: &str, now: DateTime<Utc>) -> Option<PresentedDevice> {
        let parts = Parts::split(token)?;
        let keys = self.keys();
        let key = keys.iter().find(|key| key.device_header() == parts.header)?;
        if !key.device_key().verifies(parts.message.as_bytes(), parts.signature) {
            return None;
        }
        let claims: DeviceClaims = serde_json::from_slice(&decode(parts.payload)?).ok()?;
        let valid = now.timestamp() < claims.exp && claims.name == username_fingerprint(key, username).ok()?;
        let device = Device(claims.jti.parse().ok()?);
        valid.then(|| PresentedDevice { device, key_id: key.id().clone(), password: claims.pwd })
    }

    /// Returns the device if its token was issued for this stored password hash.
    pub fn confirm_device(&self, presented: &PresentedDevice, password_hash: &str) -> Option<Device> {
        let password = password_fingerprint(self.keys().by_id(&presented.key_id.0)?, password_hash).ok()?;
        (password == presented.password).then_some(presented.device)
    }
}

fn username_fingerprint(key: &Key, username: &str) -> Result<String, Error> {
    fingerprint(key, Purpose::DEVICE_USERNAME, &username::key_of_any(username))
}

fn password_fingerprint(key: &Key, password_hash: &str) -> Result<String, Error> {
    fingerprint(key, Purpose::DEVICE_PASSWORD, password_hash)
}

fn fingerprint(key: &Key, purpose: Purpose, text: &str) -> Result<String, Error> {
    let bytes: [u8; FINGERPRINT_BYTES] = key.derive(purpose, text.as_bytes())?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::auth::token::keys::KeyRing;
    use crate::auth::token::refusal::Refusal;
    use crate::auth::token::{Lifetimes, Tokens};
    use crate::platform::random;
    use crate::types::UserId;
    use crate::types::generation::Generation;

    fn tokens(secret: &str) -> Tokens {
        let keys = KeyRing::hmac(&SecretString::from(secret), &[]).unwrap();
        let lifetimes = Lifetimes {
            token: TimeDelta::days(1),
            session: TimeDelta::days(1),
            unused: None,
            leeway: TimeDelta::zero(),
        };
        Tokens::new(keys, "us".to_owned(), "us".to_owned(), lifetimes)
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn issue(tokens: &Tokens, device: Option<Device>, username: &str) -> String {
        let account = DeviceAccount { username, password_hash: "a hash" };
        tokens.issue_device(device, account, now(), &mut random::secure()).unwrap().expose_secret().to_owned()
    }

    #[test]
    fn device_token_and_session_token_are_not_interchangeable() {
        let tokens = tokens("a secret of enough bytes for a test");
        let device = issue(&tokens, None, "ada");
        assert_eq!(tokens.verify(&device, now()), Err(Refusal::WrongType));
        let generation = Generation::random(&mut random::secure());
        let session = tokens.issue(Some(UserId(1).into()), generation, now(), &mut random::secure()).unwrap().token;
        let session = session.expose_secret();
        assert_eq!(tokens.verify_device(session, "ada", now()), None);
        // Each token is also rejected if it has the header of the other one, because the keys differ.
        let with_header_of = |token: &str, other: &str| {
            let (header, _) = other.split_once('.').unwrap();
            format!("{header}.{}", token.split_once('.').unwrap().1)
        };
        assert_eq!(tokens.verify(&with_header_of(&device, session), now()), Err(Refusal::BadSignature));
        assert_eq!(tokens.verify_device(&with_header_of(session, &device), "ada", now()), None);
        let keys = tokens.keys();
        let claims = device.split('.').nth(1).unwrap();
        let message = format!("{}.{claims}", keys.signing().header(crate::auth::token::keys::TokenType::User));
        let signed = format!("{message}.{}", keys.signing().device_key().sign(message.as_bytes()));
        assert_eq!(tokens.verify(&signed, now()), Err(Refusal::BadSignature));
    }
}
