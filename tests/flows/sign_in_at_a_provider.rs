//! Sign-in at a provider with a session in a cookie: the first one, which creates the user, and a later one.

use axum::http::Method;

use crate::recorder::{Ask, BROWSER, Caller, DATABASE, DAYPASS, Flow, PROVIDER};
use crate::support::{Browser, Person, Provider, Reply};

#[tokio::test]
async fn sign_in_at_a_provider_is_recorded() {
    let parties = [PROVIDER, BROWSER, DAYPASS, DATABASE];
    let flow = Flow::record("sign-in-at-a-provider", "sign_in_at_a_provider", &parties);
    let provider = Provider::start().await;
    let app = flow.service_with(&[&provider], &[]).await;

    let browser = flow.browser(BROWSER, DAYPASS, Browser::new(&app.anon));
    let (_, returned) = visit(&flow, &browser, &provider).await;
    assert_eq!(returned.status(), 303);

    flow.note(&[PROVIDER, DATABASE], "Another browser of the same user. The metadata and the keys are in memory now.");
    let other = flow.browser(BROWSER, DAYPASS, Browser::new(&app.anon));
    let (callback, returned) = visit(&flow, &other, &provider).await;
    assert_eq!(returned.status(), 303);

    flow.note(&[PROVIDER, DATABASE], "A callback is used twice. The browser has no state any more.");
    assert_eq!(other.send(open(&callback)).await.error().1, "flow_invalid");
    flow.finish();
}

/// Signs in at the provider. Returns the address of the callback, and the response to it.
async fn visit(flow: &Flow, browser: &Caller<'_>, provider: &Provider) -> (String, Reply) {
    let started = browser.get("/api/oidc/acme/start?return_to=/welcome").await;
    assert_eq!(started.status(), 303);
    let callback = flow.sign_in_at(provider, started.header("location"), &Person::named("ada"));
    let returned = browser.send(open(&callback)).await;
    (callback, returned)
}

/// The provider sends the browser to an address of Daypass.
fn open(callback: &str) -> Ask {
    Ask::new(Method::GET, callback).header("sec-fetch-site", "cross-site")
}
