//! The key ring: one key signs, the others only verify.
//!
//! The header's `kid` selects the key, and the key determines the algorithm. The header's `alg` must name that
//! algorithm (RFC 8725 §3.1). The key id is a one-way function of the key, so a key has the same id on all replicas.

use std::fmt;

use aws_lc_rs::{hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use secrecy::{ExposeSecret, SecretString};

use super::session_id::SessionId;
use crate::types::KeyId;

const KEY_ID_CHARS: usize = 11;
/// The size of an HMAC-SHA-256 output.
const MAC_BYTES: usize = 32;
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// The types of session tokens. Each has its own `typ`, so a service that requires `at+jwt` (RFC 9068) never accepts
/// the token of an anonymous session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenType {
    User,
    Anonymous,
}

impl TokenType {
    const ALL: [Self; 2] = [Self::User, Self::Anonymous];

    fn typ(self) -> &'static str {
        match self {
            Self::User => "at+jwt",
            Self::Anonymous => "anonymous+jwt",
        }
    }

    pub(super) fn from_typ(typ: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|token_type| token_type.typ() == typ)
    }
}

/// An expanded HMAC-SHA-256 key. The JWT library would expand the secret again for each token.
pub(super) struct MacKey(Box<hmac::Key>);

impl MacKey {
    fn new(secret: &[u8]) -> Self {
        Self(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    pub(super) fn sign(&self, message: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, message))
    }

    /// Returns whether `signature` is the MAC of the message in canonical base64url. Compares in constant time.
    pub(super) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        let mut mac = [0; MAC_BYTES];
        let complete = URL_SAFE_NO_PAD.decode_slice(signature, &mut mac) == Ok(MAC_BYTES);
        complete && hmac::verify(&self.0, message, &mac).is_ok()
    }
}

enum Signer {
    Hs256(MacKey),
    EdDsa { private: EncodingKey, public: DecodingKey },
}

impl Signer {
    fn algorithm_name(&self) -> &'static str {
        match self {
            Self::Hs256(_) => "HS256",
            Self::EdDsa { .. } => "EdDSA",
        }
    }
}

