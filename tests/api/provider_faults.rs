//! Providers that do not respond, or respond with something else.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use daypass::models::user;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::json;

use crate::support::{Behaviour, Browser, Fault, Person, Provider, SECRET_TEXT, TestApp};

/// A fault: what it is, and how the behaviour changes.
type Change = (&'static str, fn(&mut Behaviour));

/// More time than a request to a provider can take, with room for a slow machine.
const MAX_TIME: Duration = Duration::from_secs(9);

#[tokio::test]
async fn faults_of_the_token_endpoint_are_reported_with_the_step_and_without_its_text() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    for (fault, expected) in [
        (Fault::Status(500), (502, "provider_failed")),
        (Fault::Status(204), (502, "provider_failed")),
        (Fault::Redirect(307), (502, "provider_failed")),
        (Fault::Redirect(302), (502, "provider_failed")),
        (Fault::Junk, (502, "provider_failed")),
        (Fault::ContentType("text/html"), (502, "provider_failed")),
        (Fault::Error, (502, "provider_failed")),
        (Fault::Padded(40_000_000), (502, "provider_failed")),
        (Fault::Padded(65 * 1024), (502, "provider_failed")),
        (Fault::Silent, (503, "provider_unavailable")),
        (Fault::Slow, (503, "provider_unavailable")),
        (Fault::Closed, (503, "provider_unavailable")),
        (Fault::CutOff, (503, "provider_unavailable")),
    ] {
        provider.set(|behaviour| behaviour.token_fault = Some(fault));
        let started = Instant::now();
        let reply = Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await;
        assert_eq!(reply.error(), (expected.0, expected.1.into()), "{fault:?}: {}", reply.text());
        assert!(started.elapsed() < MAX_TIME, "{fault:?}: {:?}", started.elapsed());
        let text = reply.text();
        assert!(text.contains("exchanging the code failed") && !text.contains(SECRET_TEXT), "{fault:?}: {text}");
    }
    let requests = provider.requests();
    assert!(requests.followed == 0 && requests.padding < 20_000_000, "{requests:?}");
    provider.set(|behaviour| behaviour.token_fault = None);
    assert_eq!(user::Entity::find().count(&app.app.db).await.unwrap(), 0);
    assert_eq!(Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await.status(), 303);
}

#[tokio::test]
async fn provider_whose_configuration_cannot_be_read_is_unavailable() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let changes: Vec<Change> = vec![
        ("status", |behaviour| behaviour.discovery_fault = Some(Fault::Status(500))),
        ("redirect", |behaviour| behaviour.discovery_fault = Some(Fault::Redirect(302))),
        ("junk", |behaviour| behaviour.discovery_fault = Some(Fault::Junk)),
        ("huge", |behaviour| behaviour.discovery_fault = Some(Fault::Padded(65 * 1024))),
        ("slow", |behaviour| behaviour.discovery_fault = Some(Fault::Slow)),
        ("another issuer", |behaviour| behaviour.metadata = json!({"issuer": "https://other.example"})),
        ("no keys", |behaviour| behaviour.metadata = json!({"jwks_uri": null})),
        ("keys in a file", |behaviour| behaviour.metadata = json!({"jwks_uri": "file:///etc/passwd"})),
        ("keys without TLS", |behaviour| behaviour.metadata = json!({"jwks_uri": "http://192.0.2.1/jwks"})),
        ("sign-in without TLS", |behaviour| {
            behaviour.metadata = json!({"authorization_endpoint": "http://other.example/authorize"});
        }),
        ("a script", |behaviour| behaviour.metadata = json!({"authorization_endpoint": "javascript:alert(1)"})),
        ("huge keys", |behaviour| behaviour.keys_fault = Some(Fault::Padded(65 * 1024))),
        ("keys that are junk", |behaviour| behaviour.keys_fault = Some(Fault::Junk)),
    ];
    for (what, change) in changes {
        provider.set(change);
        let started = Instant::now();
        let reply = app.anon.get("/api/oidc/acme/start").await;
        assert_eq!(reply.error(), (503, "provider_unavailable".into()), "{what}: {}", reply.text());
        assert!(reply.text().contains("reading its configuration failed"), "{what}: {}", reply.text());
        assert!(!reply.text().contains(SECRET_TEXT) && started.elapsed() < MAX_TIME, "{what}");
        provider.set(|behaviour| *behaviour = Behaviour::default());
        app.advance_clock(TimeDelta::hours(2));
        provider.set_time(app.clock.now().timestamp());
    }
    assert_eq!(provider.requests().followed, 0);
    assert_eq!(app.anon.get("/api/oidc/acme/start").await.status(), 303);
}

