//! Sign-out at a provider: its logout tokens, and the address where users sign out there.

use std::time::Duration;

use chrono::TimeDelta;
use daypass::models::{identity, session, user};
use sea_orm::{ConnectionTrait as _, EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};

use crate::support::{
    Browser, Client, Fault, HmacSecret, LOGOUT_EVENT, LogoutClaims, Person, Provider, Reply, Signing, TestApp,
};

async fn send(client: &Client, token: &str) -> Reply {
    let body = form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", token).finish();
    let request = client.request(axum::http::Method::POST, "/api/oidc/acme/backchannel-logout");
    request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await
}

fn with_session(name: &str, session: &str) -> Person {
    Person { sid: Some(session.to_owned()), ..Person::named(name) }
}

async fn signed_in(app: &TestApp, provider: &Provider, person: &Person) -> Browser {
    let browser = Browser::new(&app.anon);
    assert_eq!(browser.sign_in_at(provider, person).await.status(), 303);
    browser
}

async fn is_active(browser: &Browser) -> bool {
    browser.get("/api/verify").await.status() == 204
}

#[tokio::test]
async fn logout_token_ends_the_sessions_that_it_names_and_no_others() {
    for (claims, ended) in [
        (LogoutClaims { sid: Some("s1".into()), ..LogoutClaims::default() }, [true, false, false]),
        (LogoutClaims { sub: Some("ada-subject".into()), ..LogoutClaims::default() }, [true, true, false]),
        (
            LogoutClaims { sub: Some("ada-subject".into()), sid: Some("s2".into()), ..LogoutClaims::default() },
            [false, true, false],
        ),
        (
            LogoutClaims { sub: Some("ada-subject".into()), sid: Some("s3".into()), ..LogoutClaims::default() },
            [false, false, false],
        ),
        (LogoutClaims { sub: Some("nobody".into()), ..LogoutClaims::default() }, [false, false, false]),
        (LogoutClaims { sid: Some("nothing".into()), ..LogoutClaims::default() }, [false, false, false]),
    ] {
        let provider = Provider::start().await;
        let app = TestApp::start_with_providers(&[&provider], &[]).await;
        let sessions = [("ada", "s1"), ("ada", "s2"), ("bob", "s3")];
        let mut browsers = Vec::new();
        for (name, session) in sessions {
            browsers.push(signed_in(&app, &provider, &with_session(name, session)).await);
        }
        let reply = send(&app.anon, &provider.logout_token(&claims)).await;
        assert_eq!((reply.status(), reply.header("cache-control")), (200, "no-store"), "{}", reply.text());
        for (browser, ended) in browsers.iter().zip(ended) {
            assert_eq!(is_active(browser).await, !ended, "{claims:?}");
        }
        let left = ended.iter().filter(|ended| !**ended).count() as u64;
        assert_eq!(session::Entity::find().count(&app.app.db).await.unwrap(), left, "{claims:?}");
    }
}

#[tokio::test]
async fn sessions_by_password_stay_and_the_reason_is_named() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let now = Some(app.clock.now().timestamp());
    let browser = signed_in(&app, &provider, &Person { auth_time: now, ..Person::named("ada") }).await;
    let body = json!({"newPassword": crate::support::PASSWORD});
    crate::support::until_available(|| browser.put("/api/users/me/password", body.clone())).await;
    let by_provider = signed_in(&app, &provider, &Person::named("ada")).await;
    let claims = LogoutClaims { sub: Some("ada-subject".into()), ..LogoutClaims::default() };
    assert_eq!(send(&app.anon, &provider.logout_token(&claims)).await.status(), 200);
    assert!(is_active(&browser).await, "the session of the password");
    let reply = by_provider.get("/api/users/me").await;
    assert_eq!(reply.error(), (401, "revoked".into()));
    assert!(reply.text().contains("signed out at the provider"), "{}", reply.text());
    let replica = app.replica().await;
    let on_replica = Browser::new(&replica.anon);
    on_replica.plant("__Host-daypass", &browser.cookie("__Host-daypass").unwrap());
    assert!(is_active(&on_replica).await);
}

