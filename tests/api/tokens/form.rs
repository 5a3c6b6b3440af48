//! The form of a token: three parts of canonical base64url, and JSON without repeated names.

use super::*;

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
