//! Claims of a token with a valid signature.

use super::*;

#[tokio::test]
async fn expiry_is_required_and_exact() {
    let attack = Attack::start().await;
    let now = attack.app.clock.now().timestamp();
    let exp = |value: Value| attack.genuine.clone().claim("exp", value).signed();
    for past in [now, now - 1, now - 61, now - 3600, 1, 0, -1, -62_135_596_800] {
        attack.assert_rejected(&exp(json!(past)), "expired").await;
    }
    attack.assert_accepted(&exp(json!(now + 1))).await;
    attack.assert_accepted(&exp(json!(now + 253_402_300_000_i64 / 2))).await;
    for odd in non_text_values().into_iter().chain([
        json!("1795212714"),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e300),
        json!(now as f64 + 0.5),
    ]) {
        let reply = attack.app.anon.with_token(&exp(odd.clone())).get("/api/verify").await;
        let (status, code) = reply.error();
        assert!(status == 401 && ["malformed_token", "expired"].contains(&code.as_str()), "{odd}: {code}");
    }
    let (header, claims) = (attack.genuine.header.to_string(), attack.genuine.claims.to_string());
    let exp_text = format!("\"exp\":{}", attack.genuine.claims["exp"]);
    for odd in ["1e999", "-1e999", "NaN", "Infinity", "00", "1e3", &"9".repeat(400)] {
        let forged = Forge::sign_text(&header, &claims.replace(&exp_text, &format!("\"exp\":{odd}")));
        attack.assert_rejected(&forged, "malformed_token").await;
    }
    attack.assert_rejected(&attack.genuine.clone().without_claim("exp").signed(), "malformed_token").await;
    attack.finish().await;
}

#[tokio::test]
async fn token_from_the_future_is_not_yet_valid() {
    let attack = Attack::start().await;
    let now = attack.app.clock.now().timestamp();
    for name in ["nbf", "iat"] {
        attack.assert_rejected(&attack.genuine.clone().claim(name, json!(now + 61)).signed(), "not_yet_valid").await;
        attack.assert_rejected(&attack.genuine.clone().claim(name, json!(i64::MAX)).signed(), "not_yet_valid").await;
        attack.assert_accepted(&attack.genuine.clone().claim(name, json!(now)).signed()).await;
        // The clocks of replicas may differ.
        attack.assert_accepted(&attack.genuine.clone().claim(name, json!(now + 60)).signed()).await;
        for odd in [json!("1"), json!([]), json!({}), json!(true), json!(1.5), Value::Null] {
            attack.assert_rejected(&attack.genuine.clone().claim(name, odd).signed(), "malformed_token").await;
        }
    }
    attack.finish().await;
}

#[tokio::test]
async fn issuer_and_audience_are_required_and_exact() {
    let attack = Attack::start().await;
    for (name, code) in [("iss", "wrong_issuer"), ("aud", "wrong_audience")] {
        for other in ["", "daypas", "Daypass", "daypass ", "daypass2", "https://daypass"] {
            attack.assert_rejected(&attack.genuine.clone().claim(name, json!(other)).signed(), code).await;
        }
        attack.assert_rejected(&attack.genuine.clone().without_claim(name).signed(), code).await;
        attack.assert_rejected(&attack.genuine.clone().claim(name, Value::Null).signed(), code).await;
        for odd in [json!(1), json!(true), json!({})] {
            attack.assert_rejected(&attack.genuine.clone().claim(name, odd).signed(), "malformed_token").await;
        }
    }
    attack.assert_rejected(&attack.genuine.clone().claim("iss", json!(["daypass"])).signed(), "malformed_token").await;
    // Daypass issues one audience only, so a list is malformed.
    for list in [json!([]), json!(["other"]), json!(["daypass"]), json!(["other", "daypass"])] {
        attack.assert_rejected(&attack.genuine.clone().claim("aud", list).signed(), "malformed_token").await;
    }
    attack.finish().await;
}

#[tokio::test]
async fn subject_is_a_canonical_user_id() {
    let attack = Attack::start().await;
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
        attack.assert_rejected(&attack.genuine.clone().claim("sub", json!(odd)).signed(), "malformed_token").await;
    }
    for name in ["sub", "sid", "jti"] {
        for odd in non_text_values() {
            attack.assert_rejected(&attack.genuine.clone().claim(name, odd).signed(), "malformed_token").await;
        }
        attack.assert_rejected(&attack.genuine.clone().without_claim(name).signed(), "malformed_token").await;
    }
    for odd in non_text_values() {
        attack.assert_rejected(&attack.genuine.clone().claim("gen", odd).signed(), "malformed_token").await;
    }
    for odd in ["", "short", "AAAAAAAAAAA", "AAAAAAAAAAB", "AAAAAAAAAAE=", "+AAAAAAAAAE"] {
        attack.assert_rejected(&attack.genuine.clone().claim("gen", json!(odd)).signed(), "malformed_token").await;
    }
    attack.assert_rejected(&attack.genuine.clone().claim("gen", json!("AAAAAAAAAAE")).signed(), "revoked").await;
    attack.assert_rejected(&attack.genuine.clone().without_claim("gen").signed(), "revoked").await;
    for odd in ["", "short", "not base64url!!!!!!!!!!!", "AAAAAAAAAAAAAAAAAAAAAB"] {
        attack.assert_rejected(&attack.genuine.clone().claim("sid", json!(odd)).signed(), "malformed_token").await;
    }
    attack.finish().await;
}

#[tokio::test]
async fn privilege_claims_are_ignored() {
    let attack = Attack::start().await;
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
    attack.finish().await;
}

#[tokio::test]
async fn token_of_another_installation_is_rejected() {
    let attack = Attack::start().await;
    let other = TestApp::start_with(&["--jwt-issuer=other"]).await;
    let carol = other.sign_up("carol").await;
    attack.assert_rejected(carol.token(), "wrong_issuer").await;
    let own = other.anon.with_token(attack.alice.token()).get("/api/verify").await;
    assert_eq!(own.error(), (401, "wrong_issuer".to_owned()));
    attack.finish().await;
}
