//! Identities of a user: added, listed and removed.

use axum::http::Method;
use chrono::TimeDelta;
use daypass::models::{identity, session};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};

use crate::support::{Browser, Client, PASSWORD, Person, Provider, Reply, TestApp, until_available};

/// Adds an identity to the account of `client`, in its own browser. Returns the response to the callback.
async fn add(client: &Client, browser: &Browser, provider: &Provider, person: &Person) -> Reply {
    let prepared = prepare(client, browser, "acme").await;
    assert_eq!(prepared.status(), 201, "{}", prepared.text());
    browser.visit(provider, person, prepared.json()["startUrl"].as_str().unwrap()).await
}

/// Prepares the addition of an identity, as a page with a bearer token does.
async fn prepare(client: &Client, browser: &Browser, provider: &str) -> Reply {
    let path = format!("/api/users/me/identities/{provider}");
    let authorization = format!("Bearer {}", client.token());
    until_available(|| {
        let headers = [("authorization", &*authorization), ("sec-fetch-site", "same-origin")];
        let body = Some(json!({"currentPassword": PASSWORD}));
        let path = path.clone();
        async move { browser.send_with(Method::POST, &path, body, &headers).await }
    })
    .await
}

#[tokio::test]
async fn user_with_a_password_adds_an_identity_and_signs_in_with_it() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let (ada, browser) = (app.sign_up("ada").await, Browser::new(&app.anon));
    let returned = add(&ada, &browser, &provider, &Person::named("somebody")).await;
    assert_eq!((returned.status(), returned.header("location")), (303, "https://accounts.example.com/"));
    assert!(browser.cookie("__Host-daypass").is_none(), "no session begins");
    assert_eq!(session::Entity::find().count(&app.app.db).await.unwrap(), 1);
    let listed = ada.get("/api/users/me/identities").await.json();
    assert_eq!((&listed["items"][0]["provider"], &listed["items"][0]["title"]), (&json!("acme"), &json!("ACME")));
    browser.sign_in_at(&provider, &Person::named("somebody")).await;
    let me = browser.me().await;
    assert_eq!((&me["username"], &me["hasPassword"]), (&json!("ada"), &json!(true)));
    assert!(me.get("email").is_none(), "the address of the provider is not taken");
}

#[tokio::test]
async fn wrong_password_and_unknown_provider_are_rejected() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let ada = app.sign_up("ada").await;
    let wrong = until_available(|| ada.post("/api/users/me/identities/acme", json!({"currentPassword": "x"}))).await;
    assert_eq!(wrong.error(), (403, "wrong_password".into()));
    assert!(wrong.cookies().is_empty());
    let missing = ada.post("/api/users/me/identities/acme", json!({})).await;
    assert_eq!(missing.field_errors(), [("/currentPassword".into(), "required".into())]);
    let body = json!({"currentPassword": PASSWORD});
    assert_eq!(ada.post("/api/users/me/identities/other", body.clone()).await.error(), (404, "not_found".into()));
    assert_eq!(app.anon.post("/api/users/me/identities/acme", body).await.status(), 401);
    assert_eq!(app.anon.get("/api/users/me/identities").await.status(), 401);
}

#[tokio::test]
async fn identity_of_another_account_is_taken() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    Browser::new(&app.anon).sign_in_at(&provider, &Person::named("bob")).await;
    let (ada, browser) = (app.sign_up("ada").await, Browser::new(&app.anon));
    let taken = add(&ada, &browser, &provider, &Person::named("bob")).await;
    assert_eq!(taken.error(), (409, "identity_taken".into()));
    assert_eq!(add(&ada, &browser, &provider, &Person::named("ada")).await.status(), 303);
    let second = prepare(&ada, &browser, "acme").await;
    assert_eq!(second.error(), (409, "identity_taken".into()), "one identity for each provider");
    assert_eq!(identity::Entity::find().count(&app.app.db).await.unwrap(), 2);
}

fn just_authenticated(app: &TestApp, name: &str) -> Person {
    Person { auth_time: Some(app.clock.now().timestamp()), ..Person::named(name) }
}

async fn remove(client: &Client, body: Value) -> Reply {
    until_available(|| client.request(Method::DELETE, "/api/users/me/identities/acme").json(&body).send()).await
}

#[tokio::test]
async fn identity_is_removed_with_the_password_or_after_a_recent_sign_in() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let (ada, browser) = (app.sign_up("ada").await, Browser::new(&app.anon));
    assert_eq!(remove(&ada, json!({"currentPassword": PASSWORD})).await.error(), (404, "not_found".into()));
    add(&ada, &browser, &provider, &Person::named("ada")).await;
    assert_eq!(remove(&ada, json!({"currentPassword": "x"})).await.error(), (403, "wrong_password".into()));
    assert_eq!(remove(&ada, json!({})).await.status(), 204, "she has just signed in");
    add(&ada, &browser, &provider, &Person::named("ada")).await;
    app.advance_clock(TimeDelta::seconds(301));
    assert_eq!(remove(&ada, json!({})).await.status(), 422);
    assert_eq!(identity::Entity::find().count(&app.app.db).await.unwrap(), 1);
    assert_eq!(remove(&ada, json!({"currentPassword": PASSWORD})).await.status(), 204);
    assert_eq!(identity::Entity::find().count(&app.app.db).await.unwrap(), 0);
    assert_eq!(ada.get("/api/users/me/identities").await.json(), json!({"items": []}));
}