#[tokio::test]
async fn session_ends_although_its_identity_was_removed() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let now = Some(app.clock.now().timestamp());
    let browser = signed_in(&app, &provider, &Person { auth_time: now, ..with_session("ada", "s1") }).await;
    let row = user::Entity::find().one(&app.app.db).await.unwrap().unwrap();
    identity::delete_all(&app.app.db, row.id).await.unwrap();
    let claims = LogoutClaims { sub: Some("ada-subject".into()), sid: Some("s1".into()), ..LogoutClaims::default() };
    assert_eq!(send(&app.anon, &provider.logout_token(&claims)).await.status(), 200);
    assert!(!is_active(&browser).await);
}

#[tokio::test]
async fn other_replicas_reject_the_sessions_too() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let replica = app.replica().await;
    let browser = signed_in(&app, &provider, &with_session("ada", "s1")).await;
    let on_replica = Browser::new(&replica.anon);
    on_replica.plant("__Host-daypass", &browser.cookie("__Host-daypass").unwrap());
    assert!(is_active(&on_replica).await);
    let claims = LogoutClaims { sid: Some("s1".into()), ..LogoutClaims::default() };
    assert_eq!(send(&replica.anon, &provider.logout_token(&claims)).await.status(), 200, "the session began elsewhere");
    assert!(!is_active(&on_replica).await);
    app.app.revocation_feed.poll().await.unwrap();
    assert!(!is_active(&browser).await);
}

#[tokio::test]
async fn token_that_is_not_valid_ends_no_session() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = signed_in(&app, &provider, &with_session("ada", "s1")).await;
    let now = app.clock.now().timestamp();
    let (header, none) = (Value::Null, Value::Null);
    let cases = [
        ("another key", Signing::OtherKey, none.clone(), none.clone()),
        ("a key in the header", Signing::EmbeddedKey, none.clone(), none.clone()),
        ("unsigned", Signing::Unsigned, none.clone(), none.clone()),
        ("encrypted", Signing::Encrypted, none.clone(), none.clone()),
        ("the public key as secret", Signing::Hs256(HmacSecret::PublicPem), none.clone(), none.clone()),
        ("the client secret", Signing::Hs256(HmacSecret::ClientSecret), none.clone(), none.clone()),
        ("the type of an ID token's access token", Signing::Genuine, json!({"typ": "at+jwt"}), none.clone()),
        ("an extension", Signing::Genuine, json!({"crit": ["x"]}), none.clone()),
        ("an unknown key", Signing::Genuine, json!({"kid": "other"}), none.clone()),
        ("another issuer", Signing::Genuine, header.clone(), json!({"iss": "https://other.example"})),
        ("another audience", Signing::Genuine, header.clone(), json!({"aud": "other"})),
        ("no audience", Signing::Genuine, header.clone(), json!({"aud": []})),
        ("expired", Signing::Genuine, header.clone(), json!({"exp": now})),
        ("no expiry", Signing::Genuine, header.clone(), json!({"exp": null})),
        ("issued in the future", Signing::Genuine, header.clone(), json!({"iat": now + 120})),
        ("no id", Signing::Genuine, header.clone(), json!({"jti": null})),
        ("a nonce", Signing::Genuine, header.clone(), json!({"nonce": "x"})),
        ("no events", Signing::Genuine, header.clone(), json!({"events": null})),
        ("another event", Signing::Genuine, header.clone(), json!({"events": {"x": {}}})),
        ("an event that is not an object", Signing::Genuine, header.clone(), json!({"events": {LOGOUT_EVENT: 1}})),
        ("no target", Signing::Genuine, header.clone(), json!({"sid": null})),
        ("an empty target", Signing::Genuine, header, json!({"sid": ""})),
    ];
    for (what, signing, header, claims) in cases {
        let claims = LogoutClaims { sid: Some("s1".into()), signing, header, claims, ..LogoutClaims::default() };
        let reply = send(&app.anon, &provider.logout_token(&claims)).await;
        assert_eq!(reply.error(), (400, "logout_token_invalid".into()), "{what}");
    }
    for token in ["", "x", "a.b.c"] {
        assert_eq!(send(&app.anon, token).await.status(), 400, "{token}");
    }
    assert!(is_active(&browser).await);
}

