//! Classroom routes share the rows, sessions, limits and constraints of the service.

use axum::http::Method;
use chrono::TimeDelta;
use daypass::models::{test_row, user};
use daypass::platform::clock::Clock;
use sea_orm::prelude::ChronoUnixTimestampMillis;
use sea_orm::{ActiveValue::Set, EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};

use crate::lessons::without_table;
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn classroom_rows_are_items_and_workout_logs() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let item = alice.post("/authtest/create", json!({"authtestdata": {"item": "a lantern"}})).await.json();
    let path = format!("/api/items/{}", item["authtestdata"]["id"]);
    assert_eq!(alice.get(&path).await.json()["name"], "a lantern");
    let log = alice.post("/log", json!({"log": {"description": "row", "result": "7:42"}})).await.json();
    let path = format!("/api/workout-logs/{}", log["id"]);
    assert_eq!(alice.get(&path).await.json()["description"], "row");
    let tag = alice.get(&path).await.header("etag").to_owned();
    alice.put(&format!("/log/{}", log["id"]), json!({"log": {"result": "7:31"}})).await;
    assert_ne!(alice.get(&path).await.header("etag"), tag, "both routes change the same row");
}

#[tokio::test]
async fn classroom_sessions_are_ordinary_sessions() {
    let app = TestApp::start().await;
    let account = json!({"user": {"username": "carol", "password": PASSWORD}});
    let created = app.anon.post("/user/register", account.clone()).await;
    assert!(created.has_header("daypass-device"), "sign-up returns a device token");
    let carol = app.anon.with_token(created.json()["sessionToken"].as_str().unwrap());
    assert_eq!(carol.get("/api/users/me").await.json()["username"], "carol");
    let again = app.anon.post("/api/sessions", json!({"username": "carol", "password": PASSWORD})).await;
    assert_eq!(again.status(), 201);
    assert_eq!(carol.delete("/api/sessions/current").await.status(), 204);
    let refused = carol.get("/log").await;
    assert_eq!(refused.error(), (401, "revoked".to_owned()));
    assert_eq!(refused.json()["message"], refused.json()["detail"]);
}

#[tokio::test]
async fn rate_limits_include_classroom_routes() {
    let app = TestApp::start_with(&["--rate-limits=sign-up=2/1h,sign-in=2/15m"]).await;
    app.alice().await;
    let sign_up = async |name: &str| {
        app.anon.post("/api/user/createuser", json!({"user": {"username": name, "password": PASSWORD}})).await
    };
    assert_eq!(sign_up("carol").await.header("ratelimit-policy"), "\"sign-up\";q=2;w=3600");
    let refused = sign_up("dave").await;
    assert_eq!(refused.error(), (429, "too_many_attempts".to_owned()));
    assert!(refused.has_header("retry-after") && refused.json()["error"] == refused.json()["detail"]);
    let wrong = json!({"user": {"username": "alice", "password": "wrong"}});
    for path in ["/user/login", "/api/user/signin"] {
        assert_eq!(app.anon.post(path, wrong.clone()).await.error().0, 401);
    }
    for path in ["/api/login", "/api/sessions"] {
        let reply = app.anon.post(path, json!({"username": "alice", "password": PASSWORD})).await;
        assert_eq!(reply.error().0, 429, "{path}");
    }
}

#[tokio::test]
async fn field_errors_use_the_names_and_pointers_of_the_request() {
    let app = TestApp::start().await;
    let refused = async |path: &str, body: Value| app.anon.post(path, body).await.field_errors();
    let error = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    let body = json!({"User": {"email": "carol", "passwordhash": "short"}});
    assert_eq!(refused("/user/register", body).await, [error("/User/passwordhash", "password_too_short")]);
    let body = json!({"username": "carol", "password": "carol1234"});
    assert_eq!(refused("/api/user", body).await, [error("/password", "password_like_username")]);
    assert_eq!(
        refused("/api/user", json!({"a/b~c": {"username": ""}})).await,
        [error("/a~1b~0c/username", "username_empty"), error("/a~1b~0c/password", "required"),]
    );
    assert_eq!(refused("/test/five", json!({"testdata": {"item": 5}})).await, [error("/testdata/item", "not_text")]);
    let alice = app.alice().await;
    let long = json!({"log": {"description": "x".repeat(256), "definition": 5, "result": null}});
    assert_eq!(
        alice.post("/log", long).await.field_errors(),
        [error("/log/description", "text_too_long"), error("/log/definition", "not_text"),]
    );
}

