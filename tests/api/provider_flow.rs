//! Sign-in at a provider: start, return and exchange of a code.

use chrono::TimeDelta;
use daypass::models::{identity, session, used_code, user};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};

use crate::support::{Browser, Person, Provider, TestApp};

#[tokio::test]
async fn person_signs_in_with_a_session_in_a_cookie() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = Browser::new(&app.anon);
    let location = browser.go_to_provider("/api/oidc/acme/start?return_to=/welcome").await;
    assert_eq!(provider.parameters(&location)["redirect_uri"], "https://accounts.example.com/api/oidc/acme/callback");
    let returned = browser.return_from_provider(&provider.authorize(&location, &Person::named("ada"))).await;
    assert_eq!((returned.status(), returned.header("location")), (303, "https://accounts.example.com/welcome"));
    assert!(
        returned.cookies().iter().any(|cookie| cookie.starts_with("__Host-daypass=ey")),
        "{:?}",
        returned.cookies()
    );
    assert!(browser.cookie("__Host-daypass-flow").is_none(), "the state is deleted");
    assert_eq!((returned.header("cache-control"), returned.header("referrer-policy")), ("no-store", "no-referrer"));
    let me = browser.me().await;
    assert_eq!(
        (&me["username"], &me["email"], &me["emailVerified"]),
        (&json!("ada"), &json!("ada@example.com"), &json!(true))
    );
    assert_eq!(me["hasPassword"], false);
    let row = identity::Entity::find().one(&app.app.db).await.unwrap().unwrap();
    assert_eq!((row.provider, row.issuer, row.subject), ("acme".into(), provider.issuer(), "ada-subject".into()));
}

#[tokio::test]
async fn page_gets_a_token_for_a_code() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = Browser::new(&app.anon);
    let code = code_of(&browser, &provider, "ada").await;
    assert_eq!(session::Entity::find().count(&app.app.db).await.unwrap(), 0, "no session begins before the exchange");
    let exchanged = browser.post("/api/sessions/exchange", json!({"code": code})).await;
    assert_eq!(
        (exchanged.status(), exchanged.header("location")),
        (201, "/api/sessions/current"),
        "{}",
        exchanged.text()
    );
    let credentials = exchanged.json();
    assert_eq!(credentials["session"]["provider"], "acme");
    let ada = app.anon.with_token(credentials["sessionToken"].as_str().unwrap());
    assert_eq!(ada.get("/api/users/me").await.json()["username"], "ada");
    assert!(browser.cookie("__Host-daypass").is_none() && browser.cookie("__Host-daypass-flow").is_none());
    let again = browser.post("/api/sessions/exchange", json!({"code": code})).await;
    assert_eq!(again.error(), (403, "code_invalid".into()));
}

#[tokio::test]
async fn page_of_an_allowed_origin_may_send_the_cookie_only_to_exchange_a_code() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &["--cors-origins=https://app.example.com"]).await;
    let preflight = async |path: &str, origin: &str| {
        let request = app.anon.request(axum::http::Method::OPTIONS, path).header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        request.send().await.has_header("access-control-allow-credentials")
    };
    assert!(preflight("/api/sessions/exchange", "https://app.example.com").await);
    assert!(!preflight("/api/sessions", "https://app.example.com").await);
    let start = "/api/oidc/acme/start?transport=bearer&return_to=https://app.example.com/page";
    let browser = Browser::new(&app.anon);
    let returned = browser.visit(&provider, &Person::named("ada"), start).await;
    let code = returned.header("location").strip_prefix("https://app.example.com/page#code=").unwrap().to_owned();
    let headers = [("origin", "https://app.example.com"), ("sec-fetch-site", "same-site")];
    let body = Some(json!({"code": code}));
    let exchanged = browser.send_with(axum::http::Method::POST, "/api/sessions/exchange", body, &headers).await;
    assert_eq!(exchanged.status(), 201, "{}", exchanged.text());
    assert_eq!(exchanged.header("access-control-allow-origin"), "https://app.example.com");
    assert_eq!(exchanged.header("access-control-allow-credentials"), "true");
}

/// Signs in with `transport=bearer`. Returns the code of the address.
async fn code_of(browser: &Browser, provider: &Provider, name: &str) -> String {
    let start = "/api/oidc/acme/start?transport=bearer&return_to=/page";
    let returned = browser.visit(provider, &Person::named(name), start).await;
    let code = returned.header("location").strip_prefix("https://accounts.example.com/page#code=");
    code.unwrap_or_else(|| panic!("{} {}", returned.status(), returned.text())).to_owned()
}

