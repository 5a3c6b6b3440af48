//! Several session cookies in one request: only sign-out accepts them, and it ends all of their sessions.

use axum::http::Method;

use super::{Browser, COOKIE, alice, sign_in};
use crate::support::{Reply, TestApp};

async fn send(app: &TestApp, method: Method, path: &str, cookies: &str, site: &str) -> Reply {
    let request = app.anon.request(method, path).header("sec-fetch-site", site);
    request.header("cookie", cookies).send().await
}

async fn bob(app: &TestApp) -> Browser {
    let browser = Browser::new(&app.anon);
    sign_in(&browser, "/api/users", "bob").await;
    browser
}

fn cleared(reply: &Reply) -> Vec<String> {
    let of = |cookie: &String| cookie.split_once('=').unwrap().0.to_owned();
    reply.cookies().iter().filter(|cookie| cookie.contains("Max-Age=0")).map(of).collect()
}

#[tokio::test]
async fn sign_out_with_two_session_cookies_ends_both_sessions_and_clears_the_cookies() {
    let app = TestApp::start().await;
    let (alice, bob) = (alice(&app).await, bob(&app).await);
    let both = format!("{}; x=1; {}", alice.cookies().unwrap(), bob.cookies().unwrap());
    let reply = send(&app, Method::DELETE, "/api/sessions/current", &both, "same-origin").await;
    assert_eq!((reply.status(), reply.has_header("clear-site-data")), (204, false), "{}", reply.text());
    assert_eq!(cleared(&reply), [COOKIE, "__Host-daypass-variables"]);
    for browser in [alice, bob] {
        assert_eq!(browser.get("/api/verify").await.error(), (401, "revoked".to_owned()));
    }
    assert_eq!(app.app.revocations.len(), 2);
}

#[tokio::test]
async fn sign_out_with_a_planted_cookie_ends_the_genuine_session() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let genuine = alice.cookies().unwrap();
    for both in [format!("{COOKIE}=planted; {genuine}"), format!("{genuine}; {COOKIE}=planted")] {
        let reply = send(&app, Method::DELETE, "/api/sessions/current", &both, "same-origin").await;
        assert_eq!(cleared(&reply), [COOKIE, "__Host-daypass-variables"]);
        assert!(!reply.has_header("clear-site-data"));
        assert_eq!(alice.copy().get("/api/verify").await.error(), (401, "revoked".to_owned()));
    }
    let both = format!("{COOKIE}=a; {COOKIE}=b");
    let planted = send(&app, Method::DELETE, "/api/sessions/current", &both, "same-origin").await;
    assert_eq!(planted.error(), (401, "malformed_token".to_owned()));
    assert_eq!(cleared(&planted), [COOKIE, "__Host-daypass-variables"]);
}

#[tokio::test]
async fn another_site_cannot_sign_out_by_adding_a_cookie() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let both = format!("{}; {COOKIE}=planted", alice.cookies().unwrap());
    for site in ["cross-site", "same-site"] {
        let reply = send(&app, Method::DELETE, "/api/sessions/current", &both, site).await;
        assert_eq!((reply.error(), cleared(&reply).len()), ((403, "cross_site".to_owned()), 0));
    }
    assert_eq!(alice.get("/api/verify").await.status(), 204);
    let ambiguous = send(&app, Method::GET, "/api/users/me", &both, "same-origin").await;
    assert_eq!(ambiguous.error(), (400, "ambiguous_token".to_owned()), "only the sign-out accepts several");
}

#[tokio::test]
async fn sign_out_ends_the_session_of_the_authorization_header() {
    let app = TestApp::start().await;
    let (alice, carol) = (alice(&app).await, app.sign_up("carol").await);
    let both = format!("{}; {COOKIE}=planted", alice.cookies().unwrap());
    let request = carol.request(Method::DELETE, "/api/sessions/current").header("cookie", both);
    assert_eq!(request.send().await.status(), 204);
    assert_eq!(alice.get("/api/verify").await.status(), 204);
    assert_eq!(carol.get("/api/verify").await.status(), 401);
    let both = format!("{}; {COOKIE}=planted", alice.cookies().unwrap());
    let request = app.anon.request(Method::DELETE, "/api/sessions/current").header("cookie", both);
    let request = request.header("sec-fetch-site", "same-origin").header("authorization", "Basic eDp5");
    assert_eq!(request.send().await.status(), 204, "a header of another scheme is no token");
    assert_eq!(alice.get("/api/verify").await.error().1, "revoked");
}
