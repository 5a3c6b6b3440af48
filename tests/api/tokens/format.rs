//! The format of a token: three parts of canonical base64url, and JSON without repeated names.

use super::*;

#[tokio::test]
async fn token_is_exactly_three_parts_of_canonical_base64url() {
    let attack = Attack::start().await;
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
        attack.assert_rejected(&forged, "malformed_token").await;
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
        attack.assert_unauthorized(&forged).await;
    }
    attack.finish().await;
}

#[tokio::test]
async fn any_changed_character_invalidates_the_token() {
    let attack = Attack::start().await;
    let token = attack.alice.token().to_owned();
    for place in (0..token.len()).filter(|place| token.as_bytes()[*place] != b'.') {
        let mut changed = token.clone().into_bytes();
        // The next character of the alphabet differs in the lowest bit, which may be unused.
        changed[place] = match changed[place] {
            b'z' => b'0',
            b'Z' => b'a',
            b'9' => b'-',
            b'-' => b'_',
            b'_' => b'A',
            other => other + 1,
        };
        attack.assert_unauthorized(std::str::from_utf8(&changed).unwrap()).await;
    }
    attack.finish().await;
}

#[tokio::test]
async fn non_canonical_encoding_with_a_valid_signature_is_rejected() {
    let attack = Attack::start().await;
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
            attack.assert_rejected(&forged, "malformed_token").await;
        }
    }
    attack.finish().await;
}

#[tokio::test]
async fn header_and_payload_are_json_objects_in_utf8_without_repeated_names() {
    let attack = Attack::start().await;
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
        attack.assert_unauthorized(&Forge::sign_bytes(bytes, claims.as_bytes())).await;
        attack.assert_rejected(&Forge::sign_bytes(header.as_bytes(), bytes), "malformed_token").await;
    }
    attack.assert_accepted(&Forge::sign_text(&header, &deep)).await;
    for repeated in [
        claims.replacen('{', r#"{"sub":"2","#, 1),
        claims.replacen('{', r#"{"s\u0075b":"2","#, 1),
        claims.replacen('{', r#"{"x":1,"x":1,"#, 1),
    ] {
        attack.assert_rejected(&Forge::sign_text(&header, &repeated), "malformed_token").await;
    }
    let repeated = header.replacen('{', r#"{"alg":"HS256","#, 1);
    attack.assert_rejected(&Forge::sign_text(&repeated, &claims), "malformed_token").await;
    let spaced = |text: &str| format!(" {}\n", text.replace(',', " ,\t"));
    attack.assert_accepted(&Forge::sign_text(&spaced(&header), &spaced(&claims))).await;
    attack.finish().await;
}
