//! Sign-in at a provider of a page that keeps its token itself: Daypass gives the page a code for a token.

use axum::http::Method;

use crate::recorder::{Ask, BROWSER, DATABASE, DAYPASS, Flow, PROVIDER};
use crate::support::{Browser, Person, Provider};

#[tokio::test]
async fn sign_in_at_a_provider_with_a_code_is_recorded() {
    let parties = [PROVIDER, BROWSER, DAYPASS, DATABASE];
    let flow = Flow::record("sign-in-at-a-provider", "sign_in_at_a_provider_with_a_code", &parties);
    let provider = Provider::start().await;
    let app = flow.service_with(&[&provider], &[]).await;
    // The user has signed in before.
    let ada = Person::named("ada");
    assert_eq!(Browser::new(&app.anon).sign_in_at(&provider, &ada).await.status(), 303);
    let browser = flow.browser(BROWSER, DAYPASS, Browser::new(&app.anon));

    let started = browser.get("/api/oidc/acme/start?transport=bearer&return_to=/page").await;
    let callback = flow.sign_in_at(&provider, started.header("location"), &ada);
    let returned = browser.send(Ask::new(Method::GET, &callback).header("sec-fetch-site", "cross-site")).await;
    let (_, code) = returned.header("location").split_once("#code=").unwrap();
    flow.name(code, "code of the fragment");

    flow.note(&[BROWSER, DAYPASS], "The script of the page reads the code, within 60 s.");
    let exchange = || Ask::with_members(Method::POST, "/api/sessions/exchange", &[("code", code)]);
    let exchanged = browser.send(exchange().header("sec-fetch-site", "same-origin")).await;
    assert_eq!(exchanged.status(), 201);

    flow.note(&[BROWSER, DAYPASS], "The code works only once.");
    let again = browser.send(exchange().header("sec-fetch-site", "same-origin")).await;
    assert_eq!(again.error().1, "code_invalid");
    flow.finish();
}
