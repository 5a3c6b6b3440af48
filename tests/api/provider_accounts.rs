//! Accounts of people who sign in at a provider.

use chrono::TimeDelta;
use daypass::models::{identity, invitation, user};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};

use crate::support::{Browser, Forge, PASSWORD, Person, Provider, TestApp, until_available};

#[tokio::test]
async fn same_subject_is_the_same_user_whatever_else_changes() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = Browser::new(&app.anon);
    browser.sign_in_at(&provider, &Person::named("ada")).await;
    let first = browser.me().await;
    app.advance_clock(TimeDelta::minutes(1));
    provider.set_time(app.clock.now().timestamp());
    let renamed = Person { sub: "ada-subject".into(), ..Person::named("lovelace") };
    let other_browser = Browser::new(&app.anon);
    other_browser.sign_in_at(&provider, &renamed).await;
    assert_eq!(other_browser.me().await, first, "name and address stay as they are");
    let row = identity::Entity::find().one(&app.app.db).await.unwrap().unwrap();
    assert!(row.last_used_at.0 > row.created_at.0, "{row:?}");
    assert_eq!(user::Entity::find().count(&app.app.db).await.unwrap(), 1);
}

#[tokio::test]
async fn sign_up_policy_decides_about_new_users() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &["--sign-up=closed"]).await;
    let reply = Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await;
    assert_eq!(reply.error(), (403, "sign_up_closed".into()));
    let app = TestApp::start_with_providers(&[&provider], &["--sign-up=invited"]).await;
    let reply = Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await;
    assert_eq!(reply.error(), (403, "invitation_required".into()));
    for table in [user::Entity::find().count(&app.app.db).await, identity::Entity::find().count(&app.app.db).await] {
        assert_eq!(table.unwrap(), 0);
    }
    assert_eq!(provider.requests().userinfo, 0);
}

#[tokio::test]
async fn invited_person_signs_up_at_a_provider_and_gets_the_roles_of_the_invitation() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &["--sign-up=invited"]).await;
    let code = invite(&app).await;
    let browser = Browser::new(&app.anon);
    let prepared = browser.post("/api/oidc/acme/start", json!({"invitation": code})).await;
    assert_eq!(prepared.status(), 201, "{}", prepared.text());
    let start = prepared.json()["startUrl"].as_str().unwrap().to_owned();
    assert!(!start.contains(&code), "the address does not contain the code");
    assert_eq!(Browser::new(&app.anon).get(&start).await.error(), (400, "flow_invalid".into()), "another browser");
    assert_eq!(browser.visit(&provider, &Person::named("ada"), &start).await.status(), 303);
    assert_eq!(browser.me().await["roles"], json!(["editor"]));
    let used = invitation::Entity::find().one(&app.app.db).await.unwrap().unwrap();
    assert_eq!(used.uses, 1);
    let second = Browser::new(&app.anon);
    let start = second.post("/api/oidc/acme/start", json!({"invitation": code})).await.json()["startUrl"].clone();
    let reply = second.visit(&provider, &Person::named("bob"), start.as_str().unwrap()).await;
    assert_eq!(reply.error(), (403, "invitation_used_up".into()));
    assert_eq!(user::Entity::find().count(&app.app.db).await.unwrap(), 1);
}

/// Inserts an invitation for one use. Returns its code.
async fn invite(app: &TestApp) -> String {
    use daypass::models::invitation::NewInvitation;
    use daypass::types::role::Roles;
    use daypass::types::secret_code::SecretCode;
    let code = SecretCode::random(&mut daypass::platform::random::secure());
    let now = app.clock.now();
    let roles = Roles::new(["editor".parse().unwrap()]).unwrap();
    let new = NewInvitation { max_uses: 1, roles, note: None, expires_at: now + TimeDelta::days(1) };
    invitation::create(&app.app.db, &code, new, now).await.unwrap();
    code.expose().to_owned()
}

#[tokio::test]
async fn username_is_made_from_what_the_provider_says() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    app.sign_up("ada").await;
    let long = "x".repeat(80);
    for (number, (preferred, email, username)) in [
        (Some("Ada"), None, "Ada-2"),
        (Some("\u{430}da"), None, "\u{430}da-3"),
        (Some(" grace \u{7} hopper "), None, "grace hopper"),
        (Some("\u{200b}"), Some("linus@example.org"), "linus"),
        (None, Some("linus@example.com"), "linus-2"),
        (Some(&*long), None, &long[..64]),
        (Some(&*long), None, &format!("{}-2", &long[..62])),
        (None, None, "user"),
        (None, None, "user-2"),
        (Some(""), Some("@example.com"), "user-3"),
    ]
    .into_iter()
    .enumerate()
    {
        let person = Person {
            sub: format!("subject {number}"),
            preferred_username: preferred.map(str::to_owned),
            email: email.map(str::to_owned),
            ..Person::default()
        };
        let browser = Browser::new(&app.anon);
        browser.sign_in_at(&provider, &person).await;
        assert_eq!(browser.me().await["username"], username, "{preferred:?} {email:?}");
    }
}

