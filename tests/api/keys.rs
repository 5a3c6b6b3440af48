//! EdDSA keys, and the endpoints for services that verify tokens themselves.

use axum::http::Method;
use chrono::TimeDelta;
use daypass::auth::token::keys::KeyRing;
use jsonwebtoken::Algorithm;
use secrecy::SecretString;
use serde_json::json;

use crate::support::{Forge, SECRET, TestApp};

/// Two Ed25519 keys made for these tests.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEILXivEFsE3oDYIL28IBegBBHS8LkvzMrindYWiYbBTsF\n-----END PRIVATE KEY-----\n";
const OTHER_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEII77vd3DmKC8TrraecZcb3sJ2FSk6YR0YLOz1VBD1WC/\n-----END PRIVATE KEY-----\n";

fn ring(pem: &str) -> KeyRing {
    KeyRing::eddsa(&SecretString::from(pem), &[SecretString::from(SECRET)]).unwrap()
}

#[tokio::test]
async fn shared_secret_publishes_no_key() {
    let app = TestApp::start().await;
    let reply = app.anon.get("/.well-known/jwks.json").await;
    assert_eq!((reply.status(), reply.json()), (200, json!({"keys": []})));
}

#[tokio::test]
async fn published_key_verifies_session_tokens() {
    let app = TestApp::start().await;
    app.app.tokens.rotate(ring(KEY));
    let alice = app.alice().await;
    assert_eq!(alice.get("/api/verify").await.status(), 204);
    let token = Forge::from(alice.token());
    assert_eq!((&token.header["alg"], &token.header["typ"]), (&json!("EdDSA"), &json!("at+jwt")));

    let reply = app.anon.get("/.well-known/jwks.json").await;
    assert_eq!(reply.header("cache-control"), "public, max-age=300");
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(reply.text()).unwrap();
    let jwk = set.find(token.header["kid"].as_str().unwrap()).unwrap();
    let mut members: Vec<_> = reply.json()["keys"][0].as_object().unwrap().keys().cloned().collect();
    members.sort_unstable();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"], "no private member");
    assert_eq!(reply.json()["keys"].as_array().unwrap().len(), 1, "the shared secret is not published");
    let (message, signature) = alice.token().rsplit_once('.').unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(jwk).unwrap();
    assert!(jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, Algorithm::EdDSA).unwrap());
}

#[tokio::test]
async fn public_key_is_not_accepted_as_a_shared_secret() {
    let app = TestApp::start().await;
    app.app.tokens.rotate(ring(KEY));
    let alice = app.alice().await;
    let jwk = app.anon.get("/.well-known/jwks.json").await.json()["keys"][0].clone();
    let x = jwk["x"].as_str().unwrap();
    let raw = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, x).unwrap();
    for secret in [x.as_bytes(), &raw, jwk.to_string().as_bytes(), b""] {
        for alg in ["HS256", "EdDSA"] {
            let forged = Forge::from(alice.token()).header("alg", json!(alg)).signed_by(secret, Algorithm::HS256);
            assert_eq!(app.anon.with_token(&forged).get("/api/verify").await.error().0, 401);
        }
    }
    assert_eq!(alice.get("/api/verify").await.status(), 204);
}

#[tokio::test]
async fn key_rotation_keeps_sessions_valid() {
    let app = TestApp::start().await;
    let by_secret = app.alice().await;
    app.app.tokens.rotate(ring(KEY));
    let by_first = app.bob().await;
    app.app.tokens.rotate(ring(&format!("{OTHER_KEY}{KEY}")));
    let by_second = app.sign_up("carol").await;
    for client in [&by_secret, &by_first, &by_second] {
        assert_eq!(client.get("/api/verify").await.status(), 204);
    }
    app.app.tokens.rotate(ring(OTHER_KEY));
    assert_eq!(by_first.get("/api/verify").await.error(), (401, "unknown_key".to_owned()));
    assert_eq!(by_second.get("/api/verify").await.status(), 204);
}

#[tokio::test]
async fn users_whose_sessions_all_ended_are_listed() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    alice.delete("/api/sessions?except=current").await;
    let listed = app.anon.get("/api/revocations").await.json();
    let (before, expires_at) = ("2026-11-20T11:59:00.250Z", "2026-11-21T12:00:00.250Z");
    let spared = Forge::from(alice.token()).claims["sid"].clone();
    let user = json!({"userId": 1, "before": before, "exceptSessionId": spared, "expiresAt": expires_at});
    assert_eq!((&listed["users"], &listed["revocations"]), (&json!([user]), &json!([])));
}

#[tokio::test]
async fn ended_sessions_are_listed_until_their_tokens_expire() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    let id = |client: &crate::support::Client| Forge::from(client.token()).claims["sid"].clone();
    let empty = app.anon.get("/api/revocations").await;
    let generation = Forge::from(alice.token()).claims["gen"].clone();
    let expected = json!({"generation": generation, "revocations": [], "users": [], "roleChanges": [], "cursor": "0", "more": false});
    assert_eq!(empty.json(), expected);

    alice.delete("/api/sessions/current").await;
    app.advance_clock(TimeDelta::milliseconds(250));
    let one = app.anon.get("/api/revocations?since=0").await;
    assert_eq!(one.json()["revocations"], json!([{"sessionId": id(&alice), "expiresAt": "2026-11-21T12:00:00.000Z"}]));
    assert_eq!(one.json()["cursor"], "0", "a recent row is sent again");
    let again = async |tag: &str| {
        app.anon.request(Method::GET, "/api/revocations?since=0").header("if-none-match", tag).send().await
    };
    assert_eq!(again(one.header("etag")).await.status(), 304);

    let other_page =
        app.anon.request(Method::GET, "/api/revocations?since=1").header("if-none-match", one.header("etag"));
    assert_eq!(other_page.send().await.status(), 200, "an ETag belongs to one URL");

    app.advance_clock(TimeDelta::seconds(11));
    let settled = app.anon.get("/api/revocations").await.json();
    assert_eq!(settled["cursor"], "1");
    assert_eq!(app.anon.get("/api/revocations?since=1").await.json()["revocations"], json!([]));
    bob.delete("/api/sessions/current").await;
    app.advance_clock(TimeDelta::milliseconds(250));
    assert_eq!(again(one.header("etag")).await.status(), 200);
    let next = app.anon.get("/api/revocations?since=1").await.json();
    assert_eq!(next["revocations"][0]["sessionId"], id(&bob));

    app.advance_clock(TimeDelta::hours(24));
    assert_eq!(app.anon.get("/api/revocations").await.json()["revocations"], json!([]));
    for odd in ["-1", "x", "01", "%2B1", "1.0", "9223372036854775808"] {
        let refused = app.anon.get(&format!("/api/revocations?since={odd}")).await;
        assert_eq!(refused.field_errors(), [("?since".to_owned(), "not_allowed".to_owned())], "{odd}");
    }
}
