//! The keys and tokens of the OIDC provider for tests, with the faults that they can have.

use std::collections::HashMap;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use super::behaviour::{Behaviour, HmacSecret, KeySet, LOGOUT_EVENT, LogoutClaims, Person, Signing};

/// A URI, because it has a colon. HTTP Basic authentication must encode the colon (RFC 6749, section 2.3.1).
pub(super) const CLIENT_ID: &str = "daypass:tests";
/// Has more characters that must be encoded.
pub(super) const CLIENT_SECRET: &str = "a secret of tests: 100% + more/=&";
/// The `kid` and the value of the symmetric key that [`KeySet::WithSymmetricKey`] publishes.
const SYMMETRIC_KID: &str = "symmetric";
const SYMMETRIC_KEY: &[u8] = b"a symmetric key that is published";

/// What a user agreed to.
pub(super) struct Consent {
    pub(super) person: Person,
    /// The parameters of the authorization request.
    pub(super) request: HashMap<String, String>,
    pub(super) given_at: i64,
}

impl Consent {
    /// The claims of the scopes `profile` and `email`.
    pub(super) fn profile(&self) -> Value {
        let granted = |name| self.request["scope"].split(' ').any(|granted| granted == name);
        let (person, mut claims) = (&self.person, json!({}));
        if granted("profile") {
            change(&mut claims, &json!({"preferred_username": person.preferred_username}));
        }
        if granted("email") {
            change(&mut claims, &json!({"email": person.email, "email_verified": person.email_verified}));
        }
        claims
    }
}

/// A key pair of the provider.
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    kid: String,
    private: EncodingKey,
    public: Vec<u8>,
}

impl Key {
    pub(super) fn generate(algorithm: Algorithm, kid: &str) -> Self {
        let (private, public) = match algorithm {
            Algorithm::ES256 => ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::ES384 => ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::EdDSA => ed25519(),
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => panic!("not an algorithm of the provider"),
            _ => rsa(),
        };
        Self { algorithm, kid: kid.to_owned(), private, public }
    }

    fn jwk(&self) -> Value {
        let mut jwk = json!(Jwk::from_encoding_key(&self.private, self.algorithm).unwrap());
        change(&mut jwk, &json!({"kid": self.kid, "use": "sig"}));
        jwk
    }

    fn published(&self, behaviour: &Behaviour) -> Value {
        let mut jwk = self.jwk();
        change(&mut jwk, &behaviour.key);
        jwk
    }

    pub(super) fn key_set(&self, behaviour: &Behaviour) -> Value {
        let genuine = self.published(behaviour);
        let keys = match behaviour.key_set {
            KeySet::Genuine => vec![genuine],
            KeySet::Empty => vec![],
            KeySet::SameKidTwice => vec![Self::generate(self.algorithm, &self.kid).jwk(), genuine],
            KeySet::WithSymmetricKey => {
                let value = URL_SAFE_NO_PAD.encode(SYMMETRIC_KEY);
                vec![json!({"kty": "oct", "kid": SYMMETRIC_KID, "alg": "HS256", "use": "sig", "k": value}), genuine]
            }
            KeySet::WithRsaKey => vec![Self::generate(Algorithm::RS256, "rsa").jwk(), genuine],
        };
        json!({"keys": keys})
    }

