//! Forged tokens: any header and any payload, signed or unsigned.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use super::SECRET;

/// A token to forge. It starts as a copy of a genuine token.
#[derive(Clone)]
pub struct Forge {
    pub header: Value,
    pub claims: Value,
}

impl Forge {
    /// Decodes a genuine token.
    pub fn from(token: &str) -> Self {
        let part = |index| -> Value {
            let text: &str = token.split('.').nth(index).unwrap();
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
        };
        Self { header: part(0), claims: part(1) }
    }

    pub fn header(mut self, name: &str, value: Value) -> Self {
        self.header[name] = value;
        self
    }

    pub fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims[name] = value;
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        self.header.as_object_mut().unwrap().remove(name);
        self
    }

    pub fn without_claim(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self
    }

    /// The token, signed with the secret of the service.
    pub fn signed(&self) -> String {
        Self::sign_text(&self.header.to_string(), &self.claims.to_string())
    }

    /// The token, signed with `secret` and HS256, HS384 or HS512.
    pub fn signed_by(&self, secret: &[u8], algorithm: Algorithm) -> String {
        sign(&self.message(), secret, algorithm)
    }

    /// The token with this text as its signature.
    pub fn with_signature(&self, signature: &str) -> String {
        format!("{}.{signature}", self.message())
    }

    /// A token of any two texts as header and payload, signed with the secret of the service.
    pub fn sign_text(header: &str, payload: &str) -> String {
        Self::sign_bytes(header.as_bytes(), payload.as_bytes())
    }

    pub fn sign_bytes(header: &[u8], payload: &[u8]) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        Self::sign_message(&message)
    }

    /// Signs an encoded header and payload.
    pub fn sign_message(message: &str) -> String {
        sign(message, SECRET.as_bytes(), Algorithm::HS256)
    }

    fn message(&self) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", encode(&self.header), encode(&self.claims))
    }
}

fn sign(message: &str, secret: &[u8], algorithm: Algorithm) -> String {
    let signature = crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret), algorithm).unwrap();
    format!("{message}.{signature}")
}

/// A value of each JSON type except string.
pub fn non_text_values() -> [Value; 6] {
    [json!(null), json!(1), json!(1.5), json!(true), json!([]), json!({})]
}
