//! Forged tokens against the running router: form, header, key, signature, claims.
//!
//! Each table ends with a genuine token, so that a service that refuses everything would fail.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::support::{Client, Forge, SECRET, TestApp, odd_values};

struct Attack {
    app: TestApp,
    alice: Client,
    genuine: Forge,
}

impl Attack {
    async fn begin() -> Self {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        let genuine = Forge::from(alice.token());
        Self { app, alice, genuine }
    }

    async fn is_refused(&self, token: &str, code: &str) {
        let reply = self.app.anon.with_token(token).get("/api/verify").await;
        assert_eq!(reply.refusal(), (401, code.to_owned()), "{token}");
    }

    async fn is_refused_somehow(&self, token: &str) {
        let reply = self.app.anon.with_token(token).get("/api/verify").await;
        assert_eq!(reply.refusal().0, 401, "{token}");
    }

    async fn is_accepted(&self, token: &str) {
        let reply = self.app.anon.with_token(token).get("/api/verify").await;
        assert_eq!(reply.status(), 204, "{token}: {}", reply.text());
    }

    async fn end(self) {
        assert_eq!(self.alice.get("/api/verify").await.status(), 204, "the genuine token still works");
        self.is_accepted(&self.genuine.signed()).await;
    }
}

#[tokio::test]
async fn an_algorithm_other_than_the_keys_is_refused() {
    let attack = Attack::begin().await;
    let signatures = ["", "AAAA", attack.alice.token().rsplit('.').next().unwrap()];
    for none in ["none", "None", "NONE", "nOnE", "none ", " none", "n\u{43e}ne", "no\u{0}ne", "ｎｏｎｅ"] {
        let forged = attack.genuine.clone().header("alg", json!(none));
        for signature in signatures {
            attack.is_refused_somehow(&forged.with_signature(signature)).await;
        }
        attack.is_refused(&forged.signed(), "wrong_algorithm").await;
    }
    for name in [
        "hs256", "Hs256", "HS256 ", "HS-256", "SHA256", "", "HS384", "HS512", "RS256", "PS256", "ES256", "EdDSA",
        "A128KW", "dir",
    ] {
        attack.is_refused(&attack.genuine.clone().header("alg", json!(name)).signed(), "wrong_algorithm").await;
    }
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let named = attack.genuine.clone().header("alg", json!(format!("{algorithm:?}")));
        attack.is_refused(&named.signed_by(SECRET.as_bytes(), algorithm), "wrong_algorithm").await;
        attack.is_refused(&attack.genuine.signed_by(SECRET.as_bytes(), algorithm), "bad_signature").await;
    }
    for odd in odd_values() {
        attack.is_refused(&attack.genuine.clone().header("alg", odd).signed(), "malformed_token").await;
    }
    attack.is_refused(&attack.genuine.clone().without_header("alg").signed(), "malformed_token").await;
    attack.end().await;
}

#[tokio::test]
async fn only_our_own_key_signs() {
    let attack = Attack::begin().await;
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
        attack.is_refused(&attack.genuine.signed_by(secret.as_bytes(), Algorithm::HS256), "bad_signature").await;
    }
    attack.end().await;
}

#[tokio::test]
async fn a_key_that_comes_with_the_token_is_not_looked_at() {
    let attack = Attack::begin().await;
    let own = "an attacker's own secret of enough bytes";
    for (name, value) in [
        ("jwk", json!({"kty": "oct", "k": "YW4gYXR0YWNrZXIncyBvd24gc2VjcmV0IG9mIGVub3VnaCBieXRlcw", "alg": "HS256"})),
        ("jku", json!("http://127.0.0.1:9/jwks.json")),
        ("x5u", json!("http://127.0.0.1:9/cert.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        let forged = attack.genuine.clone().header(name, value);
        attack.is_refused(&forged.signed_by(own.as_bytes(), Algorithm::HS256), "bad_signature").await;
        attack.is_accepted(&forged.signed()).await;
    }
    attack.end().await;
}

#[tokio::test]
async fn a_key_id_is_looked_up_in_memory_and_nowhere_else() {
    let attack = Attack::begin().await;
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
            attack.is_refused(&token, "unknown_key").await;
        }
    }
    attack.is_refused(&attack.genuine.clone().without_header("kid").signed(), "unknown_key").await;
    for odd in odd_values().into_iter().filter(|odd| !odd.is_null()) {
        attack.is_refused(&attack.genuine.clone().header("kid", odd).signed(), "malformed_token").await;
    }
    attack.end().await;
}

