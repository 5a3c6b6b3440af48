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
use super::keys::{Key, KeyRing, Kind};
use super::refusal::Refusal;
use super::session_id::SessionId;

/// A longer token is refused unread; ours have some 400 bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The session of a user: what a handler that wants to know who asks takes as an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session's id (`sid`).
    pub id: SessionId,
    /// The user's id (`sub`).
    pub user_id: i64,
    /// When the token stops being accepted (`exp`), in whole seconds.
    pub expires_at: DateTime<Utc>,
}

/// What a verified token says: a session, a user's or an anonymous visitor's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnySession {
    /// The session's id (`sid`).
    pub id: SessionId,
    /// The user's id (`sub`) and when they gave their password (`auth_time`); none for an anonymous visitor.
    pub user: Option<(i64, DateTime<Utc>)>,
    /// When the token stops being accepted (`exp`), in whole seconds.
    pub expires_at: DateTime<Utc>,
    /// When the session ends at the latest, though its token be renewed.
    pub ends_at: DateTime<Utc>,
}

impl AnySession {
    /// The session, if it is a user's.
    #[must_use]
    pub fn of_user(&self) -> Option<Session> {
        let (user_id, _) = self.user?;
        Some(Session { id: self.id, user_id, expires_at: self.expires_at })
    }
}

/// How long tokens and sessions live. Cut to whole seconds, the unit of a token's times.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// A session, at the longest.
    pub session: TimeDelta,
    /// A session that is not used, if that is shorter: tokens live as long, and are renewed while they are used.
    pub unused: Option<TimeDelta>,
    /// How far clocks may differ.
    pub leeway: TimeDelta,
}

/// A token just issued, and the session it carries.
pub struct Issued {
    /// The JWT.
    pub token: SecretString,
    /// What it says.
    pub session: AnySession,
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
    lifetimes: Lifetimes,
}

