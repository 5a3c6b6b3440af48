//! The checks of a logout token (Back-Channel Logout §2.6). The protocol library has none.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey as _, JsonWebKeyAlgorithm, JsonWebKeyUse, JwsSigningAlgorithm as _};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::id_token::MAX_ID_CHARS;
use super::protocol::ALGORITHMS;
use super::provider::CLOCK_TOLERANCE;
use crate::types::strict_json;

/// The member of `events` that makes a token a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const TYPE: &str = "logout+jwt";

/// A valid logout token. At least one of `subject` and `session` is present.
#[derive(Clone, Debug)]
pub struct LogoutToken {
    pub subject: Option<String>,
    /// The provider's id for the session that ended. Without it, all sessions of the subject ended.
    pub session: Option<String>,
    /// The id of the token. A token must not be used twice.
    pub id: String,
    pub expires_at: DateTime<Utc>,
}

/// Why a token is rejected. The text is for the log only.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(super) enum Rejected {
    #[error("it is not a signed token")]
    Malformed,
    #[error("its algorithm is not accepted")]
    Algorithm,
    #[error("its type is not logout+jwt")]
    Type,
    /// The keys may have been rotated.
    #[error("no key of the provider has its key id")]
    UnknownKey,
    #[error("several keys of the provider have its key id")]
    AmbiguousKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("it has another issuer")]
    Issuer,
    #[error("it has another audience")]
    Audience,
    #[error("it is expired, or was issued in the future")]
    Time,
    #[error("it has no event for a logout, or it has a nonce")]
    Event,
    #[error("it has neither a subject nor a session, or one that is too long")]
    Target,
}

#[derive(Deserialize)]
struct Header {
    alg: CoreJwsSigningAlgorithm,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    iat: i64,
    exp: i64,
    jti: String,
    events: Map<String, Value>,
    sub: Option<String>,
    sid: Option<String>,
    nonce: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Returns what a valid token says.
pub(super) fn verify(
    token: &str,
    issuer: &str,
    client_id: &str,
    keys: &CoreJsonWebKeySet,
    now: DateTime<Utc>,
) -> Result<LogoutToken, Rejected> {
    let (message, signature) = token.rsplit_once('.').ok_or(Rejected::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(Rejected::Malformed)?;
    let header: Header = strict_json::read(&decode(header)?).map_err(|_| Rejected::Malformed)?;
    check_header(&header)?;
    let key = key(keys, &header)?;
    key.verify_signature(&header.alg, message.as_bytes(), &decode(signature)?).map_err(|_| Rejected::Signature)?;
    let claims: Claims = strict_json::read(&decode(payload)?).map_err(|_| Rejected::Malformed)?;
    check_claims(claims, issuer, client_id, now)
}

fn decode(part: &str) -> Result<Vec<u8>, Rejected> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Rejected::Malformed)
}

fn check_header(header: &Header) -> Result<(), Rejected> {
    if header.crit.is_some() {
        return Err(Rejected::Malformed);
    }
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Rejected::Algorithm);
    }
    // Not all providers send the type. An ID token has no event, so it cannot be used as a logout token.
    let is_type = |typ: &str| typ.eq_ignore_ascii_case(TYPE) || typ.eq_ignore_ascii_case("JWT");
    if header.typ.as_deref().is_none_or(is_type) { Ok(()) } else { Err(Rejected::Type) }
}

/// Selects the key. The algorithm of the header must fit the key.
fn key<'a>(keys: &'a CoreJsonWebKeySet, header: &Header) -> Result<&'a CoreJsonWebKey, Rejected> {
    let fits = |key: &&CoreJsonWebKey| {
        let has_id = header.kid.as_ref().is_none_or(|kid| key.key_id().is_some_and(|id| id.as_str() == kid));
        let is_for_signatures = key.key_use().is_none_or(JsonWebKeyUse::allows_signature);
        let has_algorithm = match key.signing_alg() {
            JsonWebKeyAlgorithm::Algorithm(algorithm) => *algorithm == header.alg,
            JsonWebKeyAlgorithm::Unspecified => true,
            JsonWebKeyAlgorithm::Unsupported => false,
        };
        has_id && is_for_signatures && has_algorithm && header.alg.key_type().as_ref() == Some(key.key_type())
    };
    let mut fitting = keys.keys().iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(key), None) => Ok(key),
        (None, _) => Err(Rejected::UnknownKey),
        (Some(_), Some(_)) => Err(Rejected::AmbiguousKey),
    }
}

fn check_claims(claims: Claims, issuer: &str, client_id: &str, now: DateTime<Utc>) -> Result<LogoutToken, Rejected> {
    if claims.iss != issuer {
        return Err(Rejected::Issuer);
    }
    let is_for_us = match &claims.aud {
        Audience::One(audience) => audience == client_id,
        Audience::Several(audiences) => audiences.iter().any(|audience| audience == client_id),
    };
    if !is_for_us {
        return Err(Rejected::Audience);
    }
    let time = |seconds| DateTime::from_timestamp(seconds, 0).ok_or(Rejected::Time);
    let (issued_at, expires_at) = (time(claims.iat)?, time(claims.exp)?);
    if expires_at <= now || issued_at > now + CLOCK_TOLERANCE {
        return Err(Rejected::Time);
    }
    if claims.nonce.is_some() || !claims.events.get(EVENT).is_some_and(Value::is_object) {
        return Err(Rejected::Event);
    }
    let fits = |id: &Option<String>| id.as_ref().is_none_or(|id| !id.is_empty() && id.len() <= MAX_ID_CHARS);
    let has_target = claims.sub.is_some() || claims.sid.is_some();
    if !has_target || !fits(&claims.sub) || !fits(&claims.sid) || claims.jti.is_empty() {
        return Err(Rejected::Target);
    }
    Ok(LogoutToken { subject: claims.sub, session: claims.sid, id: claims.jti, expires_at })
}