#[tokio::test]
async fn removed_identity_ends_the_other_sessions_that_began_with_it() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let (ada, browser) = (app.sign_up("ada").await, Browser::new(&app.anon));
    add(&ada, &browser, &provider, &Person::named("somebody")).await;
    let (own, other) = (Browser::new(&app.anon), Browser::new(&app.anon));
    own.sign_in_at(&provider, &just_authenticated(&app, "somebody")).await;
    other.sign_in_at(&provider, &Person::named("somebody")).await;
    let removed = own.send(Method::DELETE, "/api/users/me/identities/acme", Some(json!({})), "same-origin").await;
    assert_eq!(removed.status(), 204, "{}", removed.text());
    assert_eq!(other.get("/api/users/me").await.error(), (401, "revoked".into()));
    assert_eq!((own.me().await["username"].clone(), ada.get("/api/verify").await.status()), (json!("ada"), 204));
    assert_eq!(session::Entity::find().count(&app.app.db).await.unwrap(), 2);
}

#[tokio::test]
async fn last_way_to_sign_in_cannot_be_removed() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = Browser::new(&app.anon);
    browser.sign_in_at(&provider, &just_authenticated(&app, "ada")).await;
    let removal = || browser.send(Method::DELETE, "/api/users/me/identities/acme", Some(json!({})), "same-origin");
    assert_eq!(removal().await.error(), (409, "last_way_in".into()));
    let body = json!({"newPassword": PASSWORD});
    assert_eq!(until_available(|| browser.put("/api/users/me/password", body.clone())).await.status(), 200);
    assert_eq!(removal().await.status(), 204);
    app.sign_in("ada").await;
}

#[tokio::test]
async fn identity_of_a_provider_that_the_operator_removed_is_no_way_to_sign_in() {
    let (provider, other) = (Provider::start().await, Provider::start().await);
    let app = TestApp::start_with_providers(&[&provider, &other], &[]).await;
    let browser = Browser::new(&app.anon);
    browser.sign_in_at(&provider, &just_authenticated(&app, "ada")).await;
    let prepared = browser.post("/api/users/me/identities/other", json!({})).await;
    browser.visit(&other, &Person::named("ada"), prepared.json()["startUrl"].as_str().unwrap()).await;
    let changed = app.replica_with_providers(&[&provider]).await;
    let on_changed = Browser::new(&changed.anon);
    on_changed.plant("__Host-daypass", &browser.cookie("__Host-daypass").unwrap());
    let remove = async |name: &str| {
        let path = format!("/api/users/me/identities/{name}");
        on_changed.send(Method::DELETE, &path, Some(json!({})), "same-origin").await
    };
    assert_eq!(remove("acme").await.error(), (409, "last_way_in".into()));
    assert_eq!(remove("other").await.status(), 204, "the identity without a provider");
    assert_eq!(identity::Entity::find().count(&app.app.db).await.unwrap(), 1);
}

#[tokio::test]
async fn two_removals_at_the_same_time_leave_one_way_to_sign_in() {
    let (provider, other) = (Provider::start().await, Provider::start().await);
    let app = TestApp::start_with_providers(&[&provider, &other], &[]).await;
    let browser = Browser::new(&app.anon);
    browser.sign_in_at(&provider, &just_authenticated(&app, "ada")).await;
    let prepared = browser.post("/api/users/me/identities/other", json!({})).await;
    browser.visit(&other, &Person::named("ada"), prepared.json()["startUrl"].as_str().unwrap()).await;
    let removal = |name: &'static str| {
        let path = format!("/api/users/me/identities/{name}");
        let browser = &browser;
        async move { browser.send(Method::DELETE, &path, Some(json!({})), "same-origin").await.status() }
    };
    let mut statuses = [removal("acme"), removal("other")].map(Box::pin);
    let [first, second] = &mut statuses;
    let (first, second) = tokio::join!(first, second);
    let mut statuses = [first, second];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    assert_eq!(identity::Entity::find().count(&app.app.db).await.unwrap(), 1);
}

#[tokio::test]
async fn deleted_account_leaves_no_identity() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = Browser::new(&app.anon);
    browser.sign_in_at(&provider, &just_authenticated(&app, "ada")).await;
    let id = browser.me().await["id"].clone();
    let deleted = browser.send(Method::DELETE, "/api/users/me", Some(json!({})), "same-origin").await;
    assert_eq!(deleted.status(), 204, "{}", deleted.text());
    assert_eq!(identity::Entity::find().count(&app.app.db).await.unwrap(), 0);
    browser.sign_in_at(&provider, &Person::named("ada")).await;
    assert_ne!(browser.me().await["id"], id, "a new account");
}