/// The HKDF label of a derived key. Each purpose has its own label (docs/decisions/0021). No label is a prefix of
/// another, because the only colon in a label is its last character.
#[derive(Clone, Copy)]
pub(super) struct Purpose(&'static [u8]);

impl Purpose {
    const SIGN_DEVICE_TOKENS: Self = Self(b"daypass device token:");
    /// The purpose of the fingerprint of a username in a device token.
    pub(super) const DEVICE_USERNAME: Self = Self(b"daypass device username:");
    /// The purpose of the fingerprint of a stored password hash in a device token.
    pub(super) const DEVICE_PASSWORD: Self = Self(b"daypass device password:");
    const SESSION_DATA: Self = Self(b"daypass session data:");
    /// The purpose of the hashes of short codes in the database.
    pub(super) const SHORT_CODE: Self = Self(b"daypass short code:");
    /// The purpose of the keys that encrypt sealed texts.
    pub(super) const SEALED: Self = Self(b"daypass sealed text:");
}

/// The length of a derived key, in bytes.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// A key of the ring, with the values derived from it.
pub struct Key {
    id: KeyId,
    signer: Signer,
    /// The encoded header of each [`TokenType`].
    headers: [String; 2],
    /// The public key, with which other services verify tokens. `None` for a shared secret.
    public: Option<Jwk>,
    derivation: hkdf::Prk,
    device_key: MacKey,
    device_header: String,
}

impl Key {
    fn hmac(secret: &SecretString) -> Result<Self, Error> {
        let secret = secret.expose_secret().as_bytes();
        let key = MacKey::new(secret);
        // The id is not derived with HKDF, because tokens that were issued before HKDF was used contain this id.
        let id = key.sign(b"daypass key id");
        Self::new(id, Signer::Hs256(key), secret, None)
    }

    fn eddsa(pem: &str) -> Result<Self, Error> {
        let private = EncodingKey::from_ed_pem(pem.as_bytes())?;
        let mut jwk = Jwk::from_encoding_key(&private, Algorithm::EdDSA)?;
        let public = DecodingKey::from_jwk(&jwk)?;
        let mut id = jwk.thumbprint(ThumbprintHash::SHA256)?;
        id.truncate(KEY_ID_CHARS);
        jwk.common.key_id = Some(id.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        let secret = private.as_bytes().to_vec();
        Self::new(id, Signer::EdDsa { private, public }, &secret, Some(jwk))
    }

    fn new(mut id: String, signer: Signer, secret: &[u8], public: Option<Jwk>) -> Result<Self, Error> {
        id.truncate(KEY_ID_CHARS);
        let header =
            |alg: &str, typ: &str| URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{alg}","typ":"{typ}","kid":"{id}"}}"#));
        let headers = TokenType::ALL.map(|token_type| header(signer.algorithm_name(), token_type.typ()));
        let device_header = header("HS256", "device+jwt");
        let derivation = hkdf::Salt::new(hkdf::HKDF_SHA256, b"daypass").extract(secret);
        let device_key = MacKey::new(&derive::<MAC_BYTES>(&derivation, Purpose::SIGN_DEVICE_TOKENS, b"")?);
        Ok(Self { id: KeyId(id), signer, headers, public, derivation, device_key, device_header })
    }

    /// Returns the `kid`: 11 characters of base64url.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// Returns the name of this key's only algorithm, as in `alg`.
    pub fn algorithm_name(&self) -> &'static str {
        self.signer.algorithm_name()
    }

    /// Returns the encoded header of the tokens of this type that the key signs.
    pub(super) fn header(&self, token_type: TokenType) -> &str {
        &self.headers[token_type as usize]
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<String, Error> {
        match &self.signer {
            Signer::Hs256(key) => Ok(key.sign(message)),
            Signer::EdDsa { private, .. } => crypto::sign(message, private, Algorithm::EdDSA),
        }
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        match &self.signer {
            Signer::Hs256(key) => key.verifies(message, signature),
            Signer::EdDsa { public, .. } => {
                crypto::verify(signature, message, public, Algorithm::EdDSA).unwrap_or(false)
            }
        }
    }

    /// Returns the key that signs device tokens. It is derived, so no session token verifies with it.
    pub(super) fn device_key(&self) -> &MacKey {
        &self.device_key
    }

    /// Returns the encoded header of the device tokens of this key.
    pub(super) fn device_header(&self) -> &str {
        &self.device_header
    }

    /// Derives the key that encrypts the data of one session.
    pub fn session_data_key(&self, session: SessionId) -> Result<[u8; 64], Error> {
        self.derive(Purpose::SESSION_DATA, session.to_string().as_bytes())
    }

    pub(super) fn derive<const N: usize>(&self, purpose: Purpose, context: &[u8]) -> Result<[u8; N], Error> {
        derive(&self.derivation, purpose, context)
    }
}

fn derive<const N: usize>(from: &hkdf::Prk, purpose: Purpose, context: &[u8]) -> Result<[u8; N], Error> {
    let mut derived = [0; N];
    let info = [purpose.0, context];
    let filled = from.expand(&info, Length(N)).and_then(|key| key.fill(&mut derived));
    filled.map_err(|_| ErrorKind::Provider("HKDF failed".to_owned()))?;
    Ok(derived)
}

/// All keys in use. The first one signs.
pub struct KeyRing(Vec<Key>);

impl KeyRing {
    /// Creates a ring of shared secrets. `current` signs. The `retired` secrets only verify.
    pub fn hmac(current: &SecretString, retired: &[SecretString]) -> Result<Self, Error> {
        std::iter::once(current).chain(retired).map(Key::hmac).collect::<Result<_, _>>().map(Self)
    }

    /// Creates a ring of Ed25519 keys (PKCS#8 in PEM, not encrypted). The first key signs. The other keys and `secrets`
    /// only verify.
    pub fn eddsa(pem: &SecretString, secrets: &[SecretString]) -> Result<Self, Error> {
        let pem = pem.expose_secret();
        let blocks: Vec<_> = pem.split_inclusive(PEM_END).filter(|block| block.contains("-----BEGIN")).collect();
        let private = if blocks.is_empty() { vec![pem] } else { blocks };
        let keys = private.into_iter().map(Key::eddsa).chain(secrets.iter().map(Key::hmac));
        keys.collect::<Result<_, _>>().map(Self)
    }

    /// Returns the public keys. Shared secrets have none.
    pub fn public(&self) -> impl Iterator<Item = &Jwk> {
        self.0.iter().filter_map(|key| key.public.as_ref())
    }

    /// Returns all keys, the signing key first.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }

    pub fn signing(&self) -> &Key {
        &self.0[0]
    }

    /// Returns whether any key has this algorithm.
    pub(super) fn uses(&self, algorithm_name: &str) -> bool {
        self.0.iter().any(|key| key.algorithm_name() == algorithm_name)
    }

    /// Returns the key and the token type that have exactly this encoded header.
    pub(super) fn by_header(&self, header: &str) -> Option<(&Key, TokenType)> {
        let pairs = self.0.iter().flat_map(|key| TokenType::ALL.map(|token_type| (key, token_type)));
        pairs.into_iter().find(|(key, token_type)| key.header(*token_type) == header)
    }

    pub(super) fn by_id(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id.0 == id)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id.0)).finish()
    }
}