#[tokio::test]
async fn object_with_the_most_known_fields_is_used() {
    let app = TestApp::start().await;
    let sign_up = async |body: Value| app.anon.post("/user/register", body).await;
    let beside = |user: Value| json!({"user": user, "errors": {"username": ""}, "email": ""});
    let ada = sign_up(beside(json!({"username": "ada", "password": PASSWORD}))).await;
    assert_eq!((ada.status(), &ada.json()["user"]["username"]), (200, &json!("ada")));
    let short = sign_up(beside(json!({"username": "bea", "password": "short"}))).await;
    assert_eq!(short.field_errors(), [("/user/password".to_owned(), "password_too_short".to_owned())]);
    for (equals, place) in [
        (json!({"username": "", "user": {"username": ""}}), ""),
        (
            json!({"user": {"username": ""}, "form": {"email": null, "userName": ""}, "more": [{"username": ""}]}),
            "/form",
        ),
    ] {
        let (pointer, _) = sign_up(equals).await.field_errors().remove(0);
        assert_eq!(pointer.rsplit_once('/').unwrap().0, place);
    }
    let log = json!({"errors": {"description": ""}, "log": {"description": "row", "result": "7:42"}});
    assert_eq!(app.alice().await.post("/log", log).await.json()["description"], "row");
}

#[tokio::test]
async fn text_length_is_limited_by_its_column() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for (path, min, max) in [("/authtest/create", 1, 200), ("/test/seven", 0, 255)] {
        let send = async |length: usize| alice.post(path, json!({"x": {"item": "é".repeat(length)}})).await.status();
        assert_eq!((send(min).await, send(max).await, send(max + 1).await), (200, 200, 422), "{path}");
    }
    assert_eq!(alice.post("/authtest/create", json!({"item": ""})).await.error().0, 422);
}

#[tokio::test]
async fn database_errors_have_the_error_members_of_the_course() {
    let body = json!({"user": {"username": "carol", "password": PASSWORD}, "testdata": {"item": "x"}});
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let failing = async |path: &str| {
        let posted = path.contains("user") || path.ends_with("seven");
        let reply = if posted { alice.post(path, body.clone()).await } else { alice.get(path).await };
        let problem = reply.json();
        assert_eq!((&problem["error"], &problem["message"]), (&problem["detail"], &problem["detail"]), "{path}");
        reply.error()
    };
    without_table(&app, "tests").await;
    assert_eq!(failing("/test/seven").await, (500, "internal_error".to_owned()), "the error is internal");
    app.app.db.close_by_ref().await.unwrap();
    let paths = ["/test/seven", "/test/one", "/api/user/createuser", "/user/login", "/authtest/getall", "/log"];
    for path in paths {
        assert_eq!(failing(path).await, (503, "unavailable".to_owned()), "{path}");
    }
    // Now the revocations are stale, and the session check needs the database, too.
    app.advance_clock(TimeDelta::seconds(6));
    assert_eq!(failing("/authtest/getall").await, (503, "unavailable".to_owned()));
}

#[tokio::test]
async fn valid_token_of_a_deleted_user_is_revoked() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let consent = json!({"currentPassword": PASSWORD});
    assert_eq!(alice.request(Method::DELETE, "/api/users/me").json(&consent).send().await.status(), 204);
    for path in ["/authtest/getall", "/log", "/api/users"] {
        let refused = alice.get(path).await;
        assert_eq!(refused.error(), (401, "revoked".to_owned()), "{path}");
        let problem = refused.json();
        assert_eq!((&problem["error"], &problem["message"]), (&problem["detail"], &problem["detail"]), "{path}");
    }
}

