//! What a token claims, under a good signature.

use super::*;

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
