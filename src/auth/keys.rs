//! The key ring: one key signs, retired keys still verify.
//!
//! The header's `kid` picks the key and the key picks the algorithm; the header's `alg` is only ever
//! compared with it (RFC 8725 §3.1). A key id is derived from the secret with its own HMAC, so all
//! replicas agree on it and it shows nothing of the key.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use secrecy::{ExposeSecret, SecretString};

/// A key of the ring, with all that is derived from it worked out once.
pub struct Key {
    id: String,
    algorithm: Algorithm,
    algorithm_name: &'static str,
    signing: EncodingKey,
    verifying: DecodingKey,
    header: String,
}

impl Key {
    fn hmac(secret: &SecretString) -> Result<Self, jsonwebtoken::errors::Error> {
        let algorithm = Algorithm::HS256;
        let bytes = secret.expose_secret().as_bytes();
        let signing = EncodingKey::from_secret(bytes);
        let mut id = crypto::sign(b"daypass key id", &signing, algorithm)?;
        id.truncate(11);
        let header = format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"{id}"}}"#);
        Ok(Self {
            id,
            algorithm,
            algorithm_name: "HS256",
            signing,
            verifying: DecodingKey::from_secret(bytes),
            header: URL_SAFE_NO_PAD.encode(header),
        })
    }

    /// The `kid`: 11 characters of base64url.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The only algorithm this key is used with, as a header spells it.
    #[must_use]
    pub fn algorithm_name(&self) -> &'static str {
        self.algorithm_name
    }

    /// The first part of every token this key signs, already encoded.
    #[must_use]
    pub fn header(&self) -> &str {
        &self.header
    }

    /// The third part of a token whose first two are `message`.
    ///
    /// # Errors
    /// When the cryptographic backend fails; with a key of this ring it does not.
    pub fn sign(&self, message: &[u8]) -> Result<String, jsonwebtoken::errors::Error> {
        crypto::sign(message, &self.signing, self.algorithm)
    }

    /// Whether `signature` is canonical base64url and the key's own MAC over `message`,
    /// compared in constant time.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &str) -> bool {
        crypto::verify(signature, message, &self.verifying, self.algorithm).unwrap_or(false)
    }
}

/// All keys in use, the signing one first.
pub struct KeyRing(Vec<Key>);

impl KeyRing {
    /// `current` signs and verifies, `retired` only verify.
    ///
    /// # Errors
    /// When the cryptographic backend fails at deriving a key id.
    pub fn new(current: &SecretString, retired: &[SecretString]) -> Result<Self, jsonwebtoken::errors::Error> {
        std::iter::once(current).chain(retired).map(Key::hmac).collect::<Result<_, _>>().map(Self)
    }

    /// All keys, the signing one first.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }

    /// The key that signs.
    #[must_use]
    pub fn signing(&self) -> &Key {
        &self.0[0]
    }

    /// Whether any key of the ring is used with the algorithm of this name.
    #[must_use]
    pub fn uses(&self, algorithm_name: &str) -> bool {
        self.0.iter().any(|key| key.algorithm_name == algorithm_name)
    }

    /// The key whose tokens begin with exactly this header: the way of all tokens we issued.
    #[must_use]
    pub fn by_header(&self, header: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.header == header)
    }

    /// The key of this id; ids are compared with what is in memory and looked up nowhere else.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}
