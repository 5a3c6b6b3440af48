//! Verifies session tokens, without I/O.
//!
//! The order of the checks is fixed: form, header, key, type, signature, and only then the claims (RFC 8725 §3.3).

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::authentication::{Method, OPERATOR, ProviderSignIn};
use super::check::Check;
use super::claims::{Claims, Header};
use super::jws::{Parts, decode};
use super::keys::{Key, KeyRing, TokenType};
use super::refusal::Refusal;
use super::session::{AnySession, SessionUser};
use super::tokens::{CLOCK_TOLERANCE, Current, Tokens};
use super::verified::Verified;
use crate::auth::revocation::reason::Reason;
use crate::types::role::{Role, Roles, UserRoles};

impl Tokens {
    /// Verifies a session token. Returns the first reason to reject it.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<AnySession, Refusal> {
        let verified = self.read(token)?;
        self.check_times(&verified, now, &mut ignore)?;
        Ok(verified.session)
    }

    /// Like [`Tokens::verify`], but accepts an expired token if it can be renewed.
    pub fn verify_renewable(&self, token: &str, now: DateTime<Utc>) -> Result<AnySession, Refusal> {
        let verified = self.read(token)?;
        match self.check_times(&verified, now, &mut ignore) {
            Ok(()) | Err(Refusal::Expired { renewable: true, .. }) => Ok(verified.session),
            Err(refusal) => Err(refusal),
        }
    }

    /// Like [`Tokens::verify`], but does every check, also for a token that was verified before. Calls `passed` after
    /// each check.
    pub(super) fn verify_each(
        &self,
        token: &str,
        now: DateTime<Utc>,
        passed: &mut impl FnMut(Check),
    ) -> Result<AnySession, Refusal> {
        let verified = self.check_all_but_times(&self.keys(), token, passed)?;
        self.check_times(&verified, now, passed)?;
        Ok(verified.session)
    }

    /// Checks everything but the times. A token that was checked before is not checked again.
    fn read(&self, token: &str) -> Result<Verified, Refusal> {
        let Current { keys, verified } = self.current();
        if let Some(known) = verified.get(token) {
            return Ok(known);
        }
        let new = self.check_all_but_times(&keys, token, &mut ignore)?;
        verified.insert(token, &new);
        Ok(new)
    }

    fn check_all_but_times(
        &self,
        keys: &KeyRing,
        token: &str,
        passed: &mut impl FnMut(Check),
    ) -> Result<Verified, Refusal> {
        let parts = Parts::split(token).ok_or(Refusal::MalformedToken)?;
        passed(Check::Form);
        let (key, token_type) = select_key(keys, parts.header, passed)?;
        if !key.verifies(parts.message.as_bytes(), parts.signature) {
            return Err(Refusal::BadSignature);
        }
        passed(Check::Signature);
        let payload = decode(parts.payload).ok_or(Refusal::MalformedToken)?;
        let claims = Claims::parse(&payload).ok_or(Refusal::MalformedToken)?;
        passed(Check::Claims);
        self.check_claims(token_type, &claims, passed)
    }

    fn check_claims(
        &self,
        token_type: TokenType,
        claims: &Claims<'_>,
        passed: &mut impl FnMut(Check),
    ) -> Result<Verified, Refusal> {
        if claims.iss.as_deref() != Some(&self.issuer) {
            return Err(Refusal::WrongIssuer);
        }
        passed(Check::Issuer);
        if claims.aud.as_deref() != Some(&self.audience) {
            return Err(Refusal::WrongAudience);
        }
        passed(Check::Audience);
        let not_before = claims.nbf.unwrap_or(claims.iat).max(claims.iat);
        let expires_at = time(claims.exp)?;
        let ends_at = time(claims.session_exp.unwrap_or(claims.exp))?;
        let id = claims.sid.parse().map_err(|_| Refusal::MalformedToken)?;
        let user = user(token_type, claims)?;
        // Without this claim, the user id could belong to another user after a database reset.
        let generation = claims.generation.ok_or(Refusal::Revoked(Reason::DatabaseReset))?;
        let generation = generation.parse().map_err(|_| Refusal::MalformedToken)?;
        passed(Check::Session);
        Ok(Verified { session: AnySession { id, user, generation, expires_at, ends_at }, not_before })
    }

    fn check_times(
        &self,
        Verified { session, not_before }: &Verified,
        now: DateTime<Utc>,
        passed: &mut impl FnMut(Check),
    ) -> Result<(), Refusal> {
        if *not_before > now.timestamp().saturating_add(self.future_tolerance().num_seconds()) {
            return Err(Refusal::NotYetValid);
        }
        passed(Check::NotBefore);
        let has_passed = |time| now - self.lifetimes.leeway >= time;
        if has_passed(session.expires_at) {
            let renewable = self.outlives_tokens(session) && !has_passed(session.ends_at);
            return Err(Refusal::Expired { at: session.expires_at, renewable });
        }
        passed(Check::Expiry);
        Ok(())
    }

    /// Returns how far `iat` and `nbf` may lie in the future.
    pub(super) fn future_tolerance(&self) -> TimeDelta {
        self.lifetimes.leeway.max(CLOCK_TOLERANCE)
    }
}

