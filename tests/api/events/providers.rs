//! Events of sign-ins at providers.

use serde_json::json;

use super::{kinds, rows, rows_of};
use crate::support::{Browser, LogoutClaims, Person, Provider, TestApp};

#[tokio::test]
async fn sign_ins_at_a_provider_name_the_provider() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = Browser::new(&app.anon);
    browser.sign_in_at(&provider, &Person::named("ada")).await;
    let seen = browser.get(super::PATH).await.json()["items"].clone();
    let names: Vec<_> = seen.as_array().unwrap().iter().map(|event| (&event["kind"], &event["provider"])).collect();
    assert_eq!(names, [(&json!("sign_in"), &json!("acme")), (&json!("sign_up"), &json!("acme"))]);
    assert!(seen[0]["requestId"].is_string() && seen[0]["sessionId"].is_string(), "{seen}");
    let stored = format!("{:?}", rows(&app).await);
    assert!(!stored.contains("ada"), "neither the subject nor the name is stored: {stored}");
}

#[tokio::test]
async fn sign_out_at_a_provider_is_an_event() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await;
    let token = provider.logout_token(&LogoutClaims { sub: Some("ada-subject".into()), ..LogoutClaims::default() });
    let body = form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &token).finish();
    let request = app.anon.request(axum::http::Method::POST, "/api/oidc/acme/backchannel-logout");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(request.body(body).send().await.status(), 200);
    let signed_out = rows_of(&app, "provider_sign_out").await.remove(0);
    assert_eq!((&*signed_out.actor, signed_out.network.as_deref()), ("system", None));
    let details = signed_out.details().unwrap();
    assert_eq!((details.provider.as_deref(), details.ended), (Some("acme"), Some(1)));
}

#[tokio::test]
async fn rejected_return_from_a_provider_is_a_failed_sign_in() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &["--sign-up=closed"]).await;
    let browser = Browser::new(&app.anon);
    let reply = browser.sign_in_at(&provider, &Person::named("ada")).await;
    assert_eq!(reply.error(), (403, "sign_up_closed".into()));
    let reply = browser.return_from_provider("/api/oidc/acme/callback?code=x&state=y").await;
    assert_eq!(reply.error(), (400, "flow_invalid".into()));
    app.app.event_writer.write_all().await.unwrap();
    let failed = rows_of(&app, "sign_in_failed").await;
    let details: Vec<_> = failed.iter().map(|row| row.details().unwrap()).collect();
    let reasons: Vec<_> = details.iter().map(|details| details.reason.as_deref().unwrap()).collect();
    assert_eq!(reasons, ["sign_up_closed", "flow_invalid"]);
    assert!(details.iter().all(|details| details.provider.as_deref() == Some("acme")));
}

#[tokio::test]
async fn identity_that_is_added_and_removed_makes_events() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let (ada, browser) = (app.sign_up("ada").await, Browser::new(&app.anon));
    let headers = [("authorization", &*format!("Bearer {}", ada.token())), ("sec-fetch-site", "same-origin")];
    let body = json!({"currentPassword": crate::support::PASSWORD});
    let path = "/api/users/me/identities/acme";
    let prepared = browser.send_with(axum::http::Method::POST, path, Some(body.clone()), &headers).await;
    assert_eq!(prepared.status(), 201, "{}", prepared.text());
    let start = prepared.json()["startUrl"].as_str().unwrap().to_owned();
    assert_eq!(browser.visit(&provider, &Person::named("somebody"), &start).await.status(), 303);
    assert_eq!(ada.request(axum::http::Method::DELETE, path).json(&body).send().await.status(), 204);
    assert_eq!(kinds(&ada).await, ["identity_removed", "identity_added", "sign_up"]);
}
