//! Explains tokens of other services, with a secret or with public keys. `iss` and `aud` are shown, but not checked.

use std::str::FromStr as _;

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use secrecy::{ExposeSecret as _, SecretSlice};

use super::problem::{Problem, duration};
use super::sentences::iso_8601;
use super::unverified::Unverified;
use super::{CheckResult, Explanation};
use crate::auth::token::check::Check;
use crate::auth::token::claims::Header;
use crate::auth::token::jws::{Parts, decode};
use crate::auth::token::refusal::Refusal;

/// The checks, in order.
const CHECKS: [Check; 10] = [
    Check::Form,
    Check::Header,
    Check::Algorithm,
    Check::Key,
    Check::Signature,
    Check::Claims,
    Check::Issuer,
    Check::Audience,
    Check::NotBefore,
    Check::Expiry,
];

/// The keys of another service.
#[derive(Debug)]
pub enum ForeignKeys {
    Secret(SecretSlice<u8>),
    /// A JWK Set (RFC 7517 §5).
    Set(JwkSet),
}

/// A failed check. `refusal` is the code with which this service would reject such a token.
struct Failed {
    check: Check,
    problem: Problem,
    refusal: Refusal,
}

impl Failed {
    fn new(check: Check, problem: Problem, refusal: Refusal) -> Self {
        Self { check, problem, refusal }
    }
}

/// Explains a token of another service.
#[must_use]
pub fn explain(token: &str, keys: &ForeignKeys, now: DateTime<Utc>) -> Explanation {
    let unverified = Unverified::read(token);
    let mut checks = Vec::new();
    let failed = check(token, &unverified, keys, now, &mut checks).err();
    let has_valid_signature = checks.iter().any(|result| result.check == Check::Signature);
    let refusal = failed.map(|Failed { check, problem, refusal }| {
        checks.push(problem.into_result(check));
        refusal
    });
    for check in CHECKS.into_iter().skip(checks.len()) {
        checks.push(CheckResult::not_reached(check, String::new()));
    }
    let Unverified { header, claims, .. } = unverified;
    Explanation { checks, refusal, header, claims, has_valid_signature }
}

/// Does the checks until one fails. Adds the results of the others to `done`.
fn check(
    token: &str,
    unverified: &Unverified,
    keys: &ForeignKeys,
    now: DateTime<Utc>,
    done: &mut Vec<CheckResult>,
) -> Result<(), Failed> {
    let malformed = |check, problem| Failed::new(check, problem, Refusal::MalformedToken);
    let parts = Parts::split(token).ok_or_else(|| malformed(Check::Form, Problem::of_form(token)))?;
    done.push(CheckResult::passed(Check::Form, "The token has three parts: header, payload and signature.".to_owned()));
    let json = decode(parts.header).unwrap_or_default();
    let header = Header::parse(&json).ok_or_else(|| malformed(Check::Header, Problem::of_header(unverified)))?;
    done.push(CheckResult::passed(Check::Header, "The header is a JSON object without extensions.".to_owned()));
    let algorithm = algorithm(&header.alg, keys)?;
    done.push(CheckResult::passed(Check::Algorithm, format!("`alg` is {:?}.", header.alg)));
    let key = keys.choose(algorithm, header.kid.as_deref())?;
    done.push(CheckResult::passed(Check::Key, keys.describe(header.kid.as_deref())));
    let is_valid = crypto::verify(parts.signature, parts.message.as_bytes(), &key, algorithm).unwrap_or(false);
    if !is_valid {
        let problem = Problem::new(
            "The signature does not belong to this header and payload.",
            "The token was changed, or signed with another key. Check that the key is the right one, without \
             blanks or a line break at its end.",
        );
        return Err(Failed::new(Check::Signature, problem, Refusal::BadSignature));
    }
    done.push(keys.signature_result(algorithm));
    if let Some(error) = unverified.payload_error() {
        let problem =
            Problem::new(format!("The payload cannot be read: {error}."), "Issue the token with a JSON library.");
        return Err(malformed(Check::Claims, problem));
    }
    done.push(CheckResult::passed(Check::Claims, "The payload is a JSON object, with each claim once.".to_owned()));
    for (check, name) in [(Check::Issuer, "iss"), (Check::Audience, "aud")] {
        let value = unverified.claim(name).unwrap_or_else(|| "missing".to_owned());
        done.push(CheckResult::not_reached(
            check,
            format!("`{name}` is {value}. Compare it with the value that you expect."),
        ));
    }
    check_times(unverified, now, done)
}