#[tokio::test]
async fn claims_are_read_from_the_user_info_endpoint_if_the_id_token_has_none() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    provider.set(|behaviour| behaviour.claims_in_userinfo = true);
    let browser = Browser::new(&app.anon);
    browser.sign_in_at(&provider, &Person::named("ada")).await;
    let me = browser.me().await;
    assert_eq!((&me["username"], &me["email"]), (&json!("ada"), &json!("ada@example.com")));
    browser.sign_in_at(&provider, &Person::named("ada")).await;
    assert_eq!(provider.requests().userinfo, 1, "only for a new user");
}

#[tokio::test]
async fn claims_that_the_id_token_lacks_are_read_from_the_user_info_endpoint() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    provider.set(|behaviour| behaviour.claims = json!({"email": null, "email_verified": null}));
    let browser = Browser::new(&app.anon);
    browser.sign_in_at(&provider, &Person::named("ada")).await;
    let me = browser.me().await;
    assert_eq!((&me["username"], &me["email"]), (&json!("ada"), &json!("ada@example.com")));
}

#[tokio::test]
async fn address_is_verified_also_if_the_provider_writes_this_as_a_string() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    for (name, verified, email) in [("ada", json!("true"), Some("ada@example.com")), ("bob", json!("false"), None)] {
        let browser = Browser::new(&app.anon);
        browser.sign_in_at(&provider, &Person { email_verified: Some(verified), ..Person::named(name) }).await;
        assert_eq!(browser.me().await.get("email").and_then(Value::as_str), email);
    }
}

#[tokio::test]
async fn many_people_with_the_same_name_sign_up_at_the_same_time() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browsers: Vec<_> = (0..6).map(|_| Browser::new(&app.anon)).collect();
    let visits = browsers.iter().enumerate().map(|(number, browser)| {
        let person = Person { sub: format!("{number}"), email: None, ..Person::named("ada") };
        let provider = &provider;
        async move { until_available(|| browser.visit(provider, &person, "/api/oidc/acme/start")).await.status() }
    });
    let statuses = futures_util::future::join_all(visits).await;
    assert_eq!(statuses, [303; 6]);
    assert_eq!(user::Entity::find().count(&app.app.db).await.unwrap(), 6);
}

#[tokio::test]
async fn token_says_how_and_when_the_person_authenticated() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let claims = async |person: &Person| {
        let browser = Browser::new(&app.anon);
        browser.sign_in_at(&provider, person).await;
        let token = browser.cookie("__Host-daypass").unwrap();
        let current = browser.get("/api/sessions/current").await.json();
        assert_eq!(current["session"]["provider"], "acme");
        Forge::from(&token).claims.clone()
    };
    let now = app.clock.now().timestamp();
    let with_nothing = claims(&Person::named("ada")).await;
    assert_eq!((&with_nothing["amr"], &with_nothing["idp"]), (&json!(["fed"]), &json!("acme")));
    assert_eq!(
        (&with_nothing["auth_time"], &with_nothing["session_iat"]),
        (&Value::Null, &json!(now)),
        "it is unknown"
    );
    let methods = Some(vec!["pwd".to_owned(), "otp".to_owned(), "not a word".to_owned()]);
    let person = Person { auth_time: Some(now - 3600), amr: methods, ..Person::named("ada") };
    let with_all = claims(&person).await;
    assert_eq!((&with_all["amr"], &with_all["auth_time"]), (&json!(["pwd", "otp"]), &json!(now - 3600)));
    assert_eq!((&with_all["session_iat"], &with_all["iat"]), (&json!(now), &json!(now)));
    let ahead = Person { auth_time: Some(now + 30), ..Person::named("ada") };
    assert_eq!(claims(&ahead).await["auth_time"], now, "never in the future");
}

