//! Requests whose token is rejected: one for each part of the check, in the order of the checks.

use chrono::TimeDelta;
use daypass::auth::token::keys::KeyRing;
use secrecy::SecretString;
use serde_json::json;

use crate::recorder::{CLIENT, DATABASE, DAYPASS, Flow};
use crate::support::{Forge, TestApp};

#[tokio::test]
async fn refusal_is_recorded() {
    let flow = Flow::record("refusal", "refusal", &[CLIENT, DAYPASS, DATABASE]);
    let app = flow.service(&[]).await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    bob.delete("/api/sessions/current").await;
    let client = flow.client(CLIENT, DAYPASS, &app.anon);

    assert_eq!(client.get("/api/verify").await.error().1, "no_token");
    let genuine = Forge::from(alice.token());
    let later = (app.clock.now() + TimeDelta::hours(1)).timestamp();
    for (name, token, code) in [
        ("text without dots", "a text".to_owned(), "malformed_token"),
        ("token of another key", with_another_key(&app).await, "unknown_key"),
        ("token with alg none", unsigned(alice.token()), "wrong_algorithm"),
        ("token with another typ", genuine.clone().header("typ", json!("JWT")).signed(), "wrong_type"),
        ("token with a changed sub", changed(alice.token()), "bad_signature"),
        ("token of another issuer", genuine.clone().claim("iss", json!("other")).signed(), "wrong_issuer"),
        ("token for another audience", genuine.clone().claim("aud", json!("other")).signed(), "wrong_audience"),
        ("token with iat in an hour", genuine.claim("iat", json!(later)).signed(), "not_yet_valid"),
        ("token of a session that ended", bob.token().to_owned(), "revoked"),
    ] {
        flow.name(&token, name);
        assert_eq!(client.with_token(&token).get("/api/verify").await.error(), (401, code.to_owned()), "{name}");
    }

    app.advance_clock(TimeDelta::hours(24));
    app.app.revocation_feed.poll().await.unwrap();
    flow.name(alice.token(), "token after 24 hours");
    assert_eq!(client.with_token(alice.token()).get("/api/verify").await.error().1, "expired");
    flow.finish();
}

/// A token that was signed with a secret that is no longer in use.
async fn with_another_key(app: &TestApp) -> String {
    let ring = |secret: &str| KeyRing::hmac(&SecretString::from(secret), &[]).unwrap();
    app.app.tokens.rotate(ring("another secret for tests, also long enough"));
    let token = app.sign_in("alice").await.token().to_owned();
    app.app.tokens.rotate(ring(crate::support::SECRET));
    token
}

/// A token that says that it is not signed.
fn unsigned(token: &str) -> String {
    let signature = token.rsplit('.').next().unwrap();
    Forge::from(token).header("alg", json!("none")).with_signature(signature)
}

/// A token whose payload was changed after it was signed.
fn changed(token: &str) -> String {
    let signature = token.rsplit('.').next().unwrap();
    Forge::from(token).claim("sub", json!("2")).with_signature(signature)
}