fn check_times(unverified: &Unverified, now: DateTime<Utc>, done: &mut Vec<CheckResult>) -> Result<(), Failed> {
    if let Some(nbf) = unverified.time("nbf").filter(|nbf| *nbf > now) {
        let detail = format!("`nbf` is {}, {} from now.", iso_8601(nbf), duration(nbf - now));
        let problem = Problem::new(detail, "Wait, or set the clocks of the servers.");
        return Err(Failed::new(Check::NotBefore, problem, Refusal::NotYetValid));
    }
    done.push(CheckResult::passed(Check::NotBefore, "`nbf` is missing or not in the future.".to_owned()));
    let expiry = match unverified.time("exp") {
        None => CheckResult {
            repair: Some("Add `exp`, in seconds since 1970. Some libraries write milliseconds.".to_owned()),
            ..CheckResult::passed(
                Check::Expiry,
                "The token has no `exp` that is a time, so it never expires.".to_owned(),
            )
        },
        Some(exp) if exp <= now => {
            let detail = format!("The token expired {} ago, at {}.", duration(now - exp), iso_8601(exp));
            let problem = Problem::new(detail, "Get a new token from its service.");
            return Err(Failed::new(Check::Expiry, problem, Refusal::Expired { at: exp, renewable: false }));
        }
        Some(exp) => CheckResult::passed(
            Check::Expiry,
            format!("The token expires in {}, at {}.", duration(exp - now), iso_8601(exp)),
        ),
    };
    done.push(expiry);
    Ok(())
}

/// Returns the algorithm, if the keys can have it. A public key must never be used as an HMAC secret (RFC 8725 §2.1).
fn algorithm(name: &str, keys: &ForeignKeys) -> Result<Algorithm, Failed> {
    let refuse = |detail: String, repair: &str| {
        Failed::new(Check::Algorithm, Problem::new(detail, repair), Refusal::WrongAlgorithm)
    };
    let algorithm = Algorithm::from_str(name).map_err(|_| {
        refuse(format!("`alg` is {name:?}."), "No service may accept \"none\" or an unknown algorithm.")
    })?;
    match (keys, hmac_bits(algorithm)) {
        (ForeignKeys::Secret(_), None) => Err(refuse(
            format!("`alg` is {name:?}, but a secret can verify only HS256, HS384 and HS512."),
            "Use --jwks.",
        )),
        (ForeignKeys::Set(_), Some(_)) => {
            Err(refuse(format!("`alg` is {name:?}, which public keys cannot verify."), "Use --secret-file."))
        }
        _ => Ok(algorithm),
    }
}

/// Returns the minimum size of a secret for an HMAC algorithm, in bits (RFC 7518 §3.2).
fn hmac_bits(algorithm: Algorithm) -> Option<usize> {
    match algorithm {
        Algorithm::HS256 => Some(256),
        Algorithm::HS384 => Some(384),
        Algorithm::HS512 => Some(512),
        _ => None,
    }
}

impl ForeignKeys {
    fn choose(&self, algorithm: Algorithm, kid: Option<&str>) -> Result<DecodingKey, Failed> {
        let keys = match self {
            Self::Secret(secret) => return Ok(DecodingKey::from_secret(secret.expose_secret())),
            Self::Set(keys) => keys,
        };
        let refuse = |detail: String| {
            let problem = Problem::new(detail, "Load the keys again. The service may have rotated them.");
            Failed::new(Check::Key, problem, Refusal::UnknownKey)
        };
        let key = match (kid, &*keys.keys) {
            (Some(kid), _) => {
                keys.find(kid).ok_or_else(|| refuse(format!("`kid` is {kid:?}. The set has no such key.")))?
            }
            (None, [only]) => only,
            (None, all) => return Err(refuse(format!("`kid` is missing, and the set has {} keys.", all.len()))),
        };
        if !can_verify(key, algorithm) {
            return Err(refuse(format!("The key does not fit `alg` {algorithm:?}.")));
        }
        DecodingKey::from_jwk(key).map_err(|error| refuse(format!("The key cannot be used: {error}.")))
    }

    fn describe(&self, kid: Option<&str>) -> String {
        match (self, kid) {
            (Self::Secret(_), _) => "The given secret is used.".to_owned(),
            (Self::Set(_), Some(kid)) => format!("`kid` is {kid:?}, a key of the set."),
            (Self::Set(_), None) => "The set has only one key.".to_owned(),
        }
    }

    /// Reports a valid signature, and whether the secret is long enough.
    fn signature_result(&self, algorithm: Algorithm) -> CheckResult {
        let valid = |detail: String| CheckResult::passed(Check::Signature, detail);
        match (self, hmac_bits(algorithm)) {
            (Self::Secret(secret), Some(required)) => {
                let bits = secret.expose_secret().len() * 8;
                let detail =
                    format!("The signature is valid. The secret has {bits} bits, RFC 7518 §3.2 requires {required}.");
                let repair =
                    "Use a longer random secret. A client that guesses the secret can sign any token.".to_owned();
                CheckResult { repair: (bits < required).then_some(repair), ..valid(detail) }
            }
            _ => valid("The signature is valid, so the token is unchanged.".to_owned()),
        }
    }
}

/// Returns whether the key can have this algorithm. `alg` of the key is optional (RFC 7517 §4.4).
fn can_verify(key: &Jwk, algorithm: Algorithm) -> bool {
    let named = key.common.key_algorithm.is_none_or(|named| named.to_string() == format!("{algorithm:?}"));
    let fits = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), other) => {
            !matches!(other, Algorithm::ES256 | Algorithm::ES384 | Algorithm::EdDSA)
        }
        (AlgorithmParameters::EllipticCurve(_), Algorithm::ES256 | Algorithm::ES384)
        | (AlgorithmParameters::OctetKeyPair(_), Algorithm::EdDSA) => true,
        _ => false,
    };
    named && fits
}
