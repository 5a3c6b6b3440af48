//! `POST /api/tokens/explain`. The other tests of tokens also compare each explanation with the response to a request
//! that has the token.

use chrono::TimeDelta;

use super::*;

/// The checks, in order.
const CHECKS: [&str; 14] = [
    "form",
    "header",
    "alg",
    "kid",
    "typ",
    "signature",
    "claims",
    "iss",
    "aud",
    "session",
    "nbf",
    "exp",
    "revoked",
    "roles",
];

async fn explain(app: &TestApp, token: &str) -> Value {
    let reply = app.anon.post("/api/tokens/explain", json!({"token": token})).await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
    reply.json()
}

/// Returns the code of the explanation. Asserts that the outcomes of its checks agree with it.
pub(super) async fn code(app: &TestApp, token: &str) -> Option<String> {
    let explained = explain(app, token).await;
    let checks = explained["checks"].as_array().unwrap();
    assert!(checks.iter().map(|check| check["check"].as_str().unwrap()).eq(CHECKS), "{explained}");
    let code = explained["code"].as_str().map(str::to_owned);
    assert_eq!(explained["accepted"], json!(code.is_none()), "{explained}");
    let failed = checks.iter().position(|check| check["outcome"] == "failed");
    assert_eq!(failed.is_some(), code.is_some(), "{explained}");
    for (number, check) in checks.iter().enumerate() {
        let expected = match failed {
            Some(failed) if number > failed => "not_reached",
            Some(failed) if number == failed => "failed",
            _ => "passed",
        };
        assert_eq!(check["outcome"], expected, "{explained}");
        assert!(!check["reference"].as_str().unwrap().is_empty());
        assert_eq!(check["detail"] == "", expected == "not_reached", "{check}");
        assert_eq!(check["repair"].is_string(), expected == "failed", "{check}");
    }
    let signature = CHECKS.iter().position(|check| *check == "signature");
    assert_eq!(explained["claimsTrusted"], json!(failed.is_none() || failed > signature), "{explained}");
    code
}

/// Returns the failed check, what it found, and what to do.
async fn failed(app: &TestApp, token: &str) -> (String, String, String) {
    let explained = explain(app, token).await;
    let failed = explained["checks"].as_array().unwrap().iter().find(|check| check["outcome"] == "failed");
    let failed = failed.unwrap_or_else(|| panic!("{explained}"));
    let text = |name: &str| failed[name].as_str().unwrap().to_owned();
    (text("check"), text("detail"), text("repair"))
}

#[tokio::test]
async fn ten_broken_tokens_are_explained() {
    let attack = Attack::start().await;
    let (genuine, now) = (&attack.genuine, attack.app.clock.now().timestamp());
    let token = attack.alice.token();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let changed = |name, value| genuine.clone().claim(name, value);
    let cases = [
        (format!("Bearer {token}"), "form", "starts with \"Bearer\"", "Leave out"),
        (format!("{token}\n"), "form", "a line break", "Remove"),
        (message.to_owned(), "form", "number of parts is 2", "complete token"),
        (genuine.clone().header("crit", json!(["exp"])).signed(), "header", "`crit`", "without it"),
        (genuine.clone().header("alg", json!("none")).with_signature("AA"), "alg", "\"none\"", "no service"),
        (genuine.clone().header("kid", json!("old")).signed(), "kid", "\"old\"", "Sign in again"),
        (genuine.clone().header("typ", json!("JWT")).signed(), "typ", "\"JWT\"", "session token"),
        (changed("sub", json!("2")).with_signature(signature), "signature", "does not belong", "was changed"),
        (genuine.clone().without_claim("sid").signed(), "claims", "`sid` is missing", "Sign in"),
        (changed("iss", json!("course")).signed(), "iss", "\"course\"", "JWT_ISSUER"),
        (changed("aud", json!("app")).signed(), "aud", "\"app\"", "JWT_AUDIENCE"),
        (changed("sub", json!("-1")).signed(), "session", "`sub`", "Sign in again"),
        (changed("iat", json!(now + 3600)).signed(), "nbf", "1h from now. The tolerance is 1m", "clocks"),
        (changed("exp", json!(now - 12)).signed(), "exp", "expired 12s ago", "Sign in again"),
    ];
    for (token, check, detail, repair) in cases {
        let found = failed(&attack.app, &token).await;
        assert!(found.0 == check && found.1.contains(detail) && found.2.contains(repair), "{token}: {found:?}");
    }
    attack.finish().await;
}