    /// Signs any text. `changes` are changes of the header.
    fn token(&self, signing: Signing, behaviour: &Behaviour, changes: &[&Value], payload: &str) -> String {
        let other = || Self::generate(self.algorithm, &self.kid);
        let mut header = json!({"alg": self.algorithm, "typ": "JWT", "kid": self.kid});
        let (key, algorithm) = match signing {
            Signing::Genuine => (self.private.clone(), self.algorithm),
            Signing::OtherKey => (other().private, self.algorithm),
            Signing::EmbeddedKey => {
                let other = other();
                change(&mut header, &json!({"jwk": other.jwk()}));
                (other.private, self.algorithm)
            }
            Signing::Unsigned => {
                change(&mut header, &json!({"alg": "none"}));
                return format!("{}.", message(header, changes, payload));
            }
            Signing::Hs256(secret) => {
                let kid = if matches!(secret, HmacSecret::Symmetric) { SYMMETRIC_KID } else { &self.kid };
                change(&mut header, &json!({"alg": "HS256", "kid": kid}));
                (EncodingKey::from_secret(&self.hmac_secret(secret, behaviour)), Algorithm::HS256)
            }
            Signing::Encrypted => {
                change(&mut header, &json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT"}));
                return format!("{}.AAAA.AAAA.AAAA", message(header, changes, payload));
            }
        };
        let message = message(header, changes, payload);
        let signature = crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
        format!("{message}.{signature}")
    }

    fn hmac_secret(&self, secret: HmacSecret, behaviour: &Behaviour) -> Vec<u8> {
        match secret {
            HmacSecret::PublicPem => pem("PUBLIC KEY", &self.public).into_bytes(),
            HmacSecret::PublicDer => self.public.clone(),
            HmacSecret::PublicJwk => self.published(behaviour).to_string().into_bytes(),
            HmacSecret::ClientSecret => CLIENT_SECRET.into(),
            HmacSecret::Symmetric => SYMMETRIC_KEY.to_vec(),
            HmacSecret::Empty => Vec::new(),
        }
    }

    /// Signs an ID token with the faults of this behaviour.
    pub(super) fn id_token(
        &self,
        behaviour: &Behaviour,
        consent: &Consent,
        (issuer, now): (&str, i64),
        access_token: &str,
    ) -> String {
        let (person, request) = (&consent.person, &consent.request);
        let mut claims = json!({
            "iss": issuer, "sub": person.sub, "aud": CLIENT_ID, "iat": now, "exp": now + 300,
            "nonce": request["nonce"], "at_hash": half_hash(self.algorithm, access_token),
        });
        // A request with `max_age` makes `auth_time` mandatory.
        let auth_time = person.auth_time.or_else(|| request.contains_key("max_age").then_some(now));
        change(&mut claims, &json!({"auth_time": auth_time, "amr": person.amr, "sid": person.sid}));
        if !behaviour.claims_in_userinfo {
            change(&mut claims, &consent.profile());
        }
        change(&mut claims, &behaviour.claims);
        let payload = behaviour.payload.clone().unwrap_or_else(|| claims.to_string());
        self.token(behaviour.signing, behaviour, &[&behaviour.header], &payload)
    }

    pub(super) fn logout_token(
        &self,
        behaviour: &Behaviour,
        logout: &LogoutClaims,
        (issuer, now): (&str, i64),
    ) -> String {
        let mut claims = json!({
            "iss": issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": random(),
            "events": {LOGOUT_EVENT: {}},
        });
        change(&mut claims, &json!({"sub": logout.sub, "sid": logout.sid}));
        change(&mut claims, &logout.claims);
        let changes = [&json!({"typ": "logout+jwt"}), &logout.header];
        self.token(logout.signing, behaviour, &changes, &claims.to_string())
    }
}

/// Changes the members of an object. `null` removes a member.
pub(super) fn change(object: &mut Value, changes: &Value) {
    let members = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().into_iter().flatten() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
}

/// 256 random bits.
pub(super) fn random() -> String {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    URL_SAFE_NO_PAD.encode(bytes)
}

fn message(mut header: Value, changes: &[&Value], payload: &str) -> String {
    for changes in changes {
        change(&mut header, changes);
    }
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload))
}

/// `at_hash`: the left half of the hash of the access token.
fn half_hash(algorithm: Algorithm, token: &str) -> String {
    let hash = match algorithm {
        Algorithm::ES256 | Algorithm::RS256 | Algorithm::PS256 => &digest::SHA256,
        Algorithm::ES384 | Algorithm::RS384 | Algorithm::PS384 => &digest::SHA384,
        _ => &digest::SHA512,
    };
    let hash = digest::digest(hash, token.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}

fn ecdsa(algorithm: &'static signature::EcdsaSigningAlgorithm) -> (EncodingKey, Vec<u8>) {
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    (EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref()), public.as_ref().to_vec())
}

fn ed25519() -> (EncodingKey, Vec<u8>) {
    let pair = Ed25519KeyPair::generate().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    (EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref()), public.as_ref().to_vec())
}

fn rsa() -> (EncodingKey, Vec<u8>) {
    let pair = rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let private = EncodingKey::from_rsa_pem(pem("PRIVATE KEY", private.as_ref()).as_bytes()).unwrap();
    (private, public.as_ref().to_vec())
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
