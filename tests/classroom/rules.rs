//! Behind the course's shapes the service is the one it always is: its rows, its sessions, its limits, its rules.

use axum::http::Method;
use chrono::TimeDelta;
use daypass::clock::Clock;
use daypass::models::test_row;
use daypass::models::workout_text::Detail;
use serde_json::{Value, json};

use crate::lessons::without_table;
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn rows_are_the_items_and_workout_logs_of_the_service() {
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
    assert_ne!(alice.get(&path).await.header("etag"), tag, "a change here is a change there");
}

#[tokio::test]
async fn a_session_is_the_same_by_any_door() {
    let app = TestApp::start().await;
    let account = json!({"user": {"username": "carol", "password": PASSWORD}});
    let created = app.anon.post("/user/register", account.clone()).await;
    assert!(created.has_header("daypass-device"), "the device is known the next time");
    let carol = app.anon.with_token(created.json()["sessionToken"].as_str().unwrap());
    assert_eq!(carol.get("/api/users/me").await.json()["username"], "carol");
    let again = app.anon.post("/api/sessions", json!({"username": "carol", "password": PASSWORD})).await;
    assert_eq!(again.status(), 201);
    assert_eq!(carol.delete("/api/sessions/current").await.status(), 204);
    let refused = carol.get("/log").await;
    assert_eq!(refused.refusal(), (401, "revoked".to_owned()));
    assert_eq!(refused.json()["message"], refused.json()["detail"]);
}

#[tokio::test]
async fn limits_count_the_courses_paths_like_the_others() {
    let app = TestApp::start_with(&["--rate-limits=sign-up=2/1h,sign-in=2/15m"]).await;
    app.alice().await;
    let sign_up = async |name: &str| {
        app.anon.post("/api/user/createuser", json!({"user": {"username": name, "password": PASSWORD}})).await
    };
    assert_eq!(sign_up("carol").await.header("ratelimit-policy"), "\"sign-up\";q=2;w=3600");
    let refused = sign_up("dave").await;
    assert_eq!(refused.refusal(), (429, "too_many_attempts".to_owned()));
    assert!(refused.has_header("retry-after") && refused.json()["error"] == refused.json()["detail"]);
    let wrong = json!({"user": {"username": "alice", "password": "wrong"}});
    for path in ["/user/login", "/api/user/signin"] {
        assert_eq!(app.anon.post(path, wrong.clone()).await.refusal().0, 401);
    }
    for path in ["/api/login", "/api/sessions"] {
        let reply = app.anon.post(path, json!({"username": "alice", "password": PASSWORD})).await;
        assert_eq!(reply.refusal().0, 429, "{path}");
    }
}

#[tokio::test]
async fn a_field_is_refused_by_the_name_and_in_the_place_where_it_came() {
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
async fn of_several_objects_the_one_that_holds_the_most_of_what_is_wanted_is_read() {
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
async fn a_line_of_text_is_as_long_as_what_it_is_kept_in_takes() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for (path, least, most) in [("/authtest/create", 1, 200), ("/test/seven", 0, 255)] {
        let send = async |length: usize| alice.post(path, json!({"x": {"item": "é".repeat(length)}})).await.status();
        assert_eq!((send(least).await, send(most).await, send(most + 1).await), (200, 200, 422), "{path}");
    }
    assert_eq!(alice.post("/authtest/create", json!({"item": ""})).await.refusal().0, 422);
}

#[tokio::test]
async fn a_database_that_fails_is_told_in_json_by_the_names_of_the_course() {
    let body = json!({"user": {"username": "carol", "password": PASSWORD}, "testdata": {"item": "x"}});
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let failing = async |path: &str| {
        let posted = path.contains("user") || path.ends_with("seven");
        let reply = if posted { alice.post(path, body.clone()).await } else { alice.get(path).await };
        let problem = reply.json();
        assert_eq!((&problem["error"], &problem["message"]), (&problem["detail"], &problem["detail"]), "{path}");
        reply.refusal()
    };
    without_table(&app, "tests").await;
    assert_eq!(failing("/test/seven").await, (500, "internal_error".to_owned()), "it answers with a fault");
    app.app.db.close_by_ref().await.unwrap();
    let paths = ["/test/seven", "/test/one", "/api/user/createuser", "/user/login", "/authtest/getall", "/log"];
    for path in paths {
        assert_eq!(failing(path).await, (503, "unavailable".to_owned()), "{path}");
    }
    // Now whether the session has ended would have to be asked of the database, too.
    app.pass(TimeDelta::seconds(6));
    assert_eq!(failing("/authtest/getall").await, (503, "unavailable".to_owned()));
}

#[tokio::test]
async fn a_good_token_whose_user_is_gone_is_revoked() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let consent = json!({"currentPassword": PASSWORD});
    assert_eq!(alice.request(Method::DELETE, "/api/users/me").json(&consent).send().await.status(), 204);
    for path in ["/authtest/getall", "/log", "/api/users"] {
        let refused = alice.get(path).await;
        assert_eq!(refused.refusal(), (401, "revoked".to_owned()), "{path}");
        let problem = refused.json();
        assert_eq!((&problem["error"], &problem["message"]), (&problem["detail"], &problem["detail"]), "{path}");
    }
}