#[tokio::test]
async fn ended_session_is_explained_with_the_reason() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    assert_eq!(code(&app, alice.token()).await, None);
    assert_eq!(alice.delete("/api/sessions/current").await.status(), 204);
    let (check, detail, _) = failed(&app, alice.token()).await;
    assert_eq!((&*check, &*detail), ("revoked", "The session has been signed out. Sign in again."));
    assert_eq!(code(&app, alice.token()).await.as_deref(), Some("revoked"));
}

#[tokio::test]
async fn old_roles_are_explained_but_the_token_is_accepted() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.set_roles_and_poll("alice", &["admin"]).await;
    let explained = explain(&app, alice.token()).await;
    assert_eq!((&explained["accepted"], &explained["code"]), (&json!(true), &Value::Null));
    let roles = &explained["checks"][13];
    assert_eq!((&roles["check"], &roles["outcome"]), (&json!("roles"), &json!("failed")));
    assert!(roles["detail"].as_str().unwrap().ends_with("uses the current ones: these roles: admin."), "{roles}");
    assert_eq!(alice.get("/api/verify?role=admin").await.status(), 204);
}

#[tokio::test]
async fn anonymous_session_is_explained() {
    let app = TestApp::start().await;
    let reply = app.anon.put("/api/sessions/current/variables/a?carrier=bearer", json!(1)).await;
    let token = reply.header("daypass-session-token").to_owned();
    assert_eq!(code(&app, &token).await, None);
    let explained = explain(&app, &token).await;
    assert!(explained["checks"][13]["detail"].as_str().unwrap().contains("anonymous"), "{explained}");
}

#[tokio::test]
async fn unverified_claims_are_shown_but_not_trusted() {
    let attack = Attack::start().await;
    let forged = attack.genuine.clone().claim("roles", json!(["admin"])).with_signature("AAAA");
    let explained = explain(&attack.app, &forged).await;
    assert_eq!(explained["claims"]["roles"], json!(["admin"]));
    assert_eq!(explained["claimsTrusted"], false);
    let genuine = explain(&attack.app, attack.alice.token()).await;
    assert_eq!((&genuine["claims"], &genuine["claimsTrusted"]), (&attack.genuine.claims, &json!(true)));
    attack.finish().await;
}

#[tokio::test]
async fn explanation_of_a_valid_token_sends_no_sql() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let before = app.statements();
    for _ in 0..10 {
        assert_eq!(code(&app, alice.token()).await, None);
    }
    assert_eq!(app.statements(), before);
}

#[tokio::test]
async fn expired_token_of_a_longer_session_can_be_renewed() {
    let app = TestApp::start_with(&["--jwt-ttl=1h", "--session-max=30d"]).await;
    let alice = app.alice().await;
    app.advance_clock(TimeDelta::minutes(61));
    let (check, detail, repair) = failed(&app, alice.token()).await;
    assert_eq!(check, "exp");
    assert!(detail.contains("expired 1m ago") && repair.contains("/renew"), "{detail} {repair}");
}

#[tokio::test]
async fn explanations_are_off_in_production_unless_switched_on() {
    for (flags, status) in [
        (&["--daypass-env=production"][..], 404),
        (&["--daypass-env=production", "--token-explain=true"], 200),
        (&["--token-explain=false"], 404),
        (&[], 200),
    ] {
        let app = TestApp::start_with(flags).await;
        let reply = app.anon.post("/api/tokens/explain", json!({"token": "x"})).await;
        assert_eq!(reply.status(), status, "{flags:?}");
    }
}

#[tokio::test]
async fn token_must_be_text() {
    let app = TestApp::start().await;
    for body in [json!({}), json!({"token": null}), json!({"token": 1})] {
        let reply = app.anon.post("/api/tokens/explain", body).await;
        assert_eq!((reply.status(), reply.field_errors()[0].0.as_str()), (422, "/token"));
    }
}
