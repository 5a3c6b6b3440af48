//! Issues and renews session tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SubsecRound, Utc};
use jsonwebtoken::errors::Error;
use rand::CryptoRng;
use secrecy::SecretString;

use super::claims::IssuedClaims;
use super::keys::TokenType;
use super::session::{AnySession, SessionUser};
use super::session_id::SessionId;
use super::tokens::Tokens;
use crate::types::generation::Generation;
use crate::types::{KeyId, UserId};

/// A new token and its session.
pub struct Issued {
    pub token: SecretString,
    pub session: AnySession,
    /// The `kid` of the key that signed the token.
    pub key_id: KeyId,
}

impl Tokens {
    /// Issues the token of a new session. `user_id` is `None` for an anonymous session.
    ///
    /// If tokens are not renewed, `exp - iat` is exactly the session lifetime.
    pub fn issue(
        &self,
        user_id: Option<UserId>,
        generation: Generation,
        now: DateTime<Utc>,
        rng: &mut impl CryptoRng,
    ) -> Result<Issued, Error> {
        let now = now.trunc_subsecs(0);
        let ends_at = now + self.lifetimes.session;
        let user = user_id.map(|id| SessionUser { id, authenticated_at: now });
        let (id, expires_at) = (SessionId::random(rng), self.expiry(now, ends_at));
        self.sign(AnySession { id, user, generation, expires_at, ends_at }, now, rng)
    }

    /// Returns whether tokens are renewed while their sessions are used.
    pub fn renews(&self) -> bool {
        self.lifetimes.unused.is_some()
    }

    /// Issues another token for the session if its token expires in less than half of `Lifetimes::unused`. Returns
    /// `None` otherwise, or if the new token would not expire later.
    pub fn renew(
        &self,
        session: &AnySession,
        now: DateTime<Utc>,
        rng: &mut impl CryptoRng,
    ) -> Result<Option<Issued>, Error> {
        let now = now.trunc_subsecs(0);
        let expires_at = self.expiry(now, session.ends_at);
        match self.lifetimes.unused {
            Some(unused) if session.expires_at - now < unused / 2 && session.expires_at < expires_at => {
                self.sign(AnySession { expires_at, ..session.clone() }, now, rng).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn expiry(&self, now: DateTime<Utc>, ends_at: DateTime<Utc>) -> DateTime<Utc> {
        self.lifetimes.unused.map_or(ends_at, |unused| ends_at.min(now + unused))
    }

    fn sign(&self, session: AnySession, now: DateTime<Utc>, rng: &mut impl CryptoRng) -> Result<Issued, Error> {
        let claims = IssuedClaims {
            iss: &self.issuer,
            aud: &self.audience,
            sub: session.user.map(|user| user.id.to_string()),
            sid: session.id.to_string(),
            jti: SessionId::random(rng).to_string(),
            iat: now.timestamp(),
            exp: session.expires_at.timestamp(),
            session_exp: self.lifetimes.unused.map(|_| session.ends_at.timestamp()),
            generation: session.generation.to_string(),
            auth_time: session.user.map(|user| user.authenticated_at.timestamp()),
            amr: session.user.map(|_| ["pwd"]),
        };
        let keys = self.keys();
        let key = keys.signing();
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims)?);
        let token_type = if session.user.is_some() { TokenType::User } else { TokenType::Anonymous };
        let message = format!("{}.{payload}", key.header(token_type));
        let signature = key.sign(message.as_bytes())?;
        let token = SecretString::from(format!("{message}.{signature}"));
        Ok(Issued { token, session, key_id: key.id().clone() })
    }
}
