//! Session tokens: issue one, verify one. The only door to the key ring.
//!
//! Verifying is pure: no database, no network, no clock of its own. The order is fixed: form,
//! header, key, signature, and only then the claims (RFC 8725 §3.3).

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use rand::CryptoRng;
use secrecy::SecretString;

use super::claims::{Audience, Claims, Header};
use super::keys::{Key, KeyRing};
use super::refusal::Refusal;
use super::session_id::SessionId;

/// A longer token is refused unread; ours have some 400 bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// What a verified token says: the session of the request that carried it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session's id (`sid`).
    pub id: SessionId,
    /// The user's id (`sub`).
    pub user_id: i64,
    /// When the session began (`auth_time`), in whole seconds.
    pub authenticated_at: DateTime<Utc>,
    /// When the token stops being accepted (`exp`), in whole seconds.
    pub expires_at: DateTime<Utc>,
}

/// A token just issued, and the session it carries.
pub struct Issued {
    /// The JWT.
    pub token: SecretString,
    /// What it says.
    pub session: Session,
    /// The `kid` of the key that signed it.
    pub key_id: String,
}

/// Issues and verifies session tokens.
#[derive(Debug)]
pub struct Tokens {
    /// Swapped whole when keys rotate; requests in flight finish with the ring they began with.
    keys: RwLock<Arc<KeyRing>>,
    issuer: String,
    audience: String,
    lifetime: TimeDelta,
    leeway: TimeDelta,
}

impl Tokens {
    /// `lifetime` and `leeway` are cut to whole seconds, the unit of a token's times.
    #[must_use]
    pub fn new(keys: KeyRing, issuer: String, audience: String, lifetime: TimeDelta, leeway: TimeDelta) -> Self {
        let keys = RwLock::new(Arc::new(keys));
        Self { keys, issuer, audience, lifetime, leeway }
    }

    /// Takes another key ring into use, at once and for all requests to come.
    pub fn rotate(&self, keys: KeyRing) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// The key ring in use.
    #[must_use]
    pub fn keys(&self) -> Arc<KeyRing> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How long an issued token lives, in seconds.
    #[must_use]
    pub fn lifetime_seconds(&self) -> i64 {
        self.lifetime.num_seconds()
    }

    /// Signs a token for a session that begins now. `exp - iat` is exactly the lifetime.
    ///
    /// # Errors
    /// When the cryptographic backend fails, which it does not with a key of the ring.
    pub fn issue(
        &self,
        user_id: i64,
        now: DateTime<Utc>,
        rng: &mut impl CryptoRng,
    ) -> Result<Issued, jsonwebtoken::errors::Error> {
        let id = SessionId::random(rng);
        let issued_at = now.trunc_subsecs(0);
        let expires_at = issued_at + self.lifetime;
        let claims = Claims {
            iss: Some(Cow::Borrowed(&self.issuer)),
            aud: Some(Audience::One(Cow::Borrowed(&self.audience))),
            sub: Cow::Owned(user_id.to_string()),
            sid: Cow::Owned(id.to_string()),
            jti: Cow::Owned(SessionId::random(rng).to_string()),
            iat: issued_at.timestamp(),
            exp: expires_at.timestamp(),
            nbf: None,
            auth_time: issued_at.timestamp(),
            amr: vec![Cow::Borrowed("pwd")],
        };
        let keys = self.keys();
        let key = keys.signing();
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims)?);
        let message = format!("{}.{payload}", key.header());
        let signature = key.sign(message.as_bytes())?;
        Ok(Issued {
            token: SecretString::from(format!("{message}.{signature}")),
            session: Session { id, user_id, authenticated_at: issued_at, expires_at },
            key_id: key.id().to_owned(),
        })
    }

    /// Accepts `token` as a session at the moment `now`, or says why not.
    ///
    /// # Errors
    /// The first reason found, in the order form, header, key, signature, type, claims.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Session, Refusal> {
        let parts = Parts::split(token).ok_or(Refusal::MalformedToken)?;
        let keys = self.keys();
        let (key, is_session_token) = key_of(&keys, parts.header)?;
        if !key.verifies(parts.message.as_bytes(), parts.signature) {
            return Err(Refusal::BadSignature);
        }
        if !is_session_token {
            return Err(Refusal::WrongType);
        }
        let payload = decode(parts.payload).ok_or(Refusal::MalformedToken)?;
        let claims = Claims::parse(&payload).ok_or(Refusal::MalformedToken)?;
        self.accept(&claims, now)
    }

    fn accept(&self, claims: &Claims<'_>, now: DateTime<Utc>) -> Result<Session, Refusal> {
        if claims.iss.as_deref() != Some(&self.issuer) {
            return Err(Refusal::WrongIssuer);
        }
        if !claims.aud.as_ref().is_some_and(|aud| aud.contains(&self.audience)) {
            return Err(Refusal::WrongAudience);
        }
        let latest = now.timestamp().saturating_add(self.leeway.num_seconds());
        if claims.nbf.unwrap_or(claims.iat).max(claims.iat) > latest {
            return Err(Refusal::NotYetValid);
        }
        let expires_at = moment(claims.exp).ok_or(Refusal::MalformedToken)?;
        if now - self.leeway >= expires_at {
            return Err(Refusal::Expired { at: expires_at });
        }
        Ok(Session {
            id: claims.sid.parse().map_err(|_| Refusal::MalformedToken)?,
            user_id: user_id(&claims.sub).ok_or(Refusal::MalformedToken)?,
            authenticated_at: moment(claims.auth_time).ok_or(Refusal::MalformedToken)?,
            expires_at,
        })
    }
}

