//! Forged tokens: header, key and signature. Submodules test the format and the claims.
//!
//! Each test ends with a genuine token, so that it fails if the service rejects all tokens.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::support::{Client, Forge, SECRET, TestApp, non_text_values};

mod claims;
mod device;
mod explanations;
mod format;
mod properties;

struct Attack {
    app: TestApp,
    alice: Client,
    genuine: Forge,
}

impl Attack {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        let genuine = Forge::from(alice.token());
        Self { app, alice, genuine }
    }

    async fn assert_rejected(&self, token: &str, code: &str) {
        let reply = self.app.anon.with_token(token).get("/api/verify").await;
        assert_eq!(reply.error(), (401, code.to_owned()), "{token}");
        // The token of an anonymous session is valid.
        let code = (code != "anonymous").then_some(code);
        assert_eq!(explanations::code(&self.app, token).await.as_deref(), code, "the explanation of {token}");
    }

    async fn assert_unauthorized(&self, token: &str) {
        let reply = self.app.anon.with_token(token).get("/api/verify").await;
        assert_eq!(reply.error().0, 401, "{token}");
    }

    async fn assert_accepted(&self, token: &str) {
        let reply = self.app.anon.with_token(token).get("/api/verify").await;
        assert_eq!(reply.status(), 204, "{token}: {}", reply.text());
        assert_eq!(explanations::code(&self.app, token).await, None, "the explanation of {token}");
    }

    async fn finish(self) {
        assert_eq!(self.alice.get("/api/verify").await.status(), 204, "the genuine token still works");
        self.assert_accepted(&self.genuine.signed()).await;
    }
}

#[tokio::test]
async fn algorithm_other_than_that_of_the_key_is_rejected() {
    let attack = Attack::start().await;
    let signatures = ["", "AAAA", attack.alice.token().rsplit('.').next().unwrap()];
    for none in ["none", "None", "NONE", "nOnE", "none ", " none", "n\u{43e}ne", "no\u{0}ne", "ｎｏｎｅ"] {
        let forged = attack.genuine.clone().header("alg", json!(none));
        for signature in signatures {
            attack.assert_unauthorized(&forged.with_signature(signature)).await;
        }
        attack.assert_rejected(&forged.signed(), "wrong_algorithm").await;
    }
    for name in [
        "hs256", "Hs256", "HS256 ", "HS-256", "SHA256", "", "HS384", "HS512", "RS256", "PS256", "ES256", "EdDSA",
        "A128KW", "dir",
    ] {
        attack.assert_rejected(&attack.genuine.clone().header("alg", json!(name)).signed(), "wrong_algorithm").await;
    }
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let named = attack.genuine.clone().header("alg", json!(format!("{algorithm:?}")));
        attack.assert_rejected(&named.signed_by(SECRET.as_bytes(), algorithm), "wrong_algorithm").await;
        attack.assert_rejected(&attack.genuine.signed_by(SECRET.as_bytes(), algorithm), "bad_signature").await;
    }
    for odd in non_text_values() {
        attack.assert_rejected(&attack.genuine.clone().header("alg", odd).signed(), "malformed_token").await;
    }
    attack.assert_rejected(&attack.genuine.clone().without_header("alg").signed(), "malformed_token").await;
    attack.finish().await;
}

#[tokio::test]
async fn tokens_signed_with_another_secret_are_rejected() {
    let attack = Attack::start().await;
    let upper = SECRET.to_uppercase();
    let quoted = format!("\"{SECRET}\"");
    let newline = format!("{SECRET}\n");
    for secret in [
        "",
        "\0",
        " ",
        "secret",
        "i_am_secret",
        "changeme",
        "your-256-bit-secret",
        &upper,
        &quoted,
        &newline,
        &SECRET[1..],
    ] {
        attack.assert_rejected(&attack.genuine.signed_by(secret.as_bytes(), Algorithm::HS256), "bad_signature").await;
    }
    attack.finish().await;
}

