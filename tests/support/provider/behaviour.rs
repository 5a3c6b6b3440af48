//! What tests change and read of the OIDC provider for tests.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

/// A text in hostile responses. It must not reach users.
pub const SECRET_TEXT: &str = "PROVIDER-SECRET-TEXT";
/// The event of a logout token.
pub const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A user of the provider. Tokens have no claim for a field that is `None`.
#[derive(Clone, Debug, Default)]
pub struct Person {
    pub sub: String,
    pub preferred_username: Option<String>,
    pub email: Option<String>,
    pub email_verified: Option<Value>,
    pub auth_time: Option<i64>,
    pub amr: Option<Vec<String>>,
    pub sid: Option<String>,
}

impl Person {
    /// A user with the verified address `name@example.com`.
    pub fn named(name: &str) -> Self {
        Self {
            sub: format!("{name}-subject"),
            preferred_username: Some(name.to_owned()),
            email: Some(format!("{name}@example.com")),
            email_verified: Some(json!(true)),
            ..Self::default()
        }
    }
}

/// What the provider does. The default is correct. A `Value` is an object of changes: `null` removes a member.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    /// Changes of the discovery document.
    pub metadata: Value,
    /// Changes of the published key.
    pub key: Value,
    /// Changes of the header of ID tokens.
    pub header: Value,
    /// Changes of the claims of ID tokens.
    pub claims: Value,
    /// Changes of the token response.
    pub token_response: Value,
    /// Changes of the UserInfo response.
    pub userinfo: Value,
    /// Changes of the parameters of the callback.
    pub callback: Value,
    /// The text that ID tokens have instead of claims.
    pub payload: Option<String>,
    /// The algorithm of the provider's key. The default is ES256.
    pub algorithm: Option<Algorithm>,
    pub signing: Signing,
    pub key_set: KeySet,
    /// Whether only UserInfo has the username and the email address.
    pub claims_in_userinfo: bool,
    /// The redirect URI that the client registered. If it is `None`, only the path is checked.
    pub redirect_uri: Option<String>,
    pub discovery_fault: Option<Fault>,
    pub keys_fault: Option<Fault>,
    pub token_fault: Option<Fault>,
    pub userinfo_fault: Option<Fault>,
}

/// A fault of an endpoint.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// This status with an HTML page that has [`SECRET_TEXT`].
    Status(u16),
    /// A redirect with this status to a URL that gives the correct response and counts the request.
    Redirect(u16),
    /// `200` with a text that is not JSON.
    Junk,
    /// The correct response with another content type.
    ContentType(&'static str),
    /// `400` with an OAuth error. Its description is long and has HTML, a line break and [`SECRET_TEXT`].
    Error,
    /// The correct document, followed by this number of spaces, without `Content-Length`.
    Padded(usize),
    /// No response.
    Silent,
    /// The correct response, one byte per second.
    Slow,
    /// The server closes the connection before the response.
    Closed,
    /// The server closes the connection in the middle of the response.
    CutOff,
}

/// How a token is signed.
#[derive(Clone, Copy, Debug, Default)]
pub enum Signing {
    /// With the published key.
    #[default]
    Genuine,
    /// With another key of the same type. The header has the `kid` of the published key.
    OtherKey,
    /// With another key, whose public key is in the header (`jwk`).
    EmbeddedKey,
    /// Unsigned, with `alg: none`.
    Unsigned,
    /// With HS256 and a secret that an attacker can have.
    Hs256(HmacSecret),
    /// The token is encrypted, so it has five parts.
    Encrypted,
}

/// A secret for HS256.
#[derive(Clone, Copy, Debug)]
pub enum HmacSecret {
    /// The text of the public key in PEM format.
    PublicPem,
    /// The public key in DER format.
    PublicDer,
    /// The text of the published JWK.
    PublicJwk,
    ClientSecret,
    /// The key that [`KeySet::WithSymmetricKey`] publishes. The header has its `kid`.
    Symmetric,
    /// No bytes.
    Empty,
}

/// The keys in the JWKS.
#[derive(Clone, Copy, Debug, Default)]
pub enum KeySet {
    /// The key that signs.
    #[default]
    Genuine,
    Empty,
    /// Another key with the same `kid`, then the key that signs.
    SameKidTwice,
    /// A symmetric key (`kty: oct`), then the key that signs.
    WithSymmetricKey,
    /// An RSA key, then the key that signs.
    WithRsaKey,
}

/// A logout token to sign. A valid one has `sub` or `sid`. The default has neither.
#[derive(Clone, Debug, Default)]
pub struct LogoutClaims {
    pub sub: Option<String>,
    pub sid: Option<String>,
    pub signing: Signing,
    /// Changes of the header.
    pub header: Value,
    /// Changes of the claims.
    pub claims: Value,
}

/// The number of requests received so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub discovery: usize,
    pub keys: usize,
    pub token: usize,
    pub userinfo: usize,
    /// The requests that followed a redirect.
    pub followed: usize,
    /// The number of padding bytes that the server produced for [`Fault::Padded`].
    pub padding: usize,
}

/// A request to the token endpoint.
#[derive(Clone, Debug, Default)]
pub struct TokenRequest {
    pub fields: Vec<(String, String)>,
    pub authorization: Option<String>,
}

impl TokenRequest {
    /// The value of a form field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.0 == name).map(|field| &*field.1)
    }
}