#[tokio::test]
async fn service_works_while_a_provider_is_down() {
    let provider = Provider::start().await;
    provider.stop().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    assert_eq!(app.anon.get("/health/ready").await.status(), 200);
    app.sign_up("ada").await;
    app.sign_in("ada").await;
    assert_eq!(app.anon.get("/api/oidc/acme/start").await.error(), (503, "provider_unavailable".into()));
    provider.restart();
    app.advance_clock(TimeDelta::seconds(10));
    assert_eq!(app.anon.get("/api/oidc/acme/start").await.status(), 303);
}

#[tokio::test]
async fn known_configuration_is_used_while_the_provider_is_down() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    assert_eq!(app.anon.get("/api/oidc/acme/start").await.status(), 303);
    provider.stop().await;
    app.advance_clock(TimeDelta::hours(2));
    assert_eq!(app.anon.get("/api/oidc/acme/start").await.status(), 303);
}

#[tokio::test]
async fn configuration_is_read_once_an_hour() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let starts = (0..10).map(|_| app.anon.get("/api/oidc/acme/start"));
    let replies = futures_util::future::join_all(starts).await;
    assert!(replies.iter().all(|reply| reply.status() == 303));
    assert_eq!((provider.requests().discovery, provider.requests().keys), (1, 1));
    app.advance_clock(TimeDelta::minutes(61));
    app.anon.get("/api/oidc/acme/start").await;
    assert_eq!((provider.requests().discovery, provider.requests().keys), (2, 2));
}

#[tokio::test]
async fn profile_that_cannot_be_read_creates_no_user() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let changes: Vec<(Change, u16)> = vec![
        (("another subject", |behaviour| behaviour.userinfo = json!({"sub": "bob-subject"})), 502),
        (("status", |behaviour| behaviour.userinfo_fault = Some(Fault::Status(500))), 502),
        (("huge", |behaviour| behaviour.userinfo_fault = Some(Fault::Padded(65 * 1024))), 502),
        (("closed", |behaviour| behaviour.userinfo_fault = Some(Fault::Closed)), 503),
        (
            ("a token that is no text", |behaviour| {
                behaviour.token_response = json!({"access_token": "a\nb"});
                behaviour.claims = json!({"at_hash": null});
            }),
            502,
        ),
    ];
    for ((what, change), status) in changes {
        provider.set(change);
        provider.set(|behaviour| behaviour.claims_in_userinfo = true);
        let reply = Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await;
        assert_eq!(reply.status(), status, "{what}: {}", reply.text());
        assert!(reply.text().contains("profile failed") && !reply.text().contains(SECRET_TEXT), "{}", reply.text());
        provider.set(|behaviour| *behaviour = Behaviour::default());
    }
    assert_eq!(user::Entity::find().count(&app.app.db).await.unwrap(), 0);
}

#[tokio::test]
async fn client_secret_is_sent_as_the_provider_expects_it() {
    for (methods, is_in_header) in [
        (json!(null), true),
        (json!(["client_secret_basic"]), true),
        (json!(["client_secret_post"]), false),
        (json!(["client_secret_post", "client_secret_basic"]), true),
    ] {
        let provider = Provider::start().await;
        let metadata = json!({"token_endpoint_auth_methods_supported": methods});
        provider.set(|behaviour| behaviour.metadata = metadata);
        let app = TestApp::start_with_providers(&[&provider], &[]).await;
        let reply = Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await;
        assert_eq!(reply.status(), 303, "{methods}: {}", reply.text());
        let request = provider.last_token_request();
        assert_eq!(request.authorization.is_some(), is_in_header, "{methods}");
        assert!(request.field("code_verifier").is_some_and(|verifier| (43..=128).contains(&verifier.len())));
    }
}

#[tokio::test]
async fn provider_that_always_sends_its_issuer_must_send_it() {
    let provider = Provider::start().await;
    let supported = json!({"authorization_response_iss_parameter_supported": true});
    provider.set(|behaviour| (behaviour.metadata, behaviour.callback) = (supported, json!({"iss": null})));
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let reply = Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await;
    assert_eq!(reply.error(), (400, "flow_invalid".into()));
    let unsupported = json!({"authorization_response_iss_parameter_supported": false});
    provider.set(|behaviour| behaviour.metadata = unsupported);
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    assert_eq!(Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await.status(), 303);
}

#[tokio::test]
async fn aborted_request_does_not_prevent_that_the_configuration_is_read() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let provider_is_asked = async {
        while provider.requests().discovery == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = provider_is_asked => {}
        _ = app.anon.get("/api/oidc/acme/start") => panic!("the provider has not answered yet"),
    }
    assert_eq!(app.anon.get("/api/oidc/acme/start").await.status(), 303);
    assert_eq!(provider.requests().discovery, 1);
}
