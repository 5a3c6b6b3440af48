//! Random texts: codes, access tokens, session ids, and wrong values.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng;

use crate::platform::random::secure;

/// Returns random bytes.
pub(super) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    secure().fill_bytes(&mut bytes);
    bytes
}

/// Returns 256 random bits as 43 characters of base64url: as long as a code challenge.
pub(super) fn text() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}
