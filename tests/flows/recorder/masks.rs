//! Replaces secrets, ids and times by names that are the same in every recording.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use serde_json::Value;

use super::{NEW_PASSWORD, WRONG_PASSWORD};
use crate::support::{PASSWORD, SECRET};

/// The values that a recording must not have, with their names.
const SECRETS: [(&str, &str); 4] =
    [(PASSWORD, "password"), (NEW_PASSWORD, "new password"), (WRONG_PASSWORD, "wrong password"), (SECRET, "secret")];
/// The length of a SHA-256 hash in base64url.
const HASH_CHARS: usize = 43;
/// Shorter texts can be names. A random id or code of 128 bits has 22 characters.
const MIN_RANDOM_CHARS: usize = 20;

/// The names of the values that were seen so far.
pub(super) struct Masks {
    names: BTreeMap<String, String>,
    /// How often each kind of value was seen.
    kinds: BTreeMap<String, usize>,
}

impl Masks {
    pub(super) fn new() -> Self {
        let names = SECRETS.map(|(value, name)| (value.to_owned(), format!("[{name}]")));
        Self { names: names.into(), kinds: BTreeMap::new() }
    }

    /// Gives a value a name. The first name stays.
    pub(super) fn name(&mut self, value: &str, name: &str) {
        self.names.entry(value.to_owned()).or_insert_with(|| format!("[{name}]"));
    }

    /// Returns the name of a value. The second value of a kind has the number 2.
    pub(super) fn numbered(&mut self, kind: &str, value: &str) -> String {
        if !self.names.contains_key(value) {
            let number = self.next(kind);
            let name = if number == 1 { kind.to_owned() } else { format!("{kind} {number}") };
            self.name(value, &name);
        }
        self.names[value].clone()
    }

    fn next(&mut self, kind: &str) -> usize {
        let count = self.kinds.entry(kind.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// Returns the name of a value, or the value itself if it needs none.
    pub(super) fn value(&mut self, value: &str) -> String {
        match self.names.get(value) {
            Some(name) => name.clone(),
            None if value.starts_with("eyJ") => self.token(value),
            None if DateTime::parse_from_rfc3339(value).is_ok() => "[time]".to_owned(),
            None => value.to_owned(),
        }
    }

    /// Names a session token after its session: `[token of session 1]`, then `[token 2 of session 1]`.
    fn token(&mut self, token: &str) -> String {
        let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let claims: Option<Value> = payload.and_then(|payload| serde_json::from_slice(&payload).ok());
        let Some(id) = claims.as_ref().and_then(|claims| claims["sid"].as_str()) else {
            return self.numbered("token", token);
        };
        if !self.names.contains_key(id) {
            let number = self.next("session");
            self.name(id, &format!("id of session {number}"));
        }
        let session = self.names[id].trim_matches(['[', ']']).replace("id of ", "");
        let name = match self.next(&format!("token of {session}")) {
            1 => format!("token of {session}"),
            number => format!("token {number} of {session}"),
        };
        self.name(token, &name);
        self.names[token].clone()
    }

    /// Replaces the named values in a line. Panics if Mermaid would not show the line as it is.
    pub(super) fn line(&self, text: &str) -> String {
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        let line = names.into_iter().fold(text.to_owned(), |line, (value, name)| line.replace(value, name));
        assert!(!line.contains(['#', ';', '<', '>', '\n', '%']), "not a line of a Mermaid diagram: {line}");
        line
    }
}

/// Returns the secrets in a text: tokens, hashes, random ids and codes, and the passwords of the tests.
pub(super) fn secrets_in(text: &str) -> Vec<String> {
    let is_base64url = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let words = text.split(|c| !is_base64url(c)).filter(|word| is_random(word)).map(str::to_owned);
    let known = SECRETS.iter().filter(|(secret, _)| text.contains(secret)).map(|(secret, _)| (*secret).to_owned());
    words.chain(known).collect()
}

fn is_random(word: &str) -> bool {
    let has = |of: fn(&u8) -> bool| word.bytes().any(|byte| of(&byte));
    let has_capital_or_digit = has(u8::is_ascii_uppercase) || has(u8::is_ascii_digit);
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    word.contains("eyJ")
        || (word.len() >= HASH_CHARS && has_capital_or_digit)
        || (word.len() >= MIN_RANDOM_CHARS && mixed)
}

#[test]
fn secrets_are_found_and_names_are_not() {
    let hash = "a1".repeat(HASH_CHARS).split_off(HASH_CHARS);
    for secret in ["eyJhbGciOiJIUzI1NiIs", &hash, "uGx3x2JqAbSdDtrsSSu_6w", PASSWORD, NEW_PASSWORD, SECRET] {
        assert_eq!(secrets_in(&format!("a={secret}, b")).len(), 1, "{secret}");
    }
    let long_name = "authorization_response_iss_parameter_supported";
    for name in
        [long_name, "[token of session 1]", "0030-email-and-password-resets.md", "X-Auth-Session-Id", "__Host-daypass"]
    {
        assert_eq!(secrets_in(name), Vec::<String>::new());
    }
}

#[test]
fn values_get_the_same_names_in_every_recording() {
    let token = |sid: &str, rest: &str| {
        let payload = URL_SAFE_NO_PAD.encode(format!(r#"{{"sid":"{sid}","rest":"{rest}"}}"#));
        format!("eyJhbGciOiJIUzI1NiJ9.{payload}.c2lnbmF0dXJl")
    };
    let mut masks = Masks::new();
    let values = [token("one", ""), token("two", ""), token("one", "later"), token("one", "")];
    let names = values.map(|value| masks.value(&value));
    let expected = ["[token of session 1]", "[token of session 2]", "[token 2 of session 1]", "[token of session 1]"];
    assert_eq!(names, expected);
    assert_eq!((masks.value("two"), masks.value(PASSWORD)), ("[id of session 2]".into(), "[password]".into()));
    assert_eq!((masks.value("2026-11-20T12:00:00.250Z"), masks.value("ada")), ("[time]".into(), "ada".into()));
    assert_eq!((masks.numbered("code", "x1"), masks.numbered("code", "x2")), ("[code]".into(), "[code 2]".into()));
    assert_eq!(masks.line(&format!("PUT /{PASSWORD}/x1")), "PUT /[password]/[code]");
}
