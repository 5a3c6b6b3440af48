//! The lessons on cookie sessions: counters, greetings and protected routes.

use super::*;

#[tokio::test]
async fn increment_counts_visits_per_browser() {
    let app = TestApp::start().await;
    let (alice, bob) = (Browser::new(&app.anon), Browser::new(&app.anon));
    assert_eq!(texts(&alice, &["/increment", "/lessons/001/increment", "/increment"]).await, ["1", "2", "3"]);
    assert_eq!(texts(&bob, &["/increment"]).await, ["1"]);
    assert_eq!(texts(&alice, &["/increment"]).await, ["4"]);
}

#[tokio::test]
async fn lesson_cookie_is_the_session_cookie_without_session_data() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app.anon);
    let reply = browser.get("/increment").await;
    let cookies = reply.cookies();
    let (_, attributes) = cookies[0].split_once("; ").unwrap();
    assert_eq!((cookies.len(), attributes), (1, "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400"));
    let cookie = browser.cookie(COOKIE).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(cookie.split('.').nth(1).unwrap()).unwrap();
    assert!(!String::from_utf8(claims).unwrap().contains("count"), "session data stays on the server");
    let anonymous = browser.get(VARIABLES).await.json();
    let version = &anonymous["items"][0]["version"];
    assert_eq!(anonymous["items"], json!([{"name": "count", "value": 1, "version": version}]));
}

#[tokio::test]
async fn clear_ends_the_session_and_clears_its_cookie() {
    let app = TestApp::start().await;
    let (alice, bob) = (Browser::new(&app.anon), Browser::new(&app.anon));
    texts(&alice, &["/increment", "/increment"]).await;
    texts(&bob, &["/increment", "/increment"]).await;
    let attacker = alice.copy();
    let cleared = alice.get("/clear").await;
    assert_eq!((cleared.status(), cleared.text()), (200, "Session cleared"));
    assert!(cleared.header("content-type").starts_with("text/plain"));
    assert_eq!(alice.cookies(), None);
    assert_eq!(texts(&alice, &["/increment"]).await, ["1"], "the count starts again");
    assert_eq!(texts(&attacker, &["/increment"]).await, ["1"], "the old cookie starts a new session");
    assert_eq!(texts(&bob, &["/increment"]).await, ["3"], "other browsers are not affected");
    assert_eq!(texts(&Browser::new(&app.anon), &["/clear", "/lessons/001/clear"]).await, ["Session cleared"; 2]);
}

#[tokio::test]
async fn failed_clear_returns_the_message_of_the_lesson() {
    for (path, message) in [("/clear", "Error clearing session"), ("/api/logout", "error logging out")] {
        let app = TestApp::start().await;
        let browser = Browser::new(&app.anon);
        texts(&browser, &["/increment"]).await;
        without_table(&app, "session_variables").await;
        let reply = browser.get(path).await;
        assert_eq!((reply.status(), reply.text()), (500, message));
        assert!(browser.cookie(COOKIE).is_some(), "the session and its cookie stay valid");
    }
}

#[tokio::test]
async fn tampered_cookie_starts_a_new_session() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app.anon);
    texts(&browser, &["/increment", "/increment"]).await;
    let cookie = browser.cookie(COOKIE).unwrap();
    let (rest, signature) = cookie.rsplit_once('.').unwrap();
    let other_signature = format!("{rest}.{}", signature.chars().rev().collect::<String>());
    for tampered in [other_signature, cookie.replacen('e', "f", 1), format!("{cookie}x"), "s:abc.def".to_owned()] {
        browser.plant(COOKIE, &tampered);
        assert_eq!(texts(&browser, &["/increment"]).await, ["1"], "{tampered}");
        assert_eq!(browser.get("/protected").await.status(), 401, "anonymous");
    }
}

#[tokio::test]
async fn greeting_uses_the_name_in_the_session() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app.anon);
    assert_eq!(texts(&browser, &["/greet", "/lessons/002/greet"]).await, ["hello undefined"; 2]);
    assert_eq!(browser.cookies(), None, "an untouched session gets no cookie");
    assert_eq!(texts(&browser, &["/lessons/002", "/greet"]).await, ["got it", "hello Frodo"]);
    assert_eq!(texts(&Browser::new(&app.anon), &["/greet"]).await, ["hello undefined"]);
    let again = browser.get("/greet").await;
    assert!(again.cookies().is_empty(), "a session that was only read is not sent again");
}

#[tokio::test]
async fn secure_cookie_is_not_sent_without_tls() {
    let app = TestApp::start().await;
    let plain = Browser::without_tls(&app.anon);
    assert_eq!(texts(&plain, &["/lessons/002", "/lessons/002/greet"]).await, ["got it", "hello undefined"]);
    let app = TestApp::start_with(&["--cookie-secure=false"]).await;
    let plain = Browser::without_tls(&app.anon);
    assert_eq!(texts(&plain, &["/lessons/002", "/lessons/002/greet"]).await, ["got it", "hello Frodo"]);
}

