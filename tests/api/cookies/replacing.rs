//! What becomes of a cookie, and of its session, when another takes its place.

use super::*;

#[tokio::test]
async fn signing_in_ends_the_session_that_was_presented() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let planted = browser.copy();
    sign_in(&browser, "/api/users", "bob").await;
    assert_eq!(planted.get("/api/verify").await.refusal().1, "revoked");
    let before = browser.cookie(COOKIE).unwrap();
    sign_in(&browser, "/api/sessions", "alice").await;
    assert_ne!(browser.cookie(COOKIE).unwrap(), before);
    assert_eq!(app.anon.with_token(&before).get("/api/verify").await.refusal().1, "revoked", "whatever carries it");
    let sessions = browser.get("/api/sessions").await.json()["items"].as_array().unwrap().len();
    assert_eq!(sessions, 1);
    // Who cannot sign in keeps what they had.
    let wrong = json!({"username": "alice", "password": "a wrong one, really", "carrier": "cookie"});
    assert_eq!(browser.post("/api/sessions", wrong).await.status(), 401);
    assert_eq!(browser.get("/api/verify").await.status(), 204);
}

#[tokio::test]
async fn a_late_answer_does_not_take_the_next_cookie_away() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let late = browser.copy();
    sign_in(&browser, "/api/sessions", "alice").await;
    let refused = late.get("/api/sessions/current").await;
    assert_eq!((refused.refusal().1.as_str(), refused.cookies().len()), ("revoked", 0), "replaced");
    let late = browser.copy();
    let body = json!({"currentPassword": PASSWORD, "newPassword": "another horse, another staple"});
    assert_eq!(browser.put("/api/users/me/password", body).await.status(), 200);
    let refused = late.get("/api/sessions/current").await;
    assert_eq!((refused.refusal().1.as_str(), refused.cookies().len()), ("revoked", 0), "the password changed");
}

#[tokio::test]
async fn a_new_password_leaves_no_dead_cookie_in_another_browser() {
    let app = TestApp::start().await;
    let (laptop, phone) = (alice(&app).await, Browser::new(&app.anon));
    sign_in(&phone, "/api/sessions", "alice").await;
    let body = json!({"currentPassword": PASSWORD, "newPassword": "another horse, another staple"});
    assert_eq!(laptop.put("/api/users/me/password", body).await.status(), 200);
    let refused = phone.get("/api/sessions/current").await;
    assert_eq!(refused.refusal(), (401, "revoked".to_owned()));
    assert!(refused.text().contains("password was changed"));
    assert_eq!(phone.cookies(), None);
    assert_eq!(phone.put("/api/sessions/current/variables/a", json!(1)).await.status(), 201, "begins another");
}

#[tokio::test]
async fn signing_out_takes_back_a_cookie_whatever_it_holds() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let genuine = Forge::from(&browser.cookie(COOKIE).unwrap());
    let late = browser.copy();
    sign_in(&browser, "/api/sessions", "alice").await;
    let unknown = genuine.header("kid", json!("a key to come")).signed();
    for (cookie, code) in
        [(late.cookie(COOKIE).unwrap(), "revoked"), (unknown, "unknown_key"), ("x".to_owned(), "malformed_token")]
    {
        late.plant(COOKIE, &cookie);
        let elsewhere = late.send(Method::DELETE, "/api/sessions/current", None, "same-site").await;
        assert_eq!((elsewhere.status(), elsewhere.cookies().len()), (403, 0), "no other page signs anybody out");
        assert_eq!(late.delete("/api/sessions/current").await.refusal(), (401, code.to_owned()));
        assert_eq!(late.cookies(), None, "{code}");
    }
}

#[tokio::test]
async fn what_another_replica_or_a_later_second_would_take_is_not_taken_back() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let genuine = Forge::from(&browser.cookie(COOKIE).unwrap());
    let later = genuine.claims["iat"].as_i64().unwrap() + 2;
    for (forged, code) in [
        (genuine.clone().claim("iat", json!(later)), "not_yet_valid"),
        (genuine.header("kid", json!("a key to come")), "unknown_key"),
    ] {
        browser.plant(COOKIE, &forged.signed());
        let refused = browser.get("/api/verify").await;
        assert_eq!((refused.refusal().1.as_str(), refused.cookies().len()), (code, 0));
    }
}

#[tokio::test]
async fn signing_in_by_token_takes_back_the_cookie_of_the_session_that_ends() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app.anon);
    browser.put("/api/sessions/current/variables/a", json!(1)).await;
    let body = json!({"username": "alice", "password": PASSWORD});
    let reply = browser.post("/api/users", body).await;
    assert_eq!((reply.status(), reply.cookies().len(), browser.cookies()), (201, 1, None));
    assert_eq!(browser.put("/api/sessions/current/variables/a", json!(1)).await.status(), 201, "begins another");
}

#[tokio::test]
async fn variables_move_to_nobody_else() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    browser.put("/api/sessions/current/variables/secret", json!("alice's")).await;
    let variables = async || browser.get("/api/sessions/current/variables").await.json()["items"].clone();
    let keep = |name: &str| json!({"username": name, "password": PASSWORD, "carrier": "cookie", "keepVariables": true});
    assert_eq!(browser.post("/api/sessions", keep("alice")).await.status(), 201);
    assert_eq!(variables().await[0]["value"], "alice's", "one's own move along");
    assert_eq!(browser.post("/api/users", keep("bob")).await.status(), 201);
    assert_eq!(variables().await, json!([]));
    browser.put("/api/sessions/current/variables/secret", json!("bob's")).await;
    assert_eq!(browser.post("/api/sessions", keep("alice")).await.status(), 201);
    assert_eq!(variables().await, json!([]));
}
