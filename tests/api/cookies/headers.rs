//! Which `Cookie`, `Authorization`, `Origin` and `Sec-Fetch-Site` headers carry a session, and which sites may use it.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use super::*;

/// The status and the code of a request with these headers.
async fn verify(app: &TestApp, headers: &[(&str, &[u8])]) -> (u16, String) {
    let request = app.anon.request(Method::GET, "/api/verify");
    let reply = headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send().await;
    if reply.status() < 400 { (reply.status(), String::new()) } else { reply.error() }
}

#[tokio::test]
async fn session_cookie_is_found_by_its_exact_name() {
    let app = TestApp::start().await;
    let token = app.alice().await.token().to_owned();
    let accepted = (204, String::new());
    let cookie = format!("{COOKIE}={token}");
    assert_eq!(verify(&app, &[("cookie", cookie.as_bytes())]).await, accepted);
    let between = format!("x=1; {cookie}; y=2");
    assert_eq!(verify(&app, &[("cookie", between.as_bytes())]).await, accepted);
    let split = [("cookie", "x=1".as_bytes()), ("cookie", cookie.as_bytes())];
    assert_eq!(verify(&app, &split).await, accepted, "HTTP/2 may split the header");
    let others = [format!("daypass={token}"), format!("X{cookie}"), format!("{COOKIE}="), COOKIE.to_owned()];
    for none in others.iter().map(String::as_str).chain(["", ";;="]) {
        assert_eq!(verify(&app, &[("cookie", none.as_bytes())]).await, (401, "no_token".to_owned()), "{none}");
    }
    for other in ["lang=fran\u{e7}ais".as_bytes(), b"x=\xff"] {
        let beside = [other, b"; ", cookie.as_bytes()].concat();
        assert_eq!(verify(&app, &[("cookie", &beside)]).await, accepted, "other cookies need not be UTF-8");
    }
    let twice = format!("{cookie}; {COOKIE}=d.e.f");
    assert_eq!(verify(&app, &[("cookie", twice.as_bytes())]).await, (401, "ambiguous_token".to_owned()));
}

#[tokio::test]
async fn authorization_with_another_scheme_does_not_hide_the_cookie() {
    let app = TestApp::start().await;
    let cookie = format!("{COOKIE}={}", app.alice().await.token());
    for (value, expected) in [
        (&b"d.e.f"[..], (401, "malformed_token")),
        (b"a.b.\xe9", (401, "malformed_token")),
        (b"Basic YWRhOng=", (204, "")),
        (b"Digest x=1, y=2", (204, "")),
        (b"bearer ", (204, "")),
    ] {
        let both = [("cookie", cookie.as_bytes()), ("authorization", value)];
        assert_eq!(verify(&app, &both).await, (expected.0, expected.1.to_owned()), "{value:?}");
    }
}

#[tokio::test]
async fn any_header_value_gets_a_response() {
    let app = TestApp::start().await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..256 {
        let bytes = proptest::collection::vec(0x20_u8..=0xff, 0..60).prop_filter("DEL", |value| !value.contains(&0x7f));
        let value = bytes.new_tree(&mut runner).unwrap().current();
        for headers in [&[("cookie", &*value)][..], &[("cookie", &*value), ("authorization", &*value)]] {
            assert_eq!(verify(&app, headers).await.0, 401, "{value:?}");
        }
    }
}

/// The site of a request, as far as clients see it: whether its cookie may change something, and whether it may sign in
/// with a cookie.
async fn allowed(app: &TestApp, browser: &Browser, headers: &[(&str, &str)]) -> (bool, bool) {
    let path = "/api/sessions/current/variables/a";
    let change = browser.send_with(Method::PUT, path, Some(json!(1)), headers).await;
    let body = json!({"username": "alice", "password": PASSWORD, "carrier": "cookie"});
    let sign_in = Browser::new(&app.anon).send_with(Method::POST, "/api/sessions", Some(body), headers).await;
    for reply in [&change, &sign_in] {
        assert!(
            reply.status() < 300 || reply.error() == (403, "cross_site".to_owned()),
            "{headers:?}: {}",
            reply.text()
        );
    }
    (change.status() < 300, sign_in.status() < 300)
}

const SAME_ORIGIN: (bool, bool) = (true, true);
const CROSS_SITE: (bool, bool) = (false, false);
/// No page sent the request.
const NO_PAGE: (bool, bool) = (false, true);

#[tokio::test]
async fn sec_fetch_site_takes_precedence_over_origin() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    for (value, expected) in [
        ("same-origin", SAME_ORIGIN),
        ("none", NO_PAGE),
        ("same-site", CROSS_SITE),
        ("cross-site", CROSS_SITE),
        ("", CROSS_SITE),
    ] {
        let headers = [("sec-fetch-site", value), ("host", "a.example"), ("origin", "https://a.example")];
        assert_eq!(allowed(&app, &alice, &headers).await, expected, "{value}");
    }
}

#[tokio::test]
async fn origin_must_match_exactly_without_sec_fetch_site() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let from = async |origin: &str| allowed(&app, &alice, &[("host", "a.example"), ("origin", origin)]).await;
    assert_eq!(from("https://a.example").await, SAME_ORIGIN);
    for (host, expected) in
        [("a.example:443", SAME_ORIGIN), ("a.example:80", CROSS_SITE), ("a.example:4430", CROSS_SITE)]
    {
        let headers = [("host", host), ("origin", "https://a.example")];
        assert_eq!(allowed(&app, &alice, &headers).await, expected, "{host}");
    }
    for other in [
        "http://a.example",
        "https://a.example:8443",
        "https://a.example.evil.example",
        "https://evil.example",
        "https://a.example@evil.example",
        "https://a.example/",
        "https://b.a.example",
        "null",
        "",
    ] {
        assert_eq!(from(other).await, CROSS_SITE, "{other}");
    }
    assert_eq!(allowed(&app, &alice, &[("host", "a.example")]).await, NO_PAGE);
    let twice = [("host", "a.example"), ("origin", "https://a.example"), ("origin", "https://evil.example")];
    assert_eq!(allowed(&app, &alice, &twice).await, CROSS_SITE);
    let plain = TestApp::start_with(&["--cookie-secure=false"]).await;
    let browser = super::alice(&plain).await;
    let http = [("host", "a.example"), ("origin", "http://a.example")];
    assert_eq!(allowed(&plain, &browser, &http).await, SAME_ORIGIN);
}

#[tokio::test]
async fn localhost_is_trusted_without_tls() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    for host in ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "localhost"] {
        let headers = [("host", host), ("origin", &format!("http://{host}"))];
        assert_eq!(allowed(&app, &alice, &headers).await, SAME_ORIGIN, "{host}");
    }
    let other_port = [("host", "localhost:3000"), ("origin", "http://localhost:8080")];
    assert_eq!(allowed(&app, &alice, &other_port).await, CROSS_SITE);
}
