//! Checks of ID tokens (OpenID Connect Core 3.1.3.7). Each case is one fault of an otherwise correct provider.

use chrono::TimeDelta;
use daypass::models::user;
use jsonwebtoken::Algorithm;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};

use crate::support::{Behaviour, Browser, HmacSecret, KeySet, Person, Provider, Signing, TestApp};

/// Signs in with a changed behaviour, and expects that the ID token is rejected.
async fn expect_rejection(app: &TestApp, provider: &Provider, what: &str, change: impl FnOnce(&mut Behaviour)) {
    provider.set(change);
    let reply = Browser::new(&app.anon).sign_in_at(provider, &Person::named("ada")).await;
    assert_ne!(reply.status(), 303, "{what}");
    provider.set(|behaviour| *behaviour = Behaviour::default());
    assert_eq!(reply.error(), (502, "provider_failed".into()), "{what}: {}", reply.text());
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    let step = detail.contains("checking the ID token failed") || detail.contains("exchanging the code failed");
    assert!(step, "{what}: {detail}");
    assert_eq!(user::Entity::find().count(&app.app.db).await.unwrap(), 0, "{what}");
}

#[tokio::test]
async fn claims_that_are_wrong_or_missing_are_rejected() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let (now, client) = (app.clock.now().timestamp(), provider.client_id());
    for (what, claims) in [
        ("another issuer", json!({"iss": "https://other.example"})),
        ("the issuer with a slash", json!({"iss": format!("{}/", provider.issuer())})),
        ("no issuer", json!({"iss": null})),
        ("another audience", json!({"aud": "other"})),
        ("no audience", json!({"aud": null})),
        ("an additional audience", json!({"aud": [client, "other"]})),
        ("an additional audience with azp of another client", json!({"aud": [client, "other"], "azp": "other"})),
        ("azp of another client", json!({"azp": "other"})),
        ("expired", json!({"exp": now})),
        ("no expiry", json!({"exp": null})),
        ("issued in the future", json!({"iat": now + 120})),
        ("no issue time", json!({"iat": null})),
        ("another nonce", json!({"nonce": "AAAAAAAAAAAAAAAAAAAAAA"})),
        ("no nonce", json!({"nonce": null})),
        ("an empty nonce", json!({"nonce": ""})),
        ("no subject", json!({"sub": null})),
        ("an empty subject", json!({"sub": ""})),
        ("a long subject", json!({"sub": "x".repeat(256)})),
        ("a subject that is not ASCII", json!({"sub": "\u{e9}"})),
        ("a subject that is a number", json!({"sub": 7})),
        ("at_hash of another token", json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"})),
    ] {
        expect_rejection(&app, &provider, what, |behaviour| behaviour.claims = claims).await;
    }
    for (what, payload) in [("no JSON", "x"), ("a list", "[]"), ("empty", "{}")] {
        expect_rejection(&app, &provider, what, |behaviour| behaviour.payload = Some(payload.to_owned())).await;
    }
}

#[tokio::test]
async fn token_that_the_provider_did_not_sign_is_rejected() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    for signing in [
        Signing::OtherKey,
        Signing::EmbeddedKey,
        Signing::Unsigned,
        Signing::Encrypted,
        Signing::Hs256(HmacSecret::PublicPem),
        Signing::Hs256(HmacSecret::PublicDer),
        Signing::Hs256(HmacSecret::PublicJwk),
        Signing::Hs256(HmacSecret::ClientSecret),
        Signing::Hs256(HmacSecret::Empty),
    ] {
        expect_rejection(&app, &provider, &format!("{signing:?}"), |behaviour| behaviour.signing = signing).await;
    }
    for (what, header) in [
        ("an unknown key id", json!({"kid": "other"})),
        ("an extension", json!({"crit": ["x"]})),
        ("a logout token", json!({"typ": "logout+jwt"})),
        ("an access token", json!({"typ": "at+jwt"})),
        ("another algorithm of the same key type", json!({"alg": "ES384"})),
        ("a nested token", json!({"cty": "JWT"})),
    ] {
        expect_rejection(&app, &provider, what, |behaviour| behaviour.header = header).await;
    }
    expect_rejection(&app, &provider, "none in another case", |behaviour| {
        (behaviour.signing, behaviour.header) = (Signing::Unsigned, json!({"alg": "nOnE"}));
    })
    .await;
    expect_rejection(&app, &provider, "no ID token", |behaviour| {
        behaviour.token_response = json!({"id_token": null});
    })
    .await;
}

