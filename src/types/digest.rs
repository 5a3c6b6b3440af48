//! Hashes of texts that the database stores instead of the texts.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Returns the SHA-256 of the parts together: 43 characters of base64url.
#[must_use]
pub fn sha256(parts: &[&str]) -> String {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part.as_bytes()));
    URL_SAFE_NO_PAD.encode(context.finish())
}
