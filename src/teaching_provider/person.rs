//! The person who signs in, as the provider's form describes them.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::parameters::Parameters;

const MAX_NAME_CHARS: usize = 64;
const MAX_EMAIL_CHARS: usize = 254;
const SUBJECT_CHARS: usize = 22;

/// The claims about a person. A scope asks for each of them, except for `sub`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Person {
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

impl Person {
    /// Reads a person from the form. `scope` selects the claims.
    pub(super) fn of(form: &Parameters, scope: &str) -> Result<Self, &'static str> {
        let name = form.get("name").map(str::trim).filter(|name| is_valid(name, MAX_NAME_CHARS));
        let name = name.ok_or("Enter a name with 1 to 64 characters.")?;
        let email = form.get("email").map(str::trim).filter(|email| !email.is_empty());
        if email.is_some_and(|email| !is_valid(email, MAX_EMAIL_CHARS)) {
            return Err("The e-mail address must have at most 254 characters.");
        }
        let asks_for = |scope_name| scope.split(' ').any(|word| word == scope_name);
        let email = email.filter(|_| asks_for("email"));
        Ok(Self {
            sub: subject(name),
            preferred_username: asks_for("profile").then(|| name.to_owned()),
            email: email.map(ToOwned::to_owned),
            email_verified: email.map(|_| form.get("email_verified").is_some()),
        })
    }
}

fn is_valid(text: &str, max_chars: usize) -> bool {
    !text.is_empty() && text.chars().count() <= max_chars && !text.chars().any(char::is_control)
}

/// Returns the same `sub` for the same name, so a person has the same account after a restart of the provider.
fn subject(name: &str) -> String {
    let mut subject = URL_SAFE_NO_PAD.encode(digest(&SHA256, name.as_bytes()));
    subject.truncate(SUBJECT_CHARS);
    subject
}