/// For a caller that needs only the result of the checks.
fn ignore(_: Check) {}

/// Selects the key and the token type. Compares the header with the headers that this service writes. If none is equal,
/// parses the header.
fn select_key<'a>(
    keys: &'a KeyRing,
    header: &str,
    passed: &mut impl FnMut(Check),
) -> Result<(&'a Key, TokenType), Refusal> {
    if let Some(found) = keys.by_header(header) {
        [Check::Header, Check::Algorithm, Check::Key, Check::Type].into_iter().for_each(passed);
        return Ok(found);
    }
    let json = decode(header).ok_or(Refusal::MalformedToken)?;
    let header = Header::parse(&json).ok_or(Refusal::MalformedToken)?;
    passed(Check::Header);
    if !keys.uses(&header.alg) {
        return Err(Refusal::WrongAlgorithm);
    }
    passed(Check::Algorithm);
    let key = header.kid.as_deref().and_then(|kid| keys.by_id(kid)).ok_or(Refusal::UnknownKey)?;
    if key.algorithm_name() != header.alg {
        return Err(Refusal::WrongAlgorithm);
    }
    passed(Check::Key);
    let token_type = header.typ.as_deref().and_then(TokenType::from_typ).ok_or(Refusal::WrongType)?;
    passed(Check::Type);
    Ok((key, token_type))
}

/// Returns the user of the session. A user's token has `sub`, `amr`, and `auth_time` or `session_iat`. An anonymous token has
/// none of them.
fn user(token_type: TokenType, claims: &Claims<'_>) -> Result<Option<SessionUser>, Refusal> {
    let began_at = claims.session_iat.or(claims.auth_time);
    match (token_type, claims.sub, began_at, &claims.amr) {
        (TokenType::Anonymous, None, None, None) => Ok(None),
        (TokenType::User, Some(subject), Some(began_at), Some(_)) => {
            let id = subject.parse().map_err(|_| Refusal::MalformedToken)?;
            let (authenticated_at, began_at) = (claims.auth_time.map(time).transpose()?, time(began_at)?);
            Ok(Some(SessionUser { id, authenticated_at, began_at, method: method(claims)?, roles: roles(claims)? }))
        }
        _ => Err(Refusal::MalformedToken),
    }
}

fn method(claims: &Claims<'_>) -> Result<Method, Refusal> {
    let Some(provider) = claims.idp else {
        let by_operator = claims.amr.as_deref() == Some(&[OPERATOR]);
        return Ok(if by_operator { Method::Operator } else { Method::Password });
    };
    let provider = provider.parse().map_err(|_| Refusal::MalformedToken)?;
    let methods = claims.amr.iter().flatten().copied();
    Ok(Method::Provider(Arc::new(ProviderSignIn::new(provider, methods))))
}

fn roles(claims: &Claims<'_>) -> Result<UserRoles, Refusal> {
    let names = claims.roles.iter().flatten().map(|name| name.parse());
    let names: Vec<Role> = names.collect::<Result<_, _>>().map_err(|_| Refusal::MalformedToken)?;
    let roles = Roles::new(names).map_err(|_| Refusal::MalformedToken)?;
    Ok(UserRoles { roles, version: claims.roles_version.unwrap_or(0) })
}

fn time(seconds: i64) -> Result<DateTime<Utc>, Refusal> {
    DateTime::from_timestamp(seconds, 0).ok_or(Refusal::MalformedToken)
}
