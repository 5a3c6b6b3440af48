//! The key ring: one key signs, retired keys still verify.
//!
//! The header's `kid` picks the key and the key picks the algorithm; the header's `alg` is only ever
//! compared with it (RFC 8725 §3.1). A key id is derived from the key with a one-way function, so all
//! replicas agree on it and it shows nothing of a secret.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::Error;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use secrecy::{ExposeSecret, SecretString};

use super::session_id::SessionId;

/// Characters of a key id.
const ID_CHARS: usize = 11;
/// Bytes of a MAC by SHA-256.
const MAC_BYTES: usize = 32;
/// Where one private key of a PEM file ends.
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// The two kinds of session tokens, told apart by `typ` so that neither can be taken for the other (RFC 8725 §3.11):
/// whoever verifies by the type of RFC 9068 never meets a token that names no user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user's session.
    User,
    /// An anonymous visitor's.
    Anonymous,
}

impl Kind {
    const ALL: [Self; 2] = [Self::User, Self::Anonymous];

    fn media_type(self) -> &'static str {
        match self {
            Self::User => "at+jwt",
            Self::Anonymous => "anonymous+jwt",
        }
    }

    /// The kind that `typ` names; media types ignore case, and `application/` may stand before it (RFC 9068 §4).
    #[must_use]
    pub fn of(typ: &str) -> Option<Self> {
        let typ = typ.to_ascii_lowercase();
        let typ = typ.strip_prefix("application/").unwrap_or(&typ);
        Self::ALL.into_iter().find(|kind| kind.media_type() == typ)
    }
}

/// What a key verifies with.
enum Verifying {
    /// A MAC, whose key is ready to use: the library that checks signatures would prepare it anew for every token.
    Mac(Box<hmac::Key>),
    /// A signature.
    Signature(DecodingKey),
}

/// A key of the ring, with all that is derived from it worked out once.
pub struct Key {
    id: String,
    algorithm: Algorithm,
    algorithm_name: &'static str,
    signing: EncodingKey,
    verifying: Verifying,
    /// The first part of every token this key signs, already encoded, by [`Kind`].
    headers: [String; 2],
    /// What others may verify with; none for a shared secret.
    public: Option<Jwk>,
}

impl Key {
    fn hmac(secret: &SecretString) -> Result<Self, Error> {
        let bytes = secret.expose_secret().as_bytes();
        let signing = EncodingKey::from_secret(bytes);
        let id = crypto::sign(b"daypass key id", &signing, Algorithm::HS256)?;
        let verifying = Verifying::Mac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, bytes)));
        Ok(Self::new(id, (Algorithm::HS256, "HS256"), signing, verifying, None))
    }

    fn eddsa(pem: &str) -> Result<Self, Error> {
        let signing = EncodingKey::from_ed_pem(pem.as_bytes())?;
        let mut public = Jwk::from_encoding_key(&signing, Algorithm::EdDSA)?;
        let verifying = Verifying::Signature(DecodingKey::from_jwk(&public)?);
        let mut id = public.thumbprint(ThumbprintHash::SHA256)?;
        id.truncate(ID_CHARS);
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self::new(id, (Algorithm::EdDSA, "EdDSA"), signing, verifying, Some(public)))
    }

    fn new(
        mut id: String,
        (algorithm, algorithm_name): (Algorithm, &'static str),
        signing: EncodingKey,
        verifying: Verifying,
        public: Option<Jwk>,
    ) -> Self {
        id.truncate(ID_CHARS);
        let headers = Kind::ALL.map(|kind| {
            let header = format!(r#"{{"alg":"{algorithm_name}","typ":"{}","kid":"{id}"}}"#, kind.media_type());
            URL_SAFE_NO_PAD.encode(header)
        });
        Self { id, algorithm, algorithm_name, signing, verifying, headers, public }
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

    /// The first part of every token of this kind that this key signs, already encoded.
    #[must_use]
    pub fn header(&self, kind: Kind) -> &str {
        &self.headers[kind as usize]
    }

    /// The third part of a token whose first two are `message`.
    ///
    /// # Errors
    /// When the cryptographic backend fails; with a key of this ring it does not.
    pub fn sign(&self, message: &[u8]) -> Result<String, Error> {
        crypto::sign(message, &self.signing, self.algorithm)
    }

    /// The secret that what belongs to one session, and to this service alone, is sealed with. What is signed for it is no JWT, and never
    /// leaves this process.
    ///
    /// # Errors
    /// When the cryptographic backend fails; with a key of this ring it does not.
    pub fn sealing_secret(&self, session: SessionId) -> Result<String, Error> {
        self.sign(format!("seal:{session}").as_bytes())
    }

    /// Whether `signature` is canonical base64url and the key's own over `message`; a MAC is compared in constant time.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &str) -> bool {
        match &self.verifying {
            Verifying::Mac(key) => {
                let mut mac = [0; MAC_BYTES];
                let whole = URL_SAFE_NO_PAD.decode_slice(signature, &mut mac) == Ok(MAC_BYTES);
                whole && hmac::verify(key, message, &mac).is_ok()
            }
            Verifying::Signature(key) => crypto::verify(signature, message, key, self.algorithm).unwrap_or(false),
        }
    }
}

/// All keys in use, the signing one first.
pub struct KeyRing(Vec<Key>);

impl KeyRing {
    /// A ring of shared secrets: `current` signs and verifies, `retired` only verify.
    ///
    /// # Errors
    /// When the cryptographic backend fails at deriving a key id.
    pub fn hmac(current: &SecretString, retired: &[SecretString]) -> Result<Self, Error> {
        std::iter::once(current).chain(retired).map(Key::hmac).collect::<Result<_, _>>().map(Self)
    }

    /// A ring of Ed25519 keys, PKCS#8 in PEM: the first of the file signs, all verify, and so do `secrets`
    /// for the tokens they signed before.
    ///
    /// # Errors
    /// When a key is not Ed25519 in unencrypted PKCS#8, or there is none.
    pub fn eddsa(pem: &SecretString, secrets: &[SecretString]) -> Result<Self, Error> {
        let pem = pem.expose_secret();
        let blocks: Vec<_> = pem.split_inclusive(PEM_END).filter(|block| block.contains("-----BEGIN")).collect();
        let private = if blocks.is_empty() { vec![pem] } else { blocks };
        let keys = private.into_iter().map(Key::eddsa).chain(secrets.iter().map(Key::hmac));
        keys.collect::<Result<_, _>>().map(Self)
    }

    /// What others may verify with: never a shared secret.
    pub fn public(&self) -> impl Iterator<Item = &Jwk> {
        self.0.iter().filter_map(|key| key.public.as_ref())
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

    /// The key whose tokens begin with exactly this header, and their kind: the way of all tokens we issued.
    #[must_use]
    pub fn by_header(&self, header: &str) -> Option<(&Key, Kind)> {
        let begins = |key: &Key, kind| (key.header(kind) == header).then_some(kind);
        self.0.iter().find_map(|key| Kind::ALL.into_iter().find_map(|kind| begins(key, kind)).map(|kind| (key, kind)))
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