#[tokio::test]
async fn lists_have_no_etag_and_are_not_cached() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let again = alice.request(Method::GET, "/authtest/getall").header("if-none-match", "*").send().await;
    assert_eq!((again.status(), again.has_header("etag"), again.header("cache-control")), (200, false, "no-store"));
}

#[tokio::test]
async fn request_cannot_set_id_or_owner() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    let body =
        json!({"log": {"id": 77, "owner": 1, "owner_id": 1, "ownerId": 1, "description": "bob's", "version": 9}});
    let log = bob.post("/api/log", body.clone()).await.json();
    assert_eq!((&log["owner"], &log["owner_id"], &log["id"]), (&json!(2), &json!(2), &json!(1)));
    let changed = bob.put("/api/log/1", body).await.json();
    assert_eq!((&changed["owner"], &changed["id"]), (&json!(2), &json!(1)));
    assert_eq!(alice.get("/api/log").await.json(), json!([]));
    let carol = json!({"user": {"id": 1, "username": "carol", "password": PASSWORD, "passwordhash": "of another"}});
    assert_eq!(app.anon.post("/api/user", carol).await.json()["user"]["id"], 3);
}

#[tokio::test]
async fn classroom_bodies_have_the_usual_limits() {
    let app = TestApp::start().await;
    let send = async |body: String| {
        let request = app.anon.request(Method::POST, "/test/five").header("content-type", "application/json");
        request.body(body).send().await.error()
    };
    assert_eq!(send("{".to_owned()).await, (400, "malformed_json".to_owned()));
    assert_eq!(send(format!("{{\"item\":\"{}\"}}", "x".repeat(70_000))).await, (413, "body_too_large".to_owned()));
    assert_eq!(send(r#"{"item":"a","item":"b"}"#.to_owned()).await, (400, "malformed_json".to_owned()));
}

#[tokio::test]
async fn only_the_newest_test_rows_are_stored() {
    let app = TestApp::start().await;
    let now = Set(ChronoUnixTimestampMillis(Clock::System.now()));
    let row = test_row::ActiveModel {
        testdata: Set("one of many".to_owned()),
        created_at: now.clone(),
        updated_at: now,
        ..Default::default()
    };
    // One statement: a thousand of them in one transaction take longer than a request may on a busy machine.
    let rows = (0..test_row::MAX_ROWS).map(|_| row.clone());
    test_row::Entity::insert_many(rows).exec_without_returning(&app.app.db).await.unwrap();
    app.anon.post("/test/four", json!({"testdata": {"item": "the last"}})).await;
    let rows = app.anon.get("/test/one").await.json();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len() as i64, test_row::MAX_ROWS);
    assert_eq!((&rows[0]["id"], &rows[rows.len() - 1]["testdata"]), (&json!(2), &json!("the last")));
}

/// Thirty students behind one address sign up, and mistype their passwords. Returns the number of `429` responses.
async fn too_many_attempts_of_a_class(app: &TestApp) -> usize {
    let mut rejected = 0;
    for student in 0..30 {
        let wrong = json!({"username": format!("student {student}"), "password": "a wrong password"});
        let right = json!({"username": format!("student {student}"), "password": PASSWORD});
        let mut paths = vec![("/user/register", &right); 3];
        paths.extend([("/user/login", &wrong); 4]);
        for (path, body) in paths {
            rejected += usize::from(app.anon.post(path, body.clone()).await.status() == 429);
        }
    }
    rejected
}

#[tokio::test]
async fn class_behind_one_address_needs_the_documented_setting() {
    let app = TestApp::start_with(&["--rate-limits=on"]).await;
    assert!(too_many_attempts_of_a_class(&app).await > 0);
    let app = TestApp::start_with(&["--rate-limits=off"]).await;
    assert_eq!(too_many_attempts_of_a_class(&app).await, 0);
    assert_eq!(user::Entity::find().count(&app.app.db).await.unwrap(), 30);
}
