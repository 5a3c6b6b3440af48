//! Attempts to get into the account of another person by way of a provider. None succeeds.

use daypass::models::{identity, user};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::json;

use crate::support::{Browser, Outbox, PASSWORD, Person, Provider, TestApp, until_available};

/// Returns a browser in which this user is signed in with a password.
async fn signed_in(app: &TestApp, name: &str) -> Browser {
    let browser = Browser::new(&app.anon);
    let body = json!({"username": name, "password": PASSWORD, "carrier": "cookie"});
    let reply = until_available(|| browser.post("/api/sessions", body.clone())).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    browser
}

#[tokio::test]
async fn address_of_another_account_neither_links_nor_is_taken() {
    let (provider, outbox) = (Provider::start().await, Outbox::new());
    let app = TestApp::start_with_providers(&[&provider], &[&outbox.flag()]).await;
    let ada = outbox.sign_up(&app, "ada").await;
    for (subject, verified) in [("1", json!(false)), ("2", json!("true")), ("3", json!(true)), ("4", json!(null))] {
        let person = Person { sub: subject.into(), email_verified: Some(verified.clone()), ..Person::named("ada") };
        let attacker = Browser::new(&app.anon);
        assert_eq!(attacker.sign_in_at(&provider, &person).await.status(), 303, "{verified}");
        let me = attacker.me().await;
        assert_ne!(me["id"], ada.get("/api/users/me").await.json()["id"], "{verified}");
        assert!(me.get("email").is_none(), "{verified}: {me}");
    }
    let row = user::find_by_username(&app.app.db, "ada").await.unwrap().unwrap();
    assert_eq!(row.email.as_deref(), Some("ada@example.com"));
    assert!(identity::list(&app.app.db, row.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn unverified_address_is_not_taken() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    for (subject, verified) in [("1", Some(json!(false))), ("2", None)] {
        let person = Person { sub: subject.into(), email_verified: verified, ..Person::named("victim") };
        let browser = Browser::new(&app.anon);
        browser.sign_in_at(&provider, &person).await;
        assert!(browser.me().await.get("email").is_none());
    }
}

#[tokio::test]
async fn chosen_username_leads_to_no_other_account() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let ada = app.sign_up("ada").await;
    let attacker = Browser::new(&app.anon);
    attacker.sign_in_at(&provider, &Person { sub: "attacker".into(), ..Person::named("ada") }).await;
    let me = attacker.me().await;
    assert_eq!(me["username"], "ada-2");
    assert_ne!(me["id"], ada.get("/api/users/me").await.json()["id"]);
}

#[tokio::test]
async fn same_subject_of_another_provider_is_another_person() {
    let (provider, hostile) = (Provider::start().await, Provider::start().await);
    let app = TestApp::start_with_providers(&[&provider, &hostile], &[]).await;
    let (ada, attacker) = (Browser::new(&app.anon), Browser::new(&app.anon));
    ada.sign_in_at(&provider, &Person::named("ada")).await;
    attacker.visit(&hostile, &Person::named("ada"), "/api/oidc/other/start").await;
    assert_ne!(attacker.me().await["id"], ada.me().await["id"]);
    // The hostile provider claims the issuer of the other one.
    let claims = json!({"iss": provider.issuer()});
    hostile.set(|behaviour| behaviour.claims = claims);
    let reply = Browser::new(&app.anon).visit(&hostile, &Person::named("ada"), "/api/oidc/other/start").await;
    assert_eq!(reply.error(), (502, "provider_failed".into()));
}

#[tokio::test]
async fn provider_with_a_changed_issuer_has_other_people() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let ada = Browser::new(&app.anon);
    ada.sign_in_at(&provider, &Person::named("ada")).await;
    let moved = Provider::start().await;
    let changed = app.replica_with_providers(&[&moved]).await;
    let browser = Browser::new(&changed.anon);
    browser.sign_in_at(&moved, &Person::named("ada")).await;
    assert_ne!(browser.me().await["id"], ada.me().await["id"]);
    assert_eq!(identity::Entity::find().count(&app.app.db).await.unwrap(), 2);
}