#[tokio::test]
async fn id_token_is_not_a_logout_token() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let claims = json!({"nonce": null, "events": null});
    let claims = LogoutClaims { sub: Some("ada-subject".into()), claims, ..LogoutClaims::default() };
    let reply = send(&app.anon, &provider.logout_token(&claims)).await;
    assert_eq!(reply.error(), (400, "logout_token_invalid".into()));
}

#[tokio::test]
async fn repeated_token_does_not_end_later_sessions() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let first = signed_in(&app, &provider, &Person::named("ada")).await;
    let claims = LogoutClaims { sub: Some("ada-subject".into()), ..LogoutClaims::default() };
    let token = provider.logout_token(&claims);
    assert_eq!(send(&app.anon, &token).await.status(), 200);
    assert!(!is_active(&first).await);
    app.advance_clock(TimeDelta::seconds(1));
    provider.set_time(app.clock.now().timestamp());
    let second = signed_in(&app, &provider, &Person::named("ada")).await;
    assert_eq!(send(&app.anon, &token).await.status(), 200, "the provider may repeat it");
    assert!(is_active(&second).await);
}

#[tokio::test]
async fn body_must_be_a_form() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let path = "/api/oidc/acme/backchannel-logout";
    assert_eq!(app.anon.post(path, json!({"logout_token": "x"})).await.status(), 415);
    let form = |path| {
        let request = app.anon.request(axum::http::Method::POST, path);
        request.header("content-type", "application/x-www-form-urlencoded")
    };
    assert_eq!(form(path).body("other=x").send().await.status(), 422);
    assert_eq!(form(path).body("logout_token=x&logout_token=x").send().await.status(), 422);
    assert_eq!(form("/api/oidc/other/backchannel-logout").body("logout_token=x").send().await.status(), 404);
}

#[tokio::test]
async fn sign_out_returns_where_the_user_signs_out_of_the_provider() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = signed_in(&app, &provider, &Person::named("ada")).await;
    let reply = browser.delete("/api/sessions/current?provider=true").await;
    let url = url::Url::parse(reply.json()["signOutUrl"].as_str().unwrap()).unwrap();
    assert!(url.as_str().starts_with(&provider.issuer()), "{url}");
    let parameters: std::collections::HashMap<_, _> = url.query_pairs().collect();
    assert_eq!(parameters["client_id"], provider.client_id());
    assert_eq!(parameters["post_logout_redirect_uri"], "https://accounts.example.com/");
    assert!(browser.cookie("__Host-daypass").is_none());
    assert_eq!(session::Entity::find().count(&app.app.db).await.unwrap(), 0);
    let by_password = app.sign_up("bob").await;
    assert_eq!(by_password.delete("/api/sessions/current?provider=true").await.status(), 204);
}

#[tokio::test]
async fn sign_out_does_not_depend_on_the_provider() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = signed_in(&app, &provider, &Person::named("ada")).await;
    let copy = browser.copy();
    let replica = app.replica().await;
    provider.stop().await;
    let on_replica = Browser::new(&replica.anon);
    on_replica.plant("__Host-daypass", &browser.cookie("__Host-daypass").unwrap());
    assert_eq!(on_replica.delete("/api/sessions/current?provider=true").await.status(), 204);
    assert!(!is_active(&on_replica.copy()).await);
    app.app.revocation_feed.poll().await.unwrap();
    assert!(!is_active(&copy).await);
}

