//! Variables belong to one session, of a user or an anonymous visitor.

use sea_orm::{EntityTrait as _, PaginatorTrait as _};

use super::*;

#[tokio::test]
async fn variables_belong_to_one_session_and_end_with_it() {
    for (store, app) in services().await {
        let (alice, bob) = (alice(&app).await, Browser::new(&app.anon));
        sign_up(&bob, "bob", false).await;
        alice.put(&at("a"), json!(1)).await;
        assert_eq!(names(&bob).await, Vec::<String>::new(), "{store}");
        let other = Browser::new(&app.anon);
        let body = json!({"username": "alice", "password": PASSWORD, "carrier": "cookie"});
        other.post("/api/sessions", body.clone()).await;
        assert_eq!(names(&other).await, Vec::<String>::new(), "{store}: another session of the same user");
        let copy = alice.copy();
        alice.delete("/api/sessions/current").await;
        assert_eq!(copy.get(ALL).await.error().1, "revoked", "{store}");
        alice.post("/api/sessions", body).await;
        assert_eq!(names(&alice).await, Vec::<String>::new(), "{store}");
    }
}

#[tokio::test]
async fn anonymous_session_starts_with_the_first_write() {
    for (store, app) in services().await {
        let browser = Browser::new(&app.anon);
        let listed = browser.get(ALL).await;
        assert_eq!((listed.status(), listed.json()), (200, json!({"items": []})), "{store}");
        for reply in [
            listed,
            browser.get(&at("a")).await,
            browser.delete(&at("a")).await,
            browser.delete(ALL).await,
            browser.put(&at("a"), json!("x".repeat(5000))).await,
            browser.put(&at("no%20name"), json!(1)).await,
        ] {
            assert!(reply.cookies().is_empty(), "{store}");
        }
        let reply = browser.post(&at("n/increment"), json!({})).await;
        assert_eq!((reply.status(), reply.json()["value"].clone()), (200, json!(1)), "{store}");
        let token = browser.cookie("__Host-daypass").unwrap();
        assert!(reply.cookies()[0].ends_with("HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400"), "{store}");
        assert!(!reply.text().contains(&token), "{store}");
        assert_eq!(browser.post(&at("n/increment"), json!({})).await.json()["value"], 2, "{store}");
        assert_eq!(browser.cookie("__Host-daypass").unwrap(), token, "{store}");
        let another = Browser::new(&app.anon);
        assert_eq!(another.post(&at("n/increment"), json!({})).await.json()["value"], 1, "{store}");
    }
}

#[tokio::test]
async fn anonymous_session_only_gives_access_to_its_variables() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app.anon);
    browser.put(&at("a"), json!(1)).await;
    for path in ["/api/verify", "/api/users/me", "/api/items", "/api/workout-logs", "/api/sessions", "/authtest/getall"]
    {
        let reply = browser.get(path).await;
        assert_eq!(reply.error(), (401, "anonymous".to_owned()), "{path}");
        assert!(reply.cookies().is_empty(), "a valid cookie is not cleared");
    }
    let copy = browser.copy();
    assert_eq!(browser.delete("/api/sessions/current").await.status(), 204);
    assert_eq!(browser.cookies(), None);
    assert_eq!(names(&copy).await, Vec::<String>::new(), "its data is deleted");
    let revocations = daypass::models::revocation::Entity::find().count(&app.app.db).await.unwrap();
    assert_eq!((revocations, app.app.revocations.len()), (0, 0), "the end of an anonymous session is not recorded");
}

#[tokio::test]
async fn anonymous_session_can_use_a_bearer_token() {
    let app = TestApp::start().await;
    let reply = app.anon.put(&format!("{}?carrier=bearer", at("a")), json!(1)).await;
    assert_eq!((reply.status(), reply.has_header("set-cookie")), (201, false));
    let visitor = app.anon.with_token(reply.header("daypass-session-token"));
    assert_eq!(visitor.get(&at("a")).await.json()["value"], 1);
    let refused = app.anon.put(&format!("{}?carrier=pigeon", at("a")), json!(1)).await;
    assert_eq!(refused.field_errors(), [("?carrier".to_owned(), "carrier".to_owned())]);
    for bad in ["x.y.z", "null"] {
        assert_eq!(app.anon.with_token(bad).put(&at("a"), json!(1)).await.error().1, "malformed_token");
    }
}

#[tokio::test]
async fn variables_move_to_the_new_session_on_request() {
    for (store, app) in services().await {
        let browser = Browser::new(&app.anon);
        browser.put(&at("cart"), json!(["a pass"])).await;
        let planted = browser.copy();
        sign_up(&browser, "alice", true).await;
        assert_eq!(browser.get(&at("cart")).await.json()["value"], json!(["a pass"]), "{store}");
        if store != "cookie" {
            assert_eq!(names(&planted).await, Vec::<String>::new(), "{store}: the data of the old session was moved");
        }
        let body = json!({"username": "alice", "password": PASSWORD, "carrier": "cookie"});
        assert_eq!(browser.post("/api/sessions", body).await.status(), 201, "{store}");
        assert_eq!(names(&browser).await, Vec::<String>::new(), "{store}: without keepVariables");
    }
}

#[tokio::test]
async fn variables_survive_a_password_change_on_request() {
    for (store, app) in services().await {
        let browser = alice(&app).await;
        browser.put(&at("cart"), json!(["a pass"])).await;
        let mut password = PASSWORD.to_owned();
        for (keep, left) in [(true, vec!["cart".to_owned()]), (false, vec![])] {
            let new = format!("{password} and more");
            let body = json!({"currentPassword": password, "newPassword": new, "keepVariables": keep});
            let reply = browser.put("/api/users/me/password", body).await;
            assert_eq!(reply.status(), 200, "{store}: {}", reply.text());
            assert_eq!(names(&browser).await, left, "{store}: keepVariables: {keep}");
            password = new;
        }
    }
}

#[tokio::test]
async fn anonymous_sessions_from_one_address_are_limited() {
    let app = TestApp::start_with(&["--rate-limits=anonymous=3/1h"]).await;
    for _ in 0..3 {
        assert_eq!(app.anon.put(&at("a"), json!(1)).await.status(), 201);
    }
    let reply = app.anon.put(&at("a"), json!(1)).await;
    assert_eq!(reply.error(), (429, "too_many_attempts".to_owned()));
    assert_eq!(reply.header("ratelimit-policy"), "\"anonymous\";q=3;w=3600");
    assert_eq!(app.anon.get(ALL).await.status(), 200);
}

#[tokio::test]
async fn rejected_write_starts_no_anonymous_session() {
    let app = TestApp::start_with(&["--rate-limits=anonymous=1/1h"]).await;
    for _ in 0..3 {
        let unmet = app.anon.request(Method::PUT, &at("a")).header("if-match", "\"5-5\"").json(&json!(1)).send().await;
        assert_eq!((unmet.status(), unmet.cookies().len()), (412, 0));
    }
    assert_eq!(app.anon.put(&at("a"), json!(1)).await.status(), 201);
    assert_eq!(app.anon.put(&at("a"), json!(1)).await.status(), 429);
}

#[tokio::test]
async fn session_validation_does_not_access_the_store() {
    let app = TestApp::start().await;
    let browser = alice(&app).await;
    browser.put(&at("a"), json!(1)).await;
    let before = app.statements();
    for _ in 0..100 {
        assert_eq!(browser.get("/api/verify").await.status(), 204);
    }
    assert_eq!(app.statements(), before);
}