#[tokio::test]
async fn symmetric_and_ambiguous_keys_are_rejected() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    for (key_set, signing) in [
        (KeySet::WithSymmetricKey, Signing::Hs256(HmacSecret::Symmetric)),
        (KeySet::SameKidTwice, Signing::Genuine),
        (KeySet::Empty, Signing::Genuine),
    ] {
        // The keys are read again after some time.
        app.advance_clock(TimeDelta::hours(2));
        provider.set_time(app.clock.now().timestamp());
        expect_rejection(&app, &provider, &format!("{key_set:?}"), |behaviour| {
            (behaviour.key_set, behaviour.signing) = (key_set, signing);
        })
        .await;
    }
}

#[tokio::test]
async fn key_is_found_among_keys_of_other_types() {
    for key_set in [KeySet::WithRsaKey, KeySet::WithSymmetricKey] {
        let provider = Provider::start().await;
        provider.set(|behaviour| behaviour.key_set = key_set);
        let app = TestApp::start_with_providers(&[&provider], &[]).await;
        let reply = Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await;
        assert_eq!(reply.status(), 303, "{key_set:?}: {}", reply.text());
    }
}

#[tokio::test]
async fn unusual_but_valid_tokens_are_accepted() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let client = provider.client_id();
    let changes: [(&str, Value, Value); 7] = [
        ("an additional audience with azp", json!({}), json!({"aud": [client, "other"], "azp": client})),
        ("an audience in a list", json!({}), json!({"aud": [client]})),
        ("azp", json!({}), json!({"azp": client})),
        ("no at_hash", json!({}), json!({"at_hash": null})),
        ("no key id", json!({"kid": null}), json!({})),
        ("a type", json!({"typ": "JWT"}), json!({})),
        ("unknown claims", json!({}), json!({"x": [1, {"y": null}]})),
    ];
    for (what, header, claims) in changes {
        provider.set(|behaviour| (behaviour.header, behaviour.claims) = (header, claims));
        let reply = Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await;
        assert_eq!(reply.status(), 303, "{what}: {}", reply.text());
    }
}

#[tokio::test]
async fn every_algorithm_with_a_public_key_is_accepted() {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    for algorithm in [ES256, ES384, EdDSA, RS256, RS384, RS512, PS256, PS384, PS512] {
        let provider = Provider::start().await;
        provider.set(|behaviour| behaviour.algorithm = Some(algorithm));
        let app = TestApp::start_with_providers(&[&provider], &[]).await;
        let reply = Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await;
        assert_eq!(reply.status(), 303, "{algorithm:?}: {}", reply.text());
    }
}

#[tokio::test]
async fn rotated_keys_are_followed() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    for rotations in 1..=3 {
        let browser = Browser::new(&app.anon);
        assert_eq!(browser.sign_in_at(&provider, &Person::named("ada")).await.status(), 303);
        assert_eq!(provider.requests().keys, rotations, "the keys are read once");
        provider.rotate_keys();
        app.advance_clock(TimeDelta::seconds(10));
        provider.set_time(app.clock.now().timestamp());
    }
}

#[tokio::test]
async fn unknown_keys_cause_few_requests() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    for number in 0..20 {
        let header = json!({"kid": format!("unknown {number}")});
        expect_rejection(&app, &provider, "unknown key", |behaviour| behaviour.header = header).await;
        app.advance_clock(TimeDelta::seconds(1));
        provider.set_time(app.clock.now().timestamp());
    }
    let requests = provider.requests();
    assert!((2..=4).contains(&requests.keys) && requests.discovery == 1, "{requests:?}");
    assert_eq!(Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await.status(), 303);
}
