//! The compact form of a JWT (RFC 7515 §7.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The maximum size of a token. This service's own tokens have about 400 bytes.
pub(super) const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The parts of a token, still encoded.
pub(super) struct Parts<'a> {
    pub(super) header: &'a str,
    pub(super) payload: &'a str,
    pub(super) signature: &'a str,
    /// The signed text: header, dot, payload.
    pub(super) message: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits a token into exactly three non-empty parts of the base64url alphabet.
    pub(super) fn split(token: &'a str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        // The loop does not stop at the first invalid byte, so that the compiler can vectorise it.
        let all_allowed = || token.bytes().fold(true, |all, byte| all & is_allowed(byte));
        if token.len() > MAX_TOKEN_BYTES || !all_allowed() {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let complete = !header.is_empty() && !payload.is_empty() && !signature.is_empty();
        (complete && !payload.contains('.')).then_some(Self { header, payload, signature, message })
    }
}

/// Decodes canonical base64url: no padding, no stray trailing bits.
pub(super) fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}
