//! Sign-in, a request and sign-out of a page whose session token is in a cookie.

use axum::http::Method;

use crate::recorder::{Ask, BROWSER, DATABASE, DAYPASS, Flow};
use crate::support::{Browser, PASSWORD};

#[tokio::test]
async fn sign_in_by_cookie_is_recorded() {
    let flow = Flow::record("sign-in-by-cookie", "sign_in_by_cookie", &[BROWSER, DAYPASS, DATABASE]);
    let app = flow.service(&[]).await;
    app.alice().await;
    let browser = flow.browser(BROWSER, DAYPASS, Browser::new(&app.anon));
    let sign_in = || {
        let members = [("username", "alice"), ("password", PASSWORD), ("carrier", "cookie")];
        Ask::with_members(Method::POST, "/api/sessions", &members)
    };

    flow.note(&[BROWSER, DATABASE], "A page of another origin cannot sign the user in.");
    let foreign = browser.send(sign_in().header("sec-fetch-site", "cross-site")).await;
    assert_eq!(foreign.error().1, "cross_site");
    assert_eq!(browser.send(sign_in().header("sec-fetch-site", "same-origin")).await.status(), 201);

    flow.note(&[BROWSER, DATABASE], "The browser adds the cookie to each request of the page.");
    let read = Ask::new(Method::GET, "/api/users/me").header("sec-fetch-site", "same-origin");
    assert_eq!(browser.send(read).await.status(), 200);

    flow.note(&[BROWSER, DATABASE], "A second sign-in replaces the session.");
    assert_eq!(browser.send(sign_in().header("sec-fetch-site", "same-origin")).await.status(), 201);

    let sign_out = |site: &str| Ask::new(Method::DELETE, "/api/sessions/current").header("sec-fetch-site", site);
    flow.note(&[BROWSER, DATABASE], "A page of another origin cannot sign the user out.");
    assert_eq!(browser.send(sign_out("cross-site")).await.error().1, "cross_site");
    assert_eq!(browser.send(sign_out("same-origin")).await.status(), 204);
    flow.finish();
}