/// The key that must have signed, and whether the header calls this a session token. A header of our own
/// making is known by its text; any other is taken apart.
fn key_of<'a>(keys: &'a KeyRing, header: &str) -> Result<(&'a Key, bool), Refusal> {
    if let Some(key) = keys.by_header(header) {
        return Ok((key, true));
    }
    let json = decode(header).ok_or(Refusal::MalformedToken)?;
    let header = Header::parse(&json).ok_or(Refusal::MalformedToken)?;
    if !keys.uses(&header.alg) {
        return Err(Refusal::WrongAlgorithm);
    }
    let key = header.kid.as_deref().and_then(|kid| keys.by_id(kid)).ok_or(Refusal::UnknownKey)?;
    if key.algorithm_name() != header.alg {
        return Err(Refusal::WrongAlgorithm);
    }
    Ok((key, header.is_session_token()))
}

/// A token's text, cut at its two dots.
struct Parts<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    /// Header and payload with the dot between them: what is signed.
    message: &'a str,
}

impl<'a> Parts<'a> {
    /// Exactly three non-empty parts of the base64url alphabet (RFC 7515 §7.1).
    fn split(token: &'a str) -> Option<Self> {
        let is_ours = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        // Without leaving at the first stranger, so that the compiler can look at many bytes at a time.
        let all_ours = || token.bytes().fold(true, |all, byte| all & is_ours(byte));
        if token.len() > MAX_TOKEN_BYTES || !all_ours() {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let whole = !header.is_empty() && !payload.is_empty() && !signature.is_empty();
        (whole && !payload.contains('.')).then_some(Self { header, payload, signature, message })
    }
}

/// Canonical base64url without padding: stray trailing bits are refused too.
fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

fn moment(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)
}

/// The one spelling of a user's id: no sign, no leading zero, no blanks.
fn user_id(subject: &str) -> Option<i64> {
    let id: i64 = subject.parse().ok()?;
    (id > 0 && !subject.starts_with(['+', '0'])).then_some(id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::random;

    fn tokens() -> Tokens {
        let keys = KeyRing::hmac(&SecretString::from("a secret of enough bytes for a test"), &[]).unwrap();
        Tokens::new(keys, "us".to_owned(), "us".to_owned(), TimeDelta::days(1), TimeDelta::zero())
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn token_ids_do_not_repeat() {
        let (tokens, mut rng) = (tokens(), random::secure());
        let mut seen = std::collections::HashSet::new();
        for _ in 0..10_000 {
            assert!(seen.insert(tokens.issue(1, now(), &mut rng).unwrap().session.id));
        }
    }

    proptest! {
        #[test]
        fn what_is_issued_is_accepted_for_its_user(user_id in 1..=i64::MAX) {
            let issued = tokens().issue(user_id, now(), &mut random::secure()).unwrap();
            prop_assert_eq!(tokens().verify(issued.token.expose_secret(), now()), Ok(issued.session));
        }

        #[test]
        fn any_text_is_refused_without_panic(text in any::<String>()) {
            prop_assert!(tokens().verify(&text, now()).is_err());
        }

        #[test]
        fn any_three_parts_are_refused_without_panic(text in "[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,50}") {
            prop_assert!(tokens().verify(&text, now()).is_err());
        }

        #[test]
        fn a_token_with_any_byte_changed_is_refused(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let issued = tokens().issue(7, now(), &mut random::secure()).unwrap();
            let mut changed = issued.token.expose_secret().as_bytes().to_vec();
            let place = place.index(changed.len());
            prop_assume!(changed[place] != byte);
            changed[place] = byte;
            if let Ok(text) = std::str::from_utf8(&changed) {
                prop_assert!(tokens().verify(text, now()).is_err());
            }
        }
    }
}