#[tokio::test]
async fn headers_that_ask_for_extensions_are_refused() {
    let attack = Attack::begin().await;
    for crit in [json!([]), json!(["exp"]), json!(["b64"]), json!(["x", "x"]), json!("exp"), json!({}), json!([1])] {
        attack.is_refused(&attack.genuine.clone().header("crit", crit).signed(), "malformed_token").await;
    }
    for (name, value) in [
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("crit", Value::Null),
        ("b64", Value::Null),
        ("zip", Value::Null),
    ] {
        attack.is_refused(&attack.genuine.clone().header(name, value).signed(), "malformed_token").await;
    }
    attack.end().await;
}

#[tokio::test]
async fn only_a_session_token_is_one() {
    let attack = Attack::begin().await;
    for typ in ["JWT", "jwt", "logout+jwt", "dpop+jwt", "id_token", "", "at+jwt ", "application/jwt"] {
        attack.is_refused(&attack.genuine.clone().header("typ", json!(typ)).signed(), "wrong_type").await;
    }
    attack.is_refused(&attack.genuine.clone().without_header("typ").signed(), "wrong_type").await;
    for odd in odd_values().into_iter().filter(|odd| !odd.is_null()) {
        attack.is_refused(&attack.genuine.clone().header("typ", odd).signed(), "malformed_token").await;
    }
    for typ in ["AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        attack.is_accepted(&attack.genuine.clone().header("typ", json!(typ)).signed()).await;
    }
    attack.end().await;
}

#[tokio::test]
async fn a_token_is_exactly_three_parts_of_canonical_base64url() {
    let attack = Attack::begin().await;
    let token = attack.alice.token().to_owned();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!() };
    for forged in [
        header.to_owned(),
        format!("{header}.{payload}"),
        format!("{token}.{signature}"),
        format!("{token}.{payload}.{signature}"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}.{payload}."),
        "...".to_owned(),
        "..".to_owned(),
        ".".to_owned(),
        format!("{token}="),
        format!("{header}=.{payload}.{signature}"),
        token.replace('.', ","),
        token.replace('.', "%2e"),
        format!("\"{token}\""),
        format!("{{\"payload\":\"{payload}\",\"signatures\":[]}}"),
        format!("{header}.{payload}.{signature}+"),
        format!("{header}.{payload}/.{signature}"),
        format!("{header}.{payload}\u{feff}.{signature}"),
        "a".repeat(9000),
    ] {
        attack.is_refused(&forged, "malformed_token").await;
    }
    for forged in [
        format!("{payload}.{header}.{signature}"),
        token.to_uppercase(),
        token.to_lowercase(),
        format!("{header}.{payload}.{header}"),
        format!("{header}.{payload}.{}", &signature[..signature.len() - 1]),
        format!("{header}.{payload}.{signature}{signature}"),
        format!("{header}.{payload}.{}", "A".repeat(43)),
        format!("{header}.{payload}.{}", "A".repeat(86)),
        format!("{header}.{payload}.{}", "A".repeat(1400)),
    ] {
        attack.is_refused_somehow(&forged).await;
    }
    attack.end().await;
}

#[tokio::test]
async fn any_changed_character_is_noticed_also_in_spare_bits() {
    let attack = Attack::begin().await;
    let token = attack.alice.token().to_owned();
    for place in (0..token.len()).filter(|place| token.as_bytes()[*place] != b'.') {
        let mut changed = token.clone().into_bytes();
        // The next letter of the alphabet differs in the lowest bit, where spare bits live.
        changed[place] = match changed[place] {
            b'z' => b'0',
            b'Z' => b'a',
            b'9' => b'-',
            b'-' => b'_',
            b'_' => b'A',
            other => other + 1,
        };
        attack.is_refused_somehow(std::str::from_utf8(&changed).unwrap()).await;
    }
    attack.end().await;
}