#[tokio::test]
async fn response_of_one_provider_is_not_accepted_for_another() {
    let (provider, hostile) = (Provider::start().await, Provider::start().await);
    let app = TestApp::start_with_providers(&[&provider, &hostile], &[]).await;
    let victim = Browser::new(&app.anon);
    // The victim starts at the hostile provider, which sends the code of the other provider (mix-up, RFC 9700 4.4).
    let hostile_start = victim.go_to_provider("/api/oidc/other/start").await;
    let callback = hostile.authorize(&hostile_start, &Person::named("victim"));
    let mixed_up = callback.replace("/api/oidc/other/", "/api/oidc/acme/");
    assert_eq!(victim.return_from_provider(&mixed_up).await.error(), (400, "flow_invalid".into()));
    let issuer = json!({"iss": provider.issuer()});
    hostile.set(|behaviour| behaviour.callback = issuer);
    let reply = victim.visit(&hostile, &Person::named("victim"), "/api/oidc/other/start").await;
    assert_eq!(reply.error(), (400, "flow_invalid".into()));
    assert_eq!((provider.requests().token, hostile.requests().token), (0, 0), "no code was sent to a wrong provider");
}

#[tokio::test]
async fn page_of_an_attacker_cannot_make_a_browser_add_an_identity() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    app.sign_up("mallory").await;
    app.sign_up("ada").await;
    let (mallory, victim) = (signed_in(&app, "mallory").await, signed_in(&app, "ada").await);
    // Mallory prepares the addition of an identity to her own account, and sends the address to the victim.
    let body = json!({"currentPassword": PASSWORD});
    let prepared = until_available(|| mallory.post("/api/users/me/identities/acme", body.clone())).await;
    let start = prepared.json()["startUrl"].as_str().unwrap().to_owned();
    assert_eq!(victim.get(&start).await.error(), (400, "flow_invalid".into()));
    // Or she sends the victim the address of the provider, or the address to which she was sent back.
    let location = mallory.go_to_provider(&start).await;
    let callback = provider.authorize(&location, &Person::named("victim"));
    assert_eq!(victim.return_from_provider(&callback).await.error(), (400, "flow_invalid".into()));
    // A request of another site with the victim's cookie is rejected.
    let forged = victim.send(axum::http::Method::POST, "/api/users/me/identities/acme", Some(body), "cross-site").await;
    assert_eq!(forged.error(), (403, "cross_site".into()));
    assert_eq!(identity::Entity::find().count(&app.app.db).await.unwrap(), 0);
}

#[tokio::test]
async fn identity_is_not_added_in_the_session_of_another_person() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    app.sign_up("ada").await;
    app.sign_up("bob").await;
    let body = json!({"currentPassword": PASSWORD});
    for signs_out in [true, false] {
        let browser = signed_in(&app, "ada").await;
        let prepared = until_available(|| browser.post("/api/users/me/identities/acme", body.clone())).await;
        let location = browser.go_to_provider(prepared.json()["startUrl"].as_str().unwrap()).await;
        // Meanwhile, bob uses the same browser.
        if signs_out {
            assert_eq!(browser.delete("/api/sessions/current").await.status(), 204);
        } else {
            let bob = signed_in(&app, "bob").await;
            browser.plant("__Host-daypass", &bob.cookie("__Host-daypass").unwrap());
        }
        let reply = browser.return_from_provider(&provider.authorize(&location, &Person::named("bob"))).await;
        assert_eq!(reply.error(), (400, "flow_invalid".into()), "signs out: {signs_out}");
    }
    assert_eq!(identity::Entity::find().count(&app.app.db).await.unwrap(), 0);
}

#[tokio::test]
async fn restored_address_removes_the_identities_of_the_other_person() {
    let (provider, outbox) = (Provider::start().await, Outbox::new());
    let app = TestApp::start_with_providers(&[&provider], &[&outbox.flag()]).await;
    outbox.sign_up(&app, "ada").await;
    // An attacker who knows the password adds an identity and changes the address.
    let attacker = signed_in(&app, "ada").await;
    let body = json!({"currentPassword": PASSWORD});
    let prepared = until_available(|| attacker.post("/api/users/me/identities/acme", body.clone())).await;
    let start = prepared.json()["startUrl"].as_str().unwrap().to_owned();
    assert_eq!(attacker.visit(&provider, &Person::named("attacker"), &start).await.status(), 303);
    let removal =
        || attacker.send(axum::http::Method::DELETE, "/api/users/me/email", Some(body.clone()), "same-origin");
    assert_eq!(until_available(removal).await.status(), 204);
    let code = outbox.deliver_one(&app).await.code;
    assert_eq!(app.anon.post("/api/email-verifications", json!({"code": code})).await.status(), 200);
    let row = user::find_by_username(&app.app.db, "ada").await.unwrap().unwrap();
    assert!(!row.has_password() && identity::list(&app.app.db, row.id).await.unwrap().is_empty());
    let browser = Browser::new(&app.anon);
    browser.sign_in_at(&provider, &Person::named("attacker")).await;
    assert_ne!(browser.me().await["id"], row.id.0, "the identity leads to another account now");
}