#[tokio::test]
async fn sign_out_does_not_wait_for_a_provider_that_is_silent() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browsers = [
        signed_in(&app, &provider, &Person::named("ada")).await,
        signed_in(&app, &provider, &Person::named("ada")).await,
    ];
    let replica = app.replica().await;
    provider.set(|behaviour| behaviour.discovery_fault = Some(Fault::Silent));
    for (browser, waits) in browsers.iter().zip([true, false]) {
        let on_replica = Browser::new(&replica.anon);
        on_replica.plant("__Host-daypass", &browser.cookie("__Host-daypass").unwrap());
        let copy = on_replica.copy();
        let sign_out = on_replica.delete("/api/sessions/current?provider=true");
        // A client that does not wait is signed out, too.
        let patience = Duration::from_millis(if waits { 4_000 } else { 300 });
        let answered = tokio::time::timeout(patience, sign_out).await;
        assert_eq!(answered.map(|reply| reply.status()).ok(), waits.then_some(204));
        assert!(!is_active(&copy).await);
    }
    assert_eq!(session::Entity::find().count(&app.app.db).await.unwrap(), 0);
}

#[tokio::test]
async fn token_can_be_repeated_until_the_sessions_have_ended() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = signed_in(&app, &provider, &with_session("ada", "s1")).await;
    let claims = LogoutClaims { sid: Some("s1".into()), ..LogoutClaims::default() };
    let token = provider.logout_token(&claims);
    app.app.db.execute_unprepared("ALTER TABLE revocations RENAME TO away").await.unwrap();
    assert_eq!(send(&app.anon, &token).await.status(), 500);
    app.app.db.execute_unprepared("ALTER TABLE away RENAME TO revocations").await.unwrap();
    assert!(is_active(&browser).await);
    assert_eq!(send(&app.anon, &token).await.status(), 200);
    assert!(!is_active(&browser).await);
}

#[tokio::test]
async fn logout_also_ends_a_sign_in_in_progress() {
    for claims in [
        LogoutClaims { sid: Some("s1".into()), ..LogoutClaims::default() },
        LogoutClaims { sub: Some("ada-subject".into()), ..LogoutClaims::default() },
        LogoutClaims { sub: Some("ada-subject".into()), sid: Some("s1".into()), ..LogoutClaims::default() },
    ] {
        let provider = Provider::start().await;
        let app = TestApp::start_with_providers(&[&provider], &[]).await;
        let browser = Browser::new(&app.anon);
        let start = "/api/oidc/acme/start?transport=bearer";
        let returned = browser.visit(&provider, &with_session("ada", "s1"), start).await;
        let code = returned.header("location").split_once("#code=").unwrap().1.to_owned();
        assert_eq!(send(&app.anon, &provider.logout_token(&claims)).await.status(), 200);
        let exchanged = browser.post("/api/sessions/exchange", json!({"code": code})).await;
        assert_eq!(exchanged.error(), (401, "revoked".into()), "{claims:?}");
        assert_eq!(session::Entity::find().count(&app.app.db).await.unwrap(), 0, "{claims:?}");
        app.advance_clock(TimeDelta::seconds(1));
        provider.set_time(app.clock.now().timestamp());
        signed_in(&app, &provider, &with_session("ada", "s2")).await;
    }
}

#[tokio::test]
async fn faults_of_a_provider_do_not_use_up_the_limit_of_its_address() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &["--rate-limits=code=2/15m"]).await;
    let browser = signed_in(&app, &provider, &with_session("ada", "s1")).await;
    provider.rotate_keys();
    app.advance_clock(TimeDelta::seconds(10));
    provider.set_time(app.clock.now().timestamp());
    provider.set(|behaviour| behaviour.keys_fault = Some(Fault::Status(500)));
    let claims = LogoutClaims { sid: Some("s1".into()), ..LogoutClaims::default() };
    for _ in 0..4 {
        assert_eq!(send(&app.anon, &provider.logout_token(&claims)).await.status(), 503);
        app.advance_clock(TimeDelta::seconds(10));
    }
    provider.set(|behaviour| behaviour.keys_fault = None);
    provider.set_time(app.clock.now().timestamp());
    assert_eq!(send(&app.anon, &provider.logout_token(&claims)).await.status(), 200);
    assert!(!is_active(&browser).await);
}