#[tokio::test]
async fn odd_encodings_are_refused_under_a_good_signature_too() {
    let attack = Attack::begin().await;
    let token = attack.alice.token().to_owned();
    let message = token.rsplit_once('.').unwrap().0.to_owned();
    let (header, payload) = message.split_once('.').unwrap();
    for odd in [
        format!("{message}="),
        format!("{header}=.{payload}"),
        format!("{message}\n"),
        format!("{header}.{payload}+"),
        format!("{header}./{payload}"),
    ] {
        let forged = Forge::sign_message(&odd);
        if axum::http::HeaderValue::try_from(&forged).is_ok() {
            attack.is_refused(&forged, "malformed_token").await;
        }
    }
    attack.end().await;
}

#[tokio::test]
async fn header_and_payload_are_json_objects_in_utf8_without_repeated_names() {
    let attack = Attack::begin().await;
    let (header, claims) = (attack.genuine.header.to_string(), attack.genuine.claims.to_string());
    let deep = claims.replacen('{', &format!("{{\"deep\":{}{},", "[".repeat(2000), "]".repeat(2000)), 1);
    let utf16: Vec<u8> = claims.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let odd: [&[u8]; 12] = [
        b"[]",
        b"null",
        b"1",
        b"\"text\"",
        b"",
        b"{",
        b"{}{}",
        b"true",
        b"{\"exp\":NaN}",
        b"\xef\xbb\xbf{}",
        b"{\"a\":\"\xff\"}",
        &utf16,
    ];
    for bytes in odd {
        attack.is_refused_somehow(&Forge::sign_bytes(bytes, claims.as_bytes())).await;
        attack.is_refused(&Forge::sign_bytes(header.as_bytes(), bytes), "malformed_token").await;
    }
    attack.is_accepted(&Forge::sign_text(&header, &deep)).await;
    for repeated in [
        claims.replacen('{', r#"{"sub":"2","#, 1),
        claims.replacen('{', r#"{"s\u0075b":"2","#, 1),
        claims.replacen('{', r#"{"x":1,"x":1,"#, 1),
    ] {
        attack.is_refused(&Forge::sign_text(&header, &repeated), "malformed_token").await;
    }
    let repeated = header.replacen('{', r#"{"alg":"HS256","#, 1);
    attack.is_refused(&Forge::sign_text(&repeated, &claims), "malformed_token").await;
    let spaced = |text: &str| format!(" {}\n", text.replace(',', " ,\t"));
    attack.is_accepted(&Forge::sign_text(&spaced(&header), &spaced(&claims))).await;
    attack.end().await;
}

#[tokio::test]
async fn expiry_is_required_and_exact() {
    let attack = Attack::begin().await;
    let now = attack.app.clock.now().timestamp();
    let exp = |value: Value| attack.genuine.clone().claim("exp", value).signed();
    for past in [now, now - 1, now - 61, now - 3600, 1, 0, -1, -62_135_596_800] {
        attack.is_refused(&exp(json!(past)), "expired").await;
    }
    attack.is_accepted(&exp(json!(now + 1))).await;
    attack.is_accepted(&exp(json!(now + 253_402_300_000_i64 / 2))).await;
    for odd in odd_values().into_iter().chain([
        json!("1795212714"),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e300),
        json!(now as f64 + 0.5),
    ]) {
        let reply = attack.app.anon.with_token(&exp(odd.clone())).get("/api/verify").await;
        let (status, code) = reply.refusal();
        assert!(status == 401 && ["malformed_token", "expired"].contains(&code.as_str()), "{odd}: {code}");
    }
    let (header, claims) = (attack.genuine.header.to_string(), attack.genuine.claims.to_string());
    let exp_text = format!("\"exp\":{}", attack.genuine.claims["exp"]);
    for odd in ["1e999", "-1e999", "NaN", "Infinity", "00", "1e3", &"9".repeat(400)] {
        let forged = Forge::sign_text(&header, &claims.replace(&exp_text, &format!("\"exp\":{odd}")));
        attack.is_refused(&forged, "malformed_token").await;
    }
    attack.is_refused(&attack.genuine.clone().without_claim("exp").signed(), "malformed_token").await;
    attack.end().await;
}

#[tokio::test]
async fn a_token_from_the_future_is_told_apart_from_an_expired_one() {
    let attack = Attack::begin().await;
    let now = attack.app.clock.now().timestamp();
    for name in ["nbf", "iat"] {
        attack.is_refused(&attack.genuine.clone().claim(name, json!(now + 1)).signed(), "not_yet_valid").await;
        attack.is_refused(&attack.genuine.clone().claim(name, json!(i64::MAX)).signed(), "not_yet_valid").await;
        attack.is_accepted(&attack.genuine.clone().claim(name, json!(now)).signed()).await;
        for odd in [json!("1"), json!([]), json!({}), json!(true), json!(1.5), Value::Null] {
            attack.is_refused(&attack.genuine.clone().claim(name, odd).signed(), "malformed_token").await;
        }
    }
    attack.end().await;
}

#[tokio::test]
async fn issuer_and_audience_are_required_and_ours() {
    let attack = Attack::begin().await;
    for (name, code) in [("iss", "wrong_issuer"), ("aud", "wrong_audience")] {
        for other in ["", "daypas", "Daypass", "daypass ", "daypass2", "https://daypass"] {
            attack.is_refused(&attack.genuine.clone().claim(name, json!(other)).signed(), code).await;
        }
        attack.is_refused(&attack.genuine.clone().without_claim(name).signed(), code).await;
        attack.is_refused(&attack.genuine.clone().claim(name, Value::Null).signed(), code).await;
        for odd in [json!(1), json!(true), json!({})] {
            attack.is_refused(&attack.genuine.clone().claim(name, odd).signed(), "malformed_token").await;
        }
    }
    attack.is_refused(&attack.genuine.clone().claim("iss", json!(["daypass"])).signed(), "malformed_token").await;
    for none in [json!([]), json!(["other"])] {
        attack.is_refused(&attack.genuine.clone().claim("aud", none).signed(), "wrong_audience").await;
    }
    attack.is_accepted(&attack.genuine.clone().claim("aud", json!(["other", "daypass"])).signed()).await;
    attack.end().await;
}

#[tokio::test]
async fn the_subject_is_an_id_of_ours_in_its_one_spelling() {
    let attack = Attack::begin().await;
    for odd in [
        "",
        " ",
        "0",
        "-1",
        "+1",
        "01",
        "1.0",
        "1e0",
        "1 ",
        " 1",
        "1abc",
        "abc",
        "0x1",
        "1\u{0}",
        "\u{661}",
        "１",
        "9223372036854775808",
        "1; DROP TABLE users",
    ] {
        attack.is_refused(&attack.genuine.clone().claim("sub", json!(odd)).signed(), "malformed_token").await;
    }
    for name in ["sub", "sid", "jti"] {
        for odd in odd_values() {
            attack.is_refused(&attack.genuine.clone().claim(name, odd).signed(), "malformed_token").await;
        }
        attack.is_refused(&attack.genuine.clone().without_claim(name).signed(), "malformed_token").await;
    }
    for odd in ["", "short", "not base64url!!!!!!!!!!!", "AAAAAAAAAAAAAAAAAAAAAB"] {
        attack.is_refused(&attack.genuine.clone().claim("sid", json!(odd)).signed(), "malformed_token").await;
    }
    attack.end().await;
}

#[tokio::test]
async fn claims_of_privilege_gain_nothing() {
    let attack = Attack::begin().await;
    let bob = attack.app.bob().await;
    let item = bob.post("/api/items", json!({"name": "bob's"})).await.json()["id"].clone();
    let mut forged = attack.genuine.clone();
    for (name, value) in [
        ("role", json!("admin")),
        ("scope", json!("*")),
        ("is_admin", json!(true)),
        ("owner", json!(2)),
        ("username", json!("bob")),
    ] {
        forged = forged.claim(name, value);
    }
    let mallory = attack.app.anon.with_token(&forged.signed());
    assert_eq!(mallory.get("/api/verify").await.header("x-auth-user-id"), "1");
    assert_eq!(mallory.get(&format!("/api/items/{item}")).await.status(), 404);
    attack.end().await;
}

#[tokio::test]
async fn a_token_of_another_installation_is_refused_here_and_ours_there() {
    let attack = Attack::begin().await;
    let elsewhere = TestApp::start_with(&["--jwt-issuer=elsewhere"]).await;
    let carol = elsewhere.sign_up("carol").await;
    attack.is_refused(carol.token(), "wrong_issuer").await;
    let ours = elsewhere.anon.with_token(attack.alice.token()).get("/api/verify").await;
    assert_eq!(ours.refusal(), (401, "wrong_issuer".to_owned()));
    attack.end().await;
}

#[tokio::test]
async fn no_description_repeats_what_was_sent() {
    let attack = Attack::begin().await;
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
    attack.end().await;
}