#[tokio::test]
async fn code_works_once_within_a_minute_in_the_browser_that_signed_in() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let exchange = async |browser: &Browser, code: &str| {
        browser.post("/api/sessions/exchange", json!({"code": code})).await.status()
    };
    let (browser, other) = (Browser::new(&app.anon), Browser::new(&app.anon));
    let code = code_of(&browser, &provider, "ada").await;
    assert_eq!(exchange(&other, &code).await, 403, "a browser without the cookie");
    let others = code_of(&other, &provider, "bob").await;
    assert_eq!(exchange(&other, &code).await, 403, "the cookie of another sign-in");
    assert_eq!(exchange(&browser, "nonsense").await, 403);
    assert_eq!(
        exchange(&browser, browser.cookie("__Host-daypass-flow").as_deref().unwrap()).await,
        403,
        "the cookie as code"
    );
    app.advance_clock(TimeDelta::seconds(59));
    let copy = other.copy();
    assert_eq!(exchange(&other, &others).await, 201);
    assert_eq!(exchange(&copy, &others).await, 403, "used");
    app.advance_clock(TimeDelta::seconds(1));
    assert_eq!(exchange(&browser, &code).await, 403, "expired");
    assert_eq!(session::Entity::find().count(&app.app.db).await.unwrap(), 1);
}

#[tokio::test]
async fn sign_in_is_completed_once_on_all_replicas_together() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let replica = app.replica().await;
    let browser = Browser::new(&app.anon);
    let callback = provider.authorize(&browser.go_to_provider("/api/oidc/acme/start").await, &Person::named("ada"));
    let on_replica = Browser::new(&replica.anon);
    on_replica.plant("__Host-daypass-flow", &browser.cookie("__Host-daypass-flow").unwrap());
    assert_eq!(on_replica.return_from_provider(&callback).await.status(), 303, "another replica completes it");
    assert_eq!(browser.return_from_provider(&callback).await.error(), (400, "flow_invalid".into()));
    assert_eq!(provider.requests().token, 1, "the provider is not asked again");
    assert_eq!(used_code::Entity::find().count(&app.app.db).await.unwrap(), 1);
    assert_eq!(on_replica.me().await["username"], "ada");
}

#[tokio::test]
async fn only_one_of_several_concurrent_responses_begins_a_session() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let (replica, browser) = (app.replica().await, Browser::new(&app.anon));
    let callback = provider.authorize(&browser.go_to_provider("/api/oidc/acme/start").await, &Person::named("ada"));
    let cookie = browser.cookie("__Host-daypass-flow").unwrap();
    let copies: Vec<_> = (0..10)
        .map(|number| {
            let copy = Browser::new(if number % 2 == 0 { &app.anon } else { &replica.anon });
            copy.plant("__Host-daypass-flow", &cookie);
            copy
        })
        .collect();
    let replies = futures_util::future::join_all(copies.iter().map(|copy| copy.return_from_provider(&callback))).await;
    let statuses: Vec<_> = replies.iter().map(crate::support::Reply::status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [303, 400].contains(status)), "{statuses:?}");
    assert_eq!(session::Entity::find().count(&app.app.db).await.unwrap(), 1);
    assert_eq!(provider.requests().token, 1);
}

#[tokio::test]
async fn response_that_does_not_belong_to_a_sign_in_of_this_browser_is_rejected() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let person = Person::named("ada");
    for (what, changes) in [
        ("no state", json!({"state": null})),
        ("an empty state", json!({"state": ""})),
        ("another state", json!({"state": "AAAAAAAAAAAAAAAAAAAAAA"})),
        ("another issuer", json!({"iss": "https://other.example"})),
        ("an empty issuer", json!({"iss": ""})),
        ("no code", json!({"code": null})),
    ] {
        provider.set(|behaviour| behaviour.callback = changes);
        let reply = Browser::new(&app.anon).sign_in_at(&provider, &person).await;
        assert_eq!(reply.error(), (400, "flow_invalid".into()), "{what}");
    }
    provider.set(|behaviour| behaviour.callback = Value::Null);
    let (victim, attacker) = (Browser::new(&app.anon), Browser::new(&app.anon));
    let callback = provider.authorize(&attacker.go_to_provider("/api/oidc/acme/start").await, &person);
    assert_eq!(victim.return_from_provider(&callback).await.error(), (400, "flow_invalid".into()), "without a cookie");
    victim.go_to_provider("/api/oidc/acme/start").await;
    assert_eq!(
        victim.return_from_provider(&callback).await.error(),
        (400, "flow_invalid".into()),
        "the cookie of another sign-in"
    );
    assert_eq!(provider.requests().token, 0, "no code was sent to the provider");
    assert_eq!(user::Entity::find().count(&app.app.db).await.unwrap(), 0);
}

#[tokio::test]
async fn sign_in_may_take_ten_minutes() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    for (minutes, status) in [(9, 303), (10, 400)] {
        let browser = Browser::new(&app.anon);
        let location = browser.go_to_provider("/api/oidc/acme/start").await;
        app.advance_clock(TimeDelta::minutes(minutes));
        provider.set_time(app.clock.now().timestamp());
        let callback = provider.authorize(&location, &Person::named("ada"));
        assert_eq!(browser.return_from_provider(&callback).await.status(), status, "{minutes} minutes");
    }
}

