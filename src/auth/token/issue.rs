//! Issues and renews session tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SubsecRound, Utc};
use jsonwebtoken::errors::Error;
use rand::CryptoRng;
use secrecy::SecretString;

use super::authentication::Authentication;
use super::claims::IssuedClaims;
use super::keys::TokenType;
use super::session::{AnySession, SessionUser, Subject};
use super::session_id::SessionId;
use super::tokens::Tokens;
use crate::types::KeyId;
use crate::types::generation::Generation;
use crate::types::provider_name::ProviderName;
use crate::types::role::UserRoles;

/// A new token and its session.
pub struct Issued {
    pub token: SecretString,
    pub session: AnySession,
    /// How long the client should store the token. A token that can be renewed after it expired is stored until the
    /// session ends.
    pub store_until: DateTime<Utc>,
    /// The `kid` of the key that signed the token.
    pub key_id: KeyId,
}

impl Tokens {
    /// Issues the token of a new session. `subject` is `None` for an anonymous session.
    ///
    /// If tokens are not renewed, `exp - iat` is exactly the lifetime of a token.
    pub fn issue(
        &self,
        subject: Option<Subject>,
        generation: Generation,
        now: DateTime<Utc>,
        rng: &mut impl CryptoRng,
    ) -> Result<Issued, Error> {
        let now = now.trunc_subsecs(0);
        let lifetime = if subject.is_some() { self.lifetimes.session } else { self.lifetimes.token };
        let ends_at = now + lifetime;
        let user = subject.map(|Subject { id, roles, authentication: Authentication { time, method } }| SessionUser {
            id,
            authenticated_at: time.before(now),
            began_at: now,
            method,
            roles,
        });
        let (id, expires_at) = (SessionId::random(rng), self.expiry(now, ends_at));
        self.sign(AnySession { id, user, generation, expires_at, ends_at }, now, rng)
    }

    /// Returns whether tokens are renewed while their sessions are used.
    pub fn renews(&self) -> bool {
        self.lifetimes.unused.is_some()
    }

    /// Issues another token for the session if its token expires in less than half of `Lifetimes::unused`, or has old
    /// roles. Only in the first case, the new token expires later. Returns `None` if no other token is needed.
    pub fn renew(
        &self,
        session: &AnySession,
        has_old_roles: bool,
        now: DateTime<Utc>,
        rng: &mut impl CryptoRng,
    ) -> Result<Option<Issued>, Error> {
        let now = now.trunc_subsecs(0);
        let later = self.lifetimes.unused.filter(|unused| session.expires_at - now < *unused / 2);
        let later = later.map(|_| self.expiry(now, session.ends_at)).filter(|later| *later > session.expires_at);
        if later.is_none() && !has_old_roles {
            return Ok(None);
        }
        let expires_at = later.unwrap_or(session.expires_at);
        self.sign(AnySession { expires_at, ..session.clone() }, now, rng).map(Some)
    }

    /// Issues another token for the same session, with these roles and the lifetime of a new token.
    pub fn reissue(
        &self,
        session: &AnySession,
        roles: UserRoles,
        now: DateTime<Utc>,
        rng: &mut impl CryptoRng,
    ) -> Result<Issued, Error> {
        let now = now.trunc_subsecs(0);
        let user = session.user.clone().map(|user| SessionUser { roles, ..user });
        let expires_at = self.expiry(now, session.ends_at).max(session.expires_at);
        self.sign(AnySession { user, expires_at, ..session.clone() }, now, rng)
    }

    /// Returns whether a token of the session can be renewed after it expired. This is not possible if sessions end
    /// after some time without use.
    pub(super) fn outlives_tokens(&self, session: &AnySession) -> bool {
        self.lifetimes.unused.is_none() && session.user.is_some() && session.ends_at > session.expires_at
    }

    fn expiry(&self, now: DateTime<Utc>, ends_at: DateTime<Utc>) -> DateTime<Utc> {
        ends_at.min(now + self.lifetimes.unused.unwrap_or(self.lifetimes.token))
    }

    fn sign(&self, session: AnySession, now: DateTime<Utc>, rng: &mut impl CryptoRng) -> Result<Issued, Error> {
        let user = session.user.as_ref();
        let claims = IssuedClaims {
            iss: &self.issuer,
            aud: &self.audience,
            sub: user.map(|user| user.id.to_string()),
            sid: session.id.to_string(),
            jti: SessionId::random(rng).to_string(),
            iat: now.timestamp(),
            exp: session.expires_at.timestamp(),
            session_exp: (session.ends_at > session.expires_at).then(|| session.ends_at.timestamp()),
            session_iat: user
                .filter(|user| user.authenticated_at != Some(user.began_at))
                .map(|user| user.began_at.timestamp()),
            generation: session.generation.to_string(),
            auth_time: user.and_then(|user| user.authenticated_at).map(|at| at.timestamp()),
            amr: user.map(|user| user.method.names()),
            idp: user.and_then(|user| user.method.provider()).map(ProviderName::as_str),
            roles: user.iter().flat_map(|user| user.roles.roles.names()).collect(),
            roles_version: user.map(|user| user.roles.version).filter(|version| *version > 0),
        };
        let keys = self.keys();
        let key = keys.signing();
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims)?);
        let token_type = if session.user.is_some() { TokenType::User } else { TokenType::Anonymous };
        let message = format!("{}.{payload}", key.header(token_type));
        let signature = key.sign(message.as_bytes())?;
        let token = SecretString::from(format!("{message}.{signature}"));
        let store_until = if self.outlives_tokens(&session) { session.ends_at } else { session.expires_at };
        Ok(Issued { token, session, store_until, key_id: key.id().clone() })
    }
}
