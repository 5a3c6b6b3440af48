//! A rotation of the signing key: no session ends until the old key is removed.

use daypass::auth::token::keys::KeyRing;
use secrecy::SecretString;

use crate::recorder::{CLIENT, DATABASE, DAYPASS, Flow, OPERATOR, token_of};
use crate::support::{Forge, PASSWORD, SECRET, TestApp};

const NEW_SECRET: &str = "another secret for tests, also long enough";

#[tokio::test]
async fn key_rotation_is_recorded() {
    let flow = Flow::record("key-rotation", "key_rotation", &[OPERATOR, CLIENT, DAYPASS, DATABASE]);
    let app = flow.service(&[]).await;
    let alice = app.alice().await;
    let client = flow.client(CLIENT, DAYPASS, &app.anon);
    let old = client.with_token(alice.token());
    flow.name(&key_of(alice.token()), "old key");

    reload(&flow, &app, "add the new secret to JWT_SECRETS_RETIRED", (SECRET, &[NEW_SECRET])).await;
    assert_eq!(old.get("/api/verify").await.status(), 204);

    reload(&flow, &app, "swap the two secrets", (NEW_SECRET, &[SECRET])).await;
    assert_eq!(old.get("/api/verify").await.status(), 204);
    let created = client.post("/api/sessions", &[("username", "alice"), ("password", PASSWORD)]).await;
    let new = token_of(&created);
    flow.name(&key_of(&new), "new key");
    flow.note(
        &[CLIENT],
        &format!("kid of the first token: {}, of the second: {}", key_of(alice.token()), key_of(&new)),
    );

    reload(&flow, &app, "remove the old secret, a day later", (NEW_SECRET, &[])).await;
    assert_eq!(old.get("/api/verify").await.error().1, "unknown_key");
    assert_eq!(client.with_token(&new).get("/api/verify").await.status(), 204);
    flow.finish();
}

/// Replaces the key ring, as the service does on SIGHUP.
async fn reload(flow: &Flow, app: &TestApp, change: &str, (signing, retired): (&str, &[&str])) {
    let retired: Vec<_> = retired.iter().map(|secret| SecretString::from(*secret)).collect();
    let ring = KeyRing::hmac(&SecretString::from(signing), &retired).unwrap();
    flow.note(&[OPERATOR, DAYPASS], &format!("{change}, then send SIGHUP"));
    flow.act(DAYPASS, "replace the key ring", async { app.app.tokens.rotate(ring) }).await;
}

fn key_of(token: &str) -> String {
    Forge::from(token).header["kid"].as_str().unwrap().to_owned()
}
