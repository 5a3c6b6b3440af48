//! Replacement of a cookie and of its session.

use super::*;

#[tokio::test]
async fn sign_in_ends_the_presented_session() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let planted = browser.copy();
    sign_in(&browser, "/api/users", "bob").await;
    assert_eq!(planted.get("/api/verify").await.error().1, "revoked");
    let before = browser.cookie(COOKIE).unwrap();
    sign_in(&browser, "/api/sessions", "alice").await;
    assert_ne!(browser.cookie(COOKIE).unwrap(), before);
    assert_eq!(app.anon.with_token(&before).get("/api/verify").await.error().1, "revoked", "also as a bearer token");
    let sessions = browser.get("/api/sessions").await.json()["items"].as_array().unwrap().len();
    assert_eq!(sessions, 1);
    // A failed sign-in changes nothing.
    let wrong = json!({"username": "alice", "password": "a wrong one, really", "carrier": "cookie"});
    assert_eq!(browser.post("/api/sessions", wrong).await.status(), 401);
    assert_eq!(browser.get("/api/verify").await.status(), 204);
}

#[tokio::test]
async fn late_response_does_not_clear_a_newer_cookie() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let late = browser.copy();
    sign_in(&browser, "/api/sessions", "alice").await;
    let refused = late.get("/api/sessions/current").await;
    assert_eq!((refused.error().1.as_str(), refused.cookies().len()), ("revoked", 0), "replaced");
    let late = browser.copy();
    let body = json!({"currentPassword": PASSWORD, "newPassword": "another horse, another staple"});
    assert_eq!(browser.put("/api/users/me/password", body).await.status(), 200);
    let refused = late.get("/api/sessions/current").await;
    assert_eq!((refused.error().1.as_str(), refused.cookies().len()), ("revoked", 0), "the password changed");
}

#[tokio::test]
async fn password_change_clears_stale_cookies_of_other_browsers() {
    let app = TestApp::start().await;
    let (laptop, phone) = (alice(&app).await, Browser::new(&app.anon));
    sign_in(&phone, "/api/sessions", "alice").await;
    let body = json!({"currentPassword": PASSWORD, "newPassword": "another horse, another staple"});
    assert_eq!(laptop.put("/api/users/me/password", body).await.status(), 200);
    let refused = phone.get("/api/sessions/current").await;
    assert_eq!(refused.error(), (401, "revoked".to_owned()));
    assert!(refused.text().contains("password was changed"));
    assert_eq!(phone.cookies(), None);
    assert_eq!(phone.put("/api/sessions/current/variables/a", json!(1)).await.status(), 201, "a new session starts");
}

#[tokio::test]
async fn sign_out_clears_invalid_cookies() {
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
        let cross_site = late.send(Method::DELETE, "/api/sessions/current", None, "same-site").await;
        assert_eq!((cross_site.status(), cross_site.cookies().len()), (403, 0), "another site cannot sign out");
        assert_eq!(late.delete("/api/sessions/current").await.error(), (401, code.to_owned()));
        assert_eq!(late.cookies(), None, "{code}");
    }
}

#[tokio::test]
async fn cookie_that_could_become_valid_is_not_cleared() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    let genuine = Forge::from(&browser.cookie(COOKIE).unwrap());
    let later = genuine.claims["iat"].as_i64().unwrap() + 61;
    for (forged, code) in [
        (genuine.clone().claim("iat", json!(later)), "not_yet_valid"),
        (genuine.header("kid", json!("a key to come")), "unknown_key"),
    ] {
        browser.plant(COOKIE, &forged.signed());
        let refused = browser.get("/api/verify").await;
        assert_eq!((refused.error().1.as_str(), refused.cookies().len()), (code, 0));
    }
}

#[tokio::test]
async fn bearer_sign_in_clears_the_cookie_of_the_ended_session() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app.anon);
    browser.put("/api/sessions/current/variables/a", json!(1)).await;
    let body = json!({"username": "alice", "password": PASSWORD});
    let reply = browser.post("/api/users", body).await;
    assert_eq!((reply.status(), reply.cookies().len(), browser.cookies()), (201, 1, None));
    assert_eq!(browser.put("/api/sessions/current/variables/a", json!(1)).await.status(), 201, "a new session starts");
}

#[tokio::test]
async fn session_data_does_not_move_to_another_user() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    browser.put("/api/sessions/current/variables/secret", json!("alice's")).await;
    let variables = async || browser.get("/api/sessions/current/variables").await.json()["items"].clone();
    let keep = |name: &str| json!({"username": name, "password": PASSWORD, "carrier": "cookie", "keepVariables": true});
    assert_eq!(browser.post("/api/sessions", keep("alice")).await.status(), 201);
    assert_eq!(variables().await[0]["value"], "alice's", "the same user keeps their data");
    assert_eq!(browser.post("/api/users", keep("bob")).await.status(), 201);
    assert_eq!(variables().await, json!([]));
    browser.put("/api/sessions/current/variables/secret", json!("bob's")).await;
    assert_eq!(browser.post("/api/sessions", keep("alice")).await.status(), 201);
    assert_eq!(variables().await, json!([]));
}