#[tokio::test]
async fn keys_in_the_token_header_are_ignored() {
    let attack = Attack::start().await;
    let own = "an attacker's own secret of enough bytes";
    for (name, value) in [
        ("jwk", json!({"kty": "oct", "k": "YW4gYXR0YWNrZXIncyBvd24gc2VjcmV0IG9mIGVub3VnaCBieXRlcw", "alg": "HS256"})),
        ("jku", json!("http://127.0.0.1:9/jwks.json")),
        ("x5u", json!("http://127.0.0.1:9/cert.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        let forged = attack.genuine.clone().header(name, value);
        attack.assert_rejected(&forged.signed_by(own.as_bytes(), Algorithm::HS256), "bad_signature").await;
        attack.assert_accepted(&forged.signed()).await;
    }
    attack.finish().await;
}

#[tokio::test]
async fn key_id_is_only_looked_up_in_memory() {
    let attack = Attack::start().await;
    let long = "k".repeat(5000);
    for kid in [
        "",
        "other",
        "../../../dev/null",
        "/dev/null",
        "file:///etc/passwd",
        "x' UNION SELECT '1';--",
        "| sleep 10",
        "a\r\nSet-Cookie: x=y",
        &long,
    ] {
        let forged = attack.genuine.clone().header("kid", json!(kid));
        for token in [forged.signed(), forged.signed_by(b"", Algorithm::HS256)] {
            attack.assert_rejected(&token, "unknown_key").await;
        }
    }
    attack.assert_rejected(&attack.genuine.clone().without_header("kid").signed(), "unknown_key").await;
    for odd in non_text_values().into_iter().filter(|odd| !odd.is_null()) {
        attack.assert_rejected(&attack.genuine.clone().header("kid", odd).signed(), "malformed_token").await;
    }
    attack.finish().await;
}

#[tokio::test]
async fn header_extensions_are_rejected() {
    let attack = Attack::start().await;
    for crit in [json!([]), json!(["exp"]), json!(["b64"]), json!(["x", "x"]), json!("exp"), json!({}), json!([1])] {
        attack.assert_rejected(&attack.genuine.clone().header("crit", crit).signed(), "malformed_token").await;
    }
    for (name, value) in [
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("crit", Value::Null),
        ("b64", Value::Null),
        ("zip", Value::Null),
    ] {
        attack.assert_rejected(&attack.genuine.clone().header(name, value).signed(), "malformed_token").await;
    }
    attack.finish().await;
}

#[tokio::test]
async fn tokens_of_another_type_are_rejected() {
    let attack = Attack::start().await;
    for typ in ["JWT", "jwt", "logout+jwt", "dpop+jwt", "id_token", "", "at+jwt ", "application/jwt"] {
        attack.assert_rejected(&attack.genuine.clone().header("typ", json!(typ)).signed(), "wrong_type").await;
    }
    attack.assert_rejected(&attack.genuine.clone().without_header("typ").signed(), "wrong_type").await;
    for odd in non_text_values().into_iter().filter(|odd| !odd.is_null()) {
        attack.assert_rejected(&attack.genuine.clone().header("typ", odd).signed(), "malformed_token").await;
    }
    for typ in ["AT+JWT", "application/at+jwt", "Application/At+Jwt", "device+jwt"] {
        attack.assert_rejected(&attack.genuine.clone().header("typ", json!(typ)).signed(), "wrong_type").await;
    }
    attack.finish().await;
}

#[tokio::test]
async fn anonymous_and_user_tokens_are_not_interchangeable() {
    let attack = Attack::start().await;
    let created = attack.app.anon.put("/api/sessions/current/variables/a?carrier=bearer", json!(1)).await;
    let anonymous = Forge::from(created.header("daypass-session-token"));
    assert_eq!((&anonymous.header["typ"], anonymous.claims.get("sub")), (&json!("anonymous+jwt"), None));
    attack.assert_rejected(&anonymous.signed(), "anonymous").await;
    // Even with a valid signature, a token of one type is not accepted as one of the other type.
    for forged in [
        anonymous.clone().header("typ", json!("at+jwt")),
        anonymous.clone().header("typ", json!("JWT")),
        anonymous.clone().claim("sub", json!("1")),
        attack.genuine.clone().header("typ", json!("anonymous+jwt")),
        attack.genuine.clone().without_claim("sub"),
        attack.genuine.clone().without_claim("auth_time"),
    ] {
        attack.assert_unauthorized(&forged.signed()).await;
        let variables = attack.app.anon.with_token(&forged.signed()).get("/api/sessions/current/variables").await;
        assert_eq!(variables.error().0, 401, "{}", forged.signed());
    }
    attack.finish().await;
}

#[tokio::test]
async fn error_description_does_not_repeat_input() {
    let attack = Attack::start().await;
    let marker = "MARKER\"\\\u{e9}";
    for forged in [
        attack.genuine.clone().header("kid", json!(marker)),
        attack.genuine.clone().header("alg", json!(marker)),
        attack.genuine.clone().header("typ", json!(marker)),
        attack.genuine.clone().claim("iss", json!(marker)),
        attack.genuine.clone().claim("sub", json!(marker)),
    ] {
        let reply = attack.app.anon.with_token(&forged.signed()).get("/api/verify").await;
        assert!(!reply.text().contains("MARKER") && !reply.header("www-authenticate").contains("MARKER"));
        let challenge = reply.header("www-authenticate");
        let (_, description) = challenge.split_once("error_description=\"").unwrap();
        let description = description.strip_suffix('"').unwrap();
        assert!(
            description.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
            "{description}"
        );
    }
    attack.finish().await;
}
