//! Variables of an anonymous session, which starts with the first write.

use axum::http::Method;

use crate::recorder::{Ask, BROWSER, DATABASE, DAYPASS, Flow};
use crate::support::Browser;

const VARIABLES: &str = "/api/sessions/current/variables";

#[tokio::test]
async fn variable_of_an_anonymous_session_is_recorded() {
    let flow = Flow::record("anonymous-variable", "anonymous_variable", &[BROWSER, DAYPASS, DATABASE]);
    let app = flow.service(&[]).await;
    let browser = flow.browser(BROWSER, DAYPASS, Browser::new(&app.anon));
    let ask = |method, path: &str| Ask::new(method, path).header("sec-fetch-site", "same-origin");
    let cart = format!("{VARIABLES}/cart");
    let write = |site| Ask::new(Method::PUT, &cart).json(r#"["a pass"]"#).header("sec-fetch-site", site);

    flow.note(&[BROWSER, DATABASE], "Reading starts no session.");
    assert_eq!(browser.send(ask(Method::GET, VARIABLES)).await.status(), 200);
    flow.note(&[BROWSER, DATABASE], "A page of another origin starts no session either.");
    assert_eq!(browser.send(write("cross-site")).await.error().1, "cross_site");

    flow.note(&[BROWSER, DATABASE], "The first write starts an anonymous session.");
    assert_eq!(browser.send(write("same-origin")).await.status(), 201);
    let increment = ask(Method::POST, &format!("{VARIABLES}/visits/increment")).json("{}");
    assert_eq!(browser.send(increment).await.status(), 200);

    flow.note(&[BROWSER, DATABASE], "The session has no user.");
    assert_eq!(browser.send(ask(Method::GET, "/api/items")).await.error().1, "anonymous");
    assert_eq!(browser.send(ask(Method::DELETE, "/api/sessions/current")).await.status(), 204);
    flow.finish();
}
