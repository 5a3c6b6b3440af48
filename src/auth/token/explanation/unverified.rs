//! What a token says, before anything is verified.

use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{GeneralPurposeConfig, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, general_purpose};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::types::strict_json;

/// The decoded parts of a token, as far as they can be decoded.
#[derive(Debug)]
pub(super) struct Unverified {
    pub(super) text: String,
    pub(super) header: Option<Value>,
    pub(super) claims: Option<Value>,
}

impl Unverified {
    pub(super) fn read(token: &str) -> Self {
        let part = |number| token.split('.').nth(number).and_then(lenient_json);
        Self { text: token.to_owned(), header: part(0), claims: part(1) }
    }

    /// Returns a member of the header, as it is written in JSON.
    pub(super) fn header_member(&self, name: &str) -> Option<String> {
        member(self.header.as_ref(), name)
    }

    /// Returns a claim, as it is written in JSON.
    pub(super) fn claim(&self, name: &str) -> Option<String> {
        member(self.claims.as_ref(), name)
    }

    /// Returns a claim that is a time in seconds since 1970.
    pub(super) fn time(&self, name: &str) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.claims.as_ref()?.get(name)?.as_i64()?, 0)
    }

    /// Returns why the header is not a JSON object, if it is not.
    pub(super) fn header_error(&self) -> Option<String> {
        self.text.split('.').next().and_then(json_error)
    }

    /// Returns why the payload is not a JSON object, if it is not.
    pub(super) fn payload_error(&self) -> Option<String> {
        self.text.split('.').nth(1).and_then(json_error)
    }
}

fn member(object: Option<&Value>, name: &str) -> Option<String> {
    object?.get(name).map(Value::to_string)
}

/// Decodes also what the service rejects, so that people can see it.
fn lenient_json(part: &str) -> Option<Value> {
    const LENIENT: GeneralPurposeConfig = general_purpose::NO_PAD
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let part = part.replace('+', "-").replace('/', "_");
    let bytes = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT).decode(part).ok()?;
    serde_json::from_slice(&bytes).ok().filter(Value::is_object)
}

fn json_error(part: &str) -> Option<String> {
    match URL_SAFE_NO_PAD.decode(part) {
        Err(error) => Some(format!("it is not base64url without padding: {error}")),
        Ok(bytes) => strict_json::read::<Value>(&bytes).err().map(|error| format!("it is not valid JSON: {error}")),
    }
}