#[tokio::test]
async fn login_cookie_gives_access_to_protected_routes() {
    let app = TestApp::start().await;
    let alice = Browser::new(&app.anon);
    let users = "/lessons/002/api/users";
    let refused = alice.get(users).await;
    assert_eq!(message(&refused), (401, json!("you shall not pass!!")));
    let registered = post(&alice, "/lessons/002/api/register", "alice").await;
    assert_eq!((registered.json().get("sessionToken"), registered.cookies().len()), (None, 1));
    let alice = Browser::new(&app.anon);
    let wrong = json!({"username": "alice", "password": "wrong"});
    assert_eq!(message(&alice.post("/lessons/002/api/login", wrong).await), (401, json!("you shall not pass!!")));
    assert_eq!(alice.cookies(), None);
    post(&alice, "/lessons/002/api/login", "alice").await;
    let listed = alice.get(users).await;
    assert_eq!((listed.status(), &listed.json()[0]["username"]), (200, &json!("alice")));
    let attacker = alice.copy();
    let reply = alice.get("/api/logout").await;
    assert_eq!((reply.status(), reply.text()), (200, "good bye"));
    for browser in [&alice, &attacker] {
        assert_eq!(message(&browser.get(users).await), (401, json!("you shall not pass!!")));
    }
}

#[tokio::test]
async fn anonymous_session_is_rejected_by_protected_routes() {
    let app = TestApp::start().await;
    let frodo = Browser::new(&app.anon);
    texts(&frodo, &["/lessons/002"]).await;
    assert_eq!(message(&frodo.get("/lessons/002/api/users").await), (401, json!("you shall not pass!!")));
    assert_eq!(message(&frodo.get("/protected").await), (401, json!("Invalid Credentials")));
    assert_eq!(texts(&frodo, &["/greet"]).await, ["hello Frodo"], "and its data is unchanged");
}

#[tokio::test]
async fn global_guard_leaves_only_register_and_login_open() {
    let app = TestApp::start().await;
    let alice = Browser::new(&app.anon);
    for (method, path) in
        [("GET", ""), ("GET", "/users"), ("POST", "/anything"), ("DELETE", "/users/1"), ("GET", "/a/b/c")]
    {
        let path = format!("/lessons/002/restricted{path}");
        let reply = app.anon.request(Method::from_bytes(method.as_bytes()).unwrap(), &path).send().await;
        assert_eq!(message(&reply), (401, json!("you shall not pass!!")), "{method} {path}");
    }
    post(&alice, "/lessons/002/restricted/register", "alice").await;
    assert_eq!(alice.get("/lessons/002/restricted/users").await.json()[0]["username"], "alice");
    assert_eq!(alice.get("/lessons/002/restricted/a/b/c").await.status(), 404);
    assert_eq!(message(&alice.get("/lessons/002/restricted/logout").await), (200, json!("You are logged out")));
    assert_eq!(alice.get("/lessons/002/restricted/users").await.status(), 401);
    post(&alice, "/lessons/002/restricted/login", "alice").await;
    assert_eq!(alice.get("/lessons/002/restricted/users").await.status(), 200);
}

#[tokio::test]
async fn stateless_session_is_stored_completely_in_cookies() {
    let app = TestApp::start_with(&["--session-store=cookie"]).await;
    let alice = Browser::new(&app.anon);
    assert_eq!(texts(&alice, &["/lessons/002", "/greet"]).await, ["got it", "hello Frodo"]);
    let sealed = alice.cookie("__Host-daypass-variables").unwrap();
    assert!(
        !sealed.contains("Frodo") && !String::from_utf8_lossy(&STANDARD.decode(&sealed).unwrap()).contains("Frodo")
    );
    let other = Browser::new(&app.anon);
    texts(&other, &["/increment"]).await;
    other.plant("__Host-daypass-variables", &sealed);
    assert_eq!(texts(&other, &["/greet"]).await, ["hello undefined"], "the cookie belongs to one session");
    assert_eq!(texts(&alice, &["/api/logout", "/greet"]).await, ["good bye", "hello undefined"]);
    assert_eq!(alice.cookies(), None, "logging out resets the session");
}

#[tokio::test]
async fn last_lesson_requires_a_login() {
    let app = TestApp::start().await;
    let alice = Browser::new(&app.anon);
    for path in ["/protected", "/lessons/003/protected", "/logout", "/lessons/003/logout"] {
        assert_eq!(message(&alice.get(path).await), (401, json!("Invalid Credentials")), "{path}");
    }
    post(&alice, "/lessons/003/register", "alice").await;
    post(&alice, "/lessons/003/login", "alice").await;
    assert_eq!(message(&alice.get("/protected").await), (200, json!("You are authorized")));
    let attacker = alice.copy();
    assert_eq!(message(&alice.get("/logout").await), (200, json!("You are logged out")));
    assert_eq!(alice.cookies(), None);
    assert_eq!(
        message(&attacker.get("/protected").await),
        (401, json!("Invalid Credentials")),
        "the copied cookie is revoked"
    );
    assert_eq!(message(&alice.get("/logout").await), (401, json!("Invalid Credentials")));
}
