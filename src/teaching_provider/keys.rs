//! The signing keys and the ID token (OpenID Connect Core 1.0 §2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::errors::Error;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde::Serialize;
use serde_json::json;

use super::{Defect, Grant, Person, TOKEN_LIFETIME, TeachingProvider, random};

/// PKCS#8 of an Ed25519 key is this prefix and 32 random bytes (RFC 8410 §7).
const PKCS8_PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// An expired token is older than every clock tolerance.
const AGE_OF_AN_EXPIRED_TOKEN: TimeDelta = TimeDelta::hours(1);
const OTHER_AUDIENCE: &str = "another-client";

pub(super) struct Keys {
    id: String,
    private: EncodingKey,
    published: Jwk,
    /// A key that is not published.
    other: EncodingKey,
}

impl Keys {
    pub(super) fn generate() -> Result<Self, Error> {
        let private = ed25519();
        let mut published = Jwk::from_encoding_key(&private, Algorithm::EdDSA)?;
        let id = published.thumbprint(ThumbprintHash::SHA256)?;
        published.common.key_id = Some(id.clone());
        published.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { id, private, published, other: ed25519() })
    }

    pub(super) fn published(&self) -> JwkSet {
        JwkSet { keys: vec![self.published.clone()] }
    }

    fn sign(&self, claims: &Claims<'_>, defect: Defect) -> Result<String, Error> {
        let unsigned = defect == Defect::NoSignature;
        let alg = if unsigned { "none" } else { "EdDSA" };
        let header = json!({ "alg": alg, "kid": self.id, "typ": "JWT" }).to_string();
        let claims = serde_json::to_vec(claims)?;
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        if unsigned {
            return Ok(format!("{message}."));
        }
        let key = if defect == Defect::OtherKey { &self.other } else { &self.private };
        let signature = crypto::sign(message.as_bytes(), key, Algorithm::EdDSA)?;
        Ok(format!("{message}.{signature}"))
    }
}

fn ed25519() -> EncodingKey {
    EncodingKey::from_ed_der(&[PKCS8_PREFIX.as_slice(), &random::bytes::<32>()].concat())
}

/// The claims of an ID token. It has no `amr`, because the person did not enter a password.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    exp: i64,
    iat: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    sid: String,
    #[serde(flatten)]
    person: &'a Person,
}

impl TeachingProvider {
    /// Issues the ID token of a grant, with the grant's defect.
    pub(super) fn issue_id_token(&self, grant: &Grant) -> Result<String, Error> {
        let defect = grant.defect;
        let iat = issued_at(self.clock.now(), defect);
        let wrong_nonce = (defect == Defect::OtherNonce).then(random::text);
        let claims = Claims {
            iss: &self.issuer,
            aud: if defect == Defect::OtherAudience { OTHER_AUDIENCE } else { &self.client.id },
            exp: iat.saturating_add_unsigned(TOKEN_LIFETIME.as_secs()),
            iat,
            auth_time: iat,
            nonce: wrong_nonce.as_deref().or(grant.nonce.as_deref()),
            sid: random::text(),
            person: &grant.person,
        };
        self.keys.sign(&claims, defect)
    }
}

fn issued_at(now: DateTime<Utc>, defect: Defect) -> i64 {
    let age = if defect == Defect::Expired { AGE_OF_AN_EXPIRED_TOKEN } else { TimeDelta::zero() };
    (now - age).timestamp()
}