#[tokio::test]
async fn browser_returns_only_to_this_service_and_to_allowed_origins() {
    let provider = Provider::start().await;
    let app =
        TestApp::start_with_providers(&[&provider], &["--cors-origins=https://app.example,capacitor://localhost"])
            .await;
    let start = async |return_to: &str| {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", return_to).finish();
        app.anon.get(&format!("/api/oidc/acme/start?{query}")).await
    };
    for allowed in ["/", "/a/b?c=d", "https://accounts.example.com/x", "https://app.example/x?y"] {
        assert_eq!(start(allowed).await.status(), 303, "{allowed}");
    }
    let long = format!("/{}", "x".repeat(1024));
    for other in [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https:evil.example",
        "http://accounts.example.com/",
        "https://accounts.example.com:8443/",
        "https://accounts.example.com.evil.example/",
        "https://accounts.example.com@evil.example/",
        "https://user@accounts.example.com/",
        "javascript:alert(1)",
        "data:text/html,x",
        "capacitor://localhost/x",
        "https://app.example:444/",
        "\t//evil.example",
        "/a\nb",
        "/ b",
        "/#code=x",
        &long,
    ] {
        let reply = start(other).await;
        assert_eq!(reply.status(), 422, "{other}: {}", reply.header("location"));
        assert_eq!(reply.error(), (422, "return_to_not_allowed".into()), "{other}");
    }
}

#[tokio::test]
async fn address_of_the_request_does_not_change_the_redirect_uri() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "host=evil.example"),
        ("origin", "https://evil.example"),
    ] {
        let request = app.anon.request(axum::http::Method::GET, "/api/oidc/acme/start").header(name, value);
        let reply = request.send().await;
        let parameters = provider.parameters(reply.header("location"));
        assert_eq!(parameters["redirect_uri"], "https://accounts.example.com/api/oidc/acme/callback", "{name}");
    }
}

#[tokio::test]
async fn person_who_cancels_sees_a_page_that_explains_it() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = Browser::new(&app.anon);
    let callback = provider.deny(&browser.go_to_provider("/api/oidc/acme/start").await);
    let page = browser.copy().send_with(axum::http::Method::GET, &callback, None, &[("accept", "text/html")]).await;
    assert_eq!((page.status(), page.header("content-type")), (403, "text/html; charset=utf-8"));
    assert!(page.text().contains("provider_denied") && page.text().contains("href=\"/\""), "{}", page.text());
    assert!(!page.text().contains(crate::support::SECRET_TEXT), "the text of the provider is not shown");
    assert_eq!(
        browser.return_from_provider(&callback).await.error(),
        (400, "flow_invalid".into()),
        "the response is used up"
    );
}

#[tokio::test]
async fn unknown_provider_is_not_found() {
    let app = TestApp::start().await;
    for path in ["/api/oidc/acme/start", "/api/oidc/acme/callback?code=x&state=y", "/api/oidc/A/start"] {
        assert_eq!(app.anon.get(path).await.error(), (404, "not_found".into()), "{path}");
    }
    assert_eq!(app.anon.get("/api/sign-up").await.json()["providers"], json!([]));
}

#[tokio::test]
async fn page_learns_which_providers_there_are() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let providers = app.anon.get("/api/sign-up").await.json()["providers"].clone();
    assert_eq!(providers, json!([{"name": "acme", "title": "ACME", "startUrl": "/api/oidc/acme/start"}]));
    assert_eq!(provider.requests().discovery, 0, "the provider is asked at the first sign-in");
}

#[tokio::test]
async fn session_of_the_browser_is_replaced() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = Browser::new(&app.anon);
    browser.sign_in_at(&provider, &Person::named("ada")).await;
    let before = browser.copy();
    browser.sign_in_at(&provider, &Person::named("ada")).await;
    assert_eq!(before.get("/api/users/me").await.error(), (401, "revoked".into()));
    assert_eq!(browser.me().await["username"], "ada");
    let rows = session::Entity::find().all(&app.app.db).await.unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
}

#[tokio::test]
async fn later_requests_need_no_statement_and_no_request_to_the_provider() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &[]).await;
    let browser = Browser::new(&app.anon);
    browser.sign_in_at(&provider, &Person::named("ada")).await;
    let (statements, requests) = (app.statements(), provider.requests());
    for _ in 0..20 {
        assert_eq!(browser.get("/api/verify").await.status(), 204);
    }
    assert_eq!((app.statements(), provider.requests()), (statements, requests));
}

#[tokio::test]
async fn wrong_responses_that_any_page_can_cause_do_not_use_up_a_limit() {
    let provider = Provider::start().await;
    let app = TestApp::start_with_providers(&[&provider], &["--rate-limits=code=2/15m"]).await;
    for _ in 0..5 {
        let reply = Browser::new(&app.anon).return_from_provider("/api/oidc/acme/callback?code=x&state=y").await;
        assert_eq!(reply.error(), (400, "flow_invalid".into()));
        let browser = Browser::new(&app.anon);
        let denied = provider.deny(&browser.go_to_provider("/api/oidc/acme/start").await);
        assert_eq!(browser.return_from_provider(&denied).await.status(), 403);
    }
    assert_eq!(Browser::new(&app.anon).sign_in_at(&provider, &Person::named("ada")).await.status(), 303);
}