impl Tokens {
    /// Tokens of this issuer, for this audience.
    #[must_use]
    pub fn new(keys: KeyRing, issuer: String, audience: String, lifetimes: Lifetimes) -> Self {
        let keys = RwLock::new(Arc::new(keys));
        Self { keys, issuer, audience, lifetimes }
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

    /// Signs a token for a session that begins now, of this user or of an anonymous visitor. Unless tokens are
    /// renewed, `exp - iat` is exactly the lifetime of a session.
    ///
    /// # Errors
    /// When the cryptographic backend fails, which it does not with a key of the ring.
    pub fn issue(
        &self,
        user_id: Option<i64>,
        now: DateTime<Utc>,
        rng: &mut impl CryptoRng,
    ) -> Result<Issued, jsonwebtoken::errors::Error> {
        let now = now.trunc_subsecs(0);
        let ends_at = now + self.lifetimes.session;
        let user = user_id.map(|id| (id, now));
        let session = AnySession { id: SessionId::random(rng), user, expires_at: self.expiry(now, ends_at), ends_at };
        self.sign(session, now, rng)
    }

    /// Whether tokens are renewed while they are used.
    #[must_use]
    pub fn renews(&self) -> bool {
        self.lifetimes.unused.is_some()
    }

    /// Signs another token of the session, when more than half the time in which it must be used has passed.
    ///
    /// # Errors
    /// When the cryptographic backend fails.
    pub fn renew(
        &self,
        session: &AnySession,
        now: DateTime<Utc>,
        rng: &mut impl CryptoRng,
    ) -> Result<Option<Issued>, jsonwebtoken::errors::Error> {
        let now = now.trunc_subsecs(0);
        let expires_at = self.expiry(now, session.ends_at);
        match self.lifetimes.unused {
            Some(unused) if session.expires_at - now < unused / 2 && session.expires_at < expires_at => {
                self.sign(AnySession { expires_at, ..session.clone() }, now, rng).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// When a token that is issued now expires.
    fn expiry(&self, now: DateTime<Utc>, ends_at: DateTime<Utc>) -> DateTime<Utc> {
        self.lifetimes.unused.map_or(ends_at, |unused| ends_at.min(now + unused))
    }

    fn sign(
        &self,
        session: AnySession,
        now: DateTime<Utc>,
        rng: &mut impl CryptoRng,
    ) -> Result<Issued, jsonwebtoken::errors::Error> {
        let claims = Claims {
            iss: Some(Cow::Borrowed(&self.issuer)),
            aud: Some(Audience::One(Cow::Borrowed(&self.audience))),
            sub: session.user.map(|(id, _)| Cow::Owned(id.to_string())),
            sid: Cow::Owned(session.id.to_string()),
            jti: Cow::Owned(SessionId::random(rng).to_string()),
            iat: now.timestamp(),
            exp: session.expires_at.timestamp(),
            nbf: None,
            session_exp: self.lifetimes.unused.map(|_| session.ends_at.timestamp()),
            auth_time: session.user.map(|(_, authenticated_at)| authenticated_at.timestamp()),
            amr: session.user.map(|_| vec![Cow::Borrowed("pwd")]),
        };
        let keys = self.keys();
        let key = keys.signing();
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims)?);
        let kind = if session.user.is_some() { Kind::User } else { Kind::Anonymous };
        let message = format!("{}.{payload}", key.header(kind));
        let signature = key.sign(message.as_bytes())?;
        let token = SecretString::from(format!("{message}.{signature}"));
        Ok(Issued { token, session, key_id: key.id().to_owned() })
    }

    /// Accepts `token` as a session at the moment `now`, or says why not.
    ///
    /// # Errors
    /// The first reason found, in the order form, header, key, signature, type, claims.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<AnySession, Refusal> {
        let parts = Parts::split(token).ok_or(Refusal::MalformedToken)?;
        let keys = self.keys();
        let (key, kind) = key_of(&keys, parts.header)?;
        if !key.verifies(parts.message.as_bytes(), parts.signature) {
            return Err(Refusal::BadSignature);
        }
        let kind = kind.ok_or(Refusal::WrongType)?;
        let payload = decode(parts.payload).ok_or(Refusal::MalformedToken)?;
        let claims = Claims::parse(&payload).ok_or(Refusal::MalformedToken)?;
        self.accept(kind, &claims, now)
    }

    fn accept(&self, kind: Kind, claims: &Claims<'_>, now: DateTime<Utc>) -> Result<AnySession, Refusal> {
        if claims.iss.as_deref() != Some(&self.issuer) {
            return Err(Refusal::WrongIssuer);
        }
        if !claims.aud.as_ref().is_some_and(|aud| aud.contains(&self.audience)) {
            return Err(Refusal::WrongAudience);
        }
        let latest = now.timestamp().saturating_add(self.lifetimes.leeway.num_seconds());
        if claims.nbf.unwrap_or(claims.iat).max(claims.iat) > latest {
            return Err(Refusal::NotYetValid);
        }
        let expires_at = moment(claims.exp).ok_or(Refusal::MalformedToken)?;
        if now - self.lifetimes.leeway >= expires_at {
            return Err(Refusal::Expired { at: expires_at });
        }
        let ends_at = moment(claims.session_exp.unwrap_or(claims.exp)).ok_or(Refusal::MalformedToken)?;
        let id = claims.sid.parse().map_err(|_| Refusal::MalformedToken)?;
        Ok(AnySession { id, user: user(kind, claims)?, expires_at, ends_at })
    }
}

/// Who it is and since when: all of that in a user's token, nothing of it in an anonymous visitor's.
fn user(kind: Kind, claims: &Claims<'_>) -> Result<Option<(i64, DateTime<Utc>)>, Refusal> {
    match (kind, &claims.sub, claims.auth_time, &claims.amr) {
        (Kind::Anonymous, None, None, None) => Ok(None),
        (Kind::User, Some(subject), Some(seconds), Some(_)) => {
            user_id(subject).zip(moment(seconds)).map(Some).ok_or(Refusal::MalformedToken)
        }
        _ => Err(Refusal::MalformedToken),
    }
}

/// The key that must have signed, and which kind of session token the header calls this, if any. A header of
/// our own making is known by its text; any other is taken apart.
fn key_of<'a>(keys: &'a KeyRing, header: &str) -> Result<(&'a Key, Option<Kind>), Refusal> {
    if let Some((key, kind)) = keys.by_header(header) {
        return Ok((key, Some(kind)));
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
    Ok((key, header.kind()))
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
mod tests;