#[tokio::test]
async fn session_survives_although_the_person_authenticated_before_all_sessions_ended() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let (first, second) = (Browser::new(&app.anon), Browser::new(&app.anon));
    let authenticated = app.clock.now().timestamp() - 3600;
    let person = Person { auth_time: Some(authenticated), ..Person::named("ada") };
    first.sign_in_at(&provider, &person).await;
    app.advance_clock(TimeDelta::minutes(5));
    assert_eq!(first.delete("/api/sessions").await.status(), 200);
    app.advance_clock(TimeDelta::minutes(5));
    provider.set_time(app.clock.now().timestamp());
    second.sign_in_at(&provider, &person).await;
    assert_eq!(second.me().await["username"], "ada");
    assert_eq!(first.get("/api/users/me").await.status(), 401);
    let replica = app.replica().await;
    let on_replica = Browser::new(&replica.anon);
    on_replica.plant("__Host-daypass", &second.cookie("__Host-daypass").unwrap());
    assert_eq!(on_replica.me().await["username"], "ada");
}

#[tokio::test]
async fn user_without_a_password_is_unknown_to_sign_in_by_password() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await;
    for password in [PASSWORD, "!", ""] {
        let reply = app.anon.post("/api/sessions", json!({"username": "ada", "password": password})).await;
        let unknown = app.anon.post("/api/sessions", json!({"username": "nobody", "password": password})).await;
        assert_eq!((reply.status(), reply.json()["code"].clone()), (unknown.status(), unknown.json()["code"].clone()));
        assert!([401, 422].contains(&reply.status()), "{}", reply.text());
    }
}

#[tokio::test]
async fn user_without_a_password_sets_one_shortly_after_signing_in() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = Browser::new(&app.anon);
    browser.sign_in_at(&provider, &Person::named("ada")).await;
    app.advance_clock(TimeDelta::seconds(301));
    let body = json!({"newPassword": PASSWORD});
    assert_eq!(browser.put("/api/users/me/password", body.clone()).await.error(), (403, "sign_in_too_old".into()));
    provider.set_time(app.clock.now().timestamp());
    let old = Person { auth_time: Some(app.clock.now().timestamp() - 301), ..Person::named("ada") };
    browser.sign_in_at(&provider, &old).await;
    assert_eq!(browser.put("/api/users/me/password", body.clone()).await.error(), (403, "sign_in_too_old".into()));
    let location = browser.go_to_provider("/api/oidc/acme/start?fresh=true").await;
    assert_eq!(provider.parameters(&location)["max_age"], "0");
    browser.return_from_provider(&provider.authorize(&location, &Person::named("ada"))).await;
    app.advance_clock(TimeDelta::seconds(300));
    let changed = until_available(|| browser.put("/api/users/me/password", body.clone())).await;
    assert_eq!((changed.status(), &changed.json()["user"]["hasPassword"]), (200, &json!(true)), "{}", changed.text());
    app.sign_in("ada").await;
    let reply = browser.put("/api/users/me/password", body).await;
    assert_eq!(reply.field_errors(), [("/currentPassword".into(), "required".into())], "from now on, it is needed");
}

#[tokio::test]
async fn provider_that_does_not_say_when_the_person_authenticated_confirms_nothing() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = Browser::new(&app.anon);
    browser.sign_in_at(&provider, &Person::named("ada")).await;
    let reply = browser.put("/api/users/me/password", json!({"newPassword": PASSWORD})).await;
    assert_eq!(reply.error(), (403, "sign_in_too_old".into()));
    for auth_time in [Value::Null, json!(app.clock.now().timestamp() - 301)] {
        let claims = json!({"auth_time": auth_time});
        provider.set(|behaviour| behaviour.claims = claims);
        let reply = browser.visit(&provider, &Person::named("ada"), "/api/oidc/acme/start?fresh=true").await;
        assert_eq!(reply.error(), (502, "provider_failed".into()), "{auth_time}");
    }
}

#[tokio::test]
async fn disabled_user_cannot_sign_in_and_no_other_user_is_created() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await;
    let row = user::Entity::find().one(&app.app.db).await.unwrap().unwrap();
    row.disable(&app.app.db, app.clock.now()).await.unwrap();
    for start in ["/api/oidc/acme/start", "/api/oidc/acme/start?transport=bearer"] {
        let reply = Browser::new(&app.anon).visit(&provider, &Person::named("ada"), start).await;
        assert_eq!(reply.error(), (403, "identity_not_linked".into()), "{start}");
    }
    assert_eq!(user::Entity::find().count(&app.app.db).await.unwrap(), 1);
}

#[tokio::test]
async fn export_names_the_identities() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = Browser::new(&app.anon);
    browser.sign_in_at(&provider, &Person::named("ada")).await;
    let export = browser.get("/api/users/me/export").await.json();
    let identity = &export["identities"][0];
    assert_eq!((&identity["iss"], &identity["sub"]), (&json!(provider.issuer()), &json!("ada-subject")));
    assert_eq!(export["sessions"][0]["provider"], "acme");
}
