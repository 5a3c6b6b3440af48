//! Device tokens: for which account and how long they are valid.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use daypass::auth::token::device::{Device, DeviceAccount};
use daypass::auth::token::keys::KeyRing;
use daypass::auth::token::{Lifetimes, Tokens};
use daypass::platform::random;
use secrecy::{ExposeSecret as _, SecretString};

fn tokens(secret: &str) -> Tokens {
    let keys = KeyRing::hmac(&SecretString::from(secret), &[]).unwrap();
    let lifetimes =
        Lifetimes { token: TimeDelta::days(1), session: TimeDelta::days(1), unused: None, leeway: TimeDelta::zero() };
    Tokens::new(keys, "us".to_owned(), "us".to_owned(), lifetimes)
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn issue(tokens: &Tokens, device: Option<Device>, username: &str) -> String {
    let account = DeviceAccount { username, password_hash: "a hash" };
    tokens.issue_device(device, account, now(), &mut random::secure()).unwrap().expose_secret().to_owned()
}

#[test]
fn device_token_is_accepted_for_its_account_only() {
    let tokens = tokens("a secret of enough bytes for a test");
    let token = issue(&tokens, None, "Ada");
    let presented = tokens.verify_device(&token, "ada", now()).unwrap();
    let device = tokens.confirm_device(&presented, "a hash").unwrap();
    assert_eq!(tokens.verify_device(&token, "bob", now()), None);
    assert_eq!(tokens.confirm_device(&presented, "another hash"), None, "the password was changed");
    let again = issue(&tokens, Some(device), "ada");
    let again = tokens.verify_device(&again, "ADA", now()).unwrap();
    assert_eq!(tokens.confirm_device(&again, "a hash"), Some(device), "it stays the same device");
}

#[test]
fn device_token_expires_after_a_year_and_with_the_key() {
    let tokens = tokens("a secret of enough bytes for a test");
    let token = issue(&tokens, None, "ada");
    assert!(tokens.verify_device(&token, "ada", now() + TimeDelta::days(364)).is_some());
    assert!(tokens.verify_device(&token, "ada", now() + TimeDelta::days(365)).is_none());
    assert!(self::tokens("another secret of enough bytes, really").verify_device(&token, "ada", now()).is_none());
}

#[test]
fn device_token_of_a_retired_key_is_accepted() {
    let [old, new] = ["a secret of enough bytes for a test", "another secret of enough bytes, really"];
    let tokens = tokens(old);
    let token = issue(&tokens, None, "ada");
    tokens.rotate(KeyRing::hmac(&SecretString::from(new), &[SecretString::from(old)]).unwrap());
    let presented = tokens.verify_device(&token, "ada", now()).unwrap();
    assert!(tokens.confirm_device(&presented, "a hash").is_some());
}

#[test]
fn device_token_shows_no_username() {
    let token = issue(&tokens("a secret of enough bytes for a test"), None, "adalovelace");
    let parts: Vec<_> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    let header: serde_json::Value = serde_json::from_slice(&parts[0]).unwrap();
    assert_eq!((&header["alg"], &header["typ"]), (&"HS256".into(), &"device+jwt".into()));
    assert!(!String::from_utf8(parts[1].clone()).unwrap().contains("adalovelace"));
}

proptest::proptest! {
    #[test]
    fn arbitrary_text_is_not_a_device_token(text in proptest::prelude::any::<String>()) {
        let tokens = tokens("a secret of enough bytes for a test");
        proptest::prop_assert!(tokens.verify_device(&text, "ada", now()).is_none());
    }
}