#[tokio::test]
async fn a_list_is_sent_whole_each_time_and_kept_by_nobody() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let again = alice.request(Method::GET, "/authtest/getall").header("if-none-match", "*").send().await;
    assert_eq!((again.status(), again.has_header("etag"), again.header("cache-control")), (200, false, "no-store"));
}

#[tokio::test]
async fn nobody_is_given_another_id_or_owner_than_their_own() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    let greedy =
        json!({"log": {"id": 77, "owner": 1, "owner_id": 1, "ownerId": 1, "description": "bob's", "version": 9}});
    let log = bob.post("/api/log", greedy.clone()).await.json();
    assert_eq!((&log["owner"], &log["owner_id"], &log["id"]), (&json!(2), &json!(2), &json!(1)));
    let changed = bob.put("/api/log/1", greedy).await.json();
    assert_eq!((&changed["owner"], &changed["id"]), (&json!(2), &json!(1)));
    assert_eq!(alice.get("/api/log").await.json(), json!([]));
    let carol = json!({"user": {"id": 1, "username": "carol", "password": PASSWORD, "passwordhash": "of another"}});
    assert_eq!(app.anon.post("/api/user", carol).await.json()["user"]["id"], 3);
}

#[tokio::test]
async fn a_body_is_bounded_and_strict_as_everywhere() {
    let app = TestApp::start().await;
    let send = async |body: String| {
        let request = app.anon.request(Method::POST, "/test/five").header("content-type", "application/json");
        request.body(body).send().await.refusal()
    };
    assert_eq!(send("{".to_owned()).await, (400, "malformed_json".to_owned()));
    assert_eq!(send(format!("{{\"item\":\"{}\"}}", "x".repeat(70_000))).await, (413, "body_too_large".to_owned()));
    assert_eq!(send(r#"{"item":"a","item":"b"}"#.to_owned()).await, (400, "malformed_json".to_owned()));
}

#[tokio::test]
async fn of_the_rows_that_anybody_may_write_the_newest_are_kept() {
    let app = TestApp::start().await;
    let text = Detail::parse("one of many").unwrap();
    let now = Clock::System.now();
    let transaction = app.app.begin_write().await.unwrap();
    for _ in 0..test_row::KEPT {
        test_row::create(&*transaction, text.as_str(), None, now).await.unwrap();
    }
    transaction.commit().await.unwrap();
    app.anon.post("/test/four", json!({"testdata": {"item": "the last"}})).await;
    let rows = app.anon.get("/test/one").await.json();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len() as i64, test_row::KEPT);
    assert_eq!((&rows[0]["id"], &rows[rows.len() - 1]["testdata"]), (&json!(2), &json!("the last")));
}
