//! `/api/workout-logs`: what a user did, how it was measured, what came of it.

use axum::http::Method;
use chrono::TimeDelta;
use daypass::models::workout_log;
use insta::assert_json_snapshot;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, TestApp};

async fn create(person: &Client, description: &str) -> i64 {
    let body = json!({"description": description, "definition": "Time", "result": "7:42"});
    let reply = person.post("/api/workout-logs", body).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    reply.json()["id"].as_i64().unwrap()
}

#[tokio::test]
async fn a_workout_log_is_created_read_changed_and_deleted() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let body = json!({"description": "row 2 km", "definition": "Time", "result": "7:42"});
    let created = alice.post("/api/workout-logs", body).await;
    assert_eq!(
        (created.status(), created.header("location"), created.header("etag")),
        (201, "/api/workout-logs/1", "\"1\"")
    );
    assert_json_snapshot!(created.json(), @r#"
    {
      "createdAt": "2026-11-20T12:00:00.250Z",
      "definition": "Time",
      "description": "row 2 km",
      "id": 1,
      "result": "7:42",
      "updatedAt": "2026-11-20T12:00:00.250Z"
    }
    "#);
    assert_eq!(alice.get("/api/workout-logs/1").await.json(), created.json());
    assert_eq!(
        alice.get("/api/workout-logs").await.json(),
        json!({"items": [created.json()], "nextCursor": Value::Null})
    );

    app.pass(TimeDelta::seconds(1));
    let body = json!({"description": "run 5 km", "definition": "Distance", "result": "5 km"});
    let changed = alice.put("/api/workout-logs/1", body).await;
    assert_eq!((changed.status(), changed.header("etag")), (200, "\"2\""));
    assert_json_snapshot!(changed.json(), @r#"
    {
      "createdAt": "2026-11-20T12:00:00.250Z",
      "definition": "Distance",
      "description": "run 5 km",
      "id": 1,
      "result": "5 km",
      "updatedAt": "2026-11-20T12:00:01.250Z"
    }
    "#);
    assert_eq!(alice.get("/api/workout-logs/1").await.json(), changed.json());

    let deleted = alice.delete("/api/workout-logs/1").await;
    assert_eq!((deleted.status(), deleted.text()), (204, ""));
    for reply in [
        alice.get("/api/workout-logs/1").await,
        alice.put("/api/workout-logs/1", json!({"result": "x"})).await,
        alice.delete("/api/workout-logs/1").await,
    ] {
        assert_eq!(reply.refusal(), (404, "not_found".to_owned()));
    }
    assert_eq!(create(&alice, "its id is not given out again").await, 2);
}

#[tokio::test]
async fn what_a_change_does_not_name_stays_as_it_is() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    create(&alice, "row 2 km").await;
    let texts =
        |log: &Value| ["description", "definition", "result"].map(|name| log[name].as_str().unwrap().to_owned());
    for (change, expected) in [
        (json!({"result": "7:31"}), ["row 2 km", "Time", "7:31"]),
        (json!({"definition": "Distance", "result": null}), ["row 2 km", "Distance", "7:31"]),
        (json!({"description": "row 5 km"}), ["row 5 km", "Distance", "7:31"]),
        (json!({}), ["row 5 km", "Distance", "7:31"]),
        (json!({"definition": "", "result": ""}), ["row 5 km", "", ""]),
    ] {
        let changed = alice.put("/api/workout-logs/1", change.clone()).await;
        assert_eq!((changed.status(), texts(&changed.json())), (200, expected.map(str::to_owned)), "{change}");
        assert_eq!(alice.get("/api/workout-logs/1").await.json(), changed.json(), "{change}");
    }
    assert_eq!(alice.get("/api/workout-logs?q=5").await.json()["items"][0]["id"], 1, "it is found by its new text");
}

#[tokio::test]
async fn a_description_is_enough() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for body in [json!({"description": "x"}), json!({"description": "x", "definition": null, "result": ""})] {
        let created = alice.post("/api/workout-logs", body).await.json();
        assert_eq!((&created["definition"], &created["result"]), (&json!(""), &json!("")));
    }
}

#[tokio::test]
async fn what_the_server_owns_of_a_log_cannot_be_assigned() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    let hostile = json!({
        "description": "mine", "id": 99, "ownerId": 2, "owner_id": 2, "owner": 2, "userId": 2, "version": 41,
        "createdAt": "1970-01-01T00:00:00.000Z", "updatedAt": "1970-01-01T00:00:00.000Z", "descriptionKey": "zzz"
    });
    let created = alice.post("/api/workout-logs", hostile.clone()).await;
    assert_eq!((created.status(), created.header("etag")), (201, "\"1\""));
    assert_eq!((&created.json()["id"], &created.json()["createdAt"]), (&json!(1), &json!("2026-11-20T12:00:00.250Z")));
    let changed = alice.put("/api/workout-logs/1", hostile).await;
    assert_eq!((changed.status(), changed.header("etag")), (200, "\"2\""));
    assert_eq!(changed.json()["createdAt"], "2026-11-20T12:00:00.250Z");
    assert_eq!(bob.get("/api/workout-logs").await.json()["items"], json!([]));
}

#[tokio::test]
async fn texts_come_back_exactly_as_they_went() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for text in [
        " ",
        "tab\tand\nnewline\r\n",
        "\u{1}\u{1f}\u{7f}",
        "quote \" ' ` \\ /",
        "<script>alert(1)</script>",
        "'; DROP TABLE workout_logs;--",
        "e\u{301} and é",
        "🏋️ 👩‍👩‍👧",
        "\u{202e}rtl",
        "\u{10ffff}",
        &"𝒳".repeat(255),
        // Each of these has the longest key there is: three characters of four bytes.
        &"\u{1d160}\u{1d161}\u{1d162}\u{1d163}\u{1d164}".repeat(51),
    ] {
        let body = json!({"description": text, "definition": text, "result": text});
        let created = alice.post("/api/workout-logs", body).await;
        assert_eq!(created.status(), 201, "{text:?}: {}", created.text());
        let read = alice.get(created.header("location")).await.json();
        assert_eq!(
            (&read["description"], &read["definition"], &read["result"]),
            (&json!(text), &json!(text), &json!(text))
        );
    }
}

#[tokio::test]
async fn texts_have_rules() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    create(&alice, "stays").await;
    let long = "x".repeat(256);
    for (body, pointer, code) in [
        (json!({"description": 1}), "/description", "not_text"),
        (json!({"description": {"$ne": null}}), "/description", "not_text"),
        (json!({"description": ""}), "/description", "description_empty"),
        (json!({"description": long}), "/description", "text_too_long"),
        (json!({"description": "a\u{0}b"}), "/description", "text_holds_nul"),
        (json!({"description": "x", "definition": 1}), "/definition", "not_text"),
        (json!({"description": "x", "definition": long}), "/definition", "text_too_long"),
        (json!({"description": "x", "definition": "\u{0}"}), "/definition", "text_holds_nul"),
        (json!({"description": "x", "result": [1]}), "/result", "not_text"),
        (json!({"description": "x", "result": long}), "/result", "text_too_long"),
        (json!({"description": "x", "result": "\u{0}"}), "/result", "text_holds_nul"),
    ] {
        let expected = [(pointer.to_owned(), code.to_owned())];
        assert_eq!(alice.post("/api/workout-logs", body.clone()).await.field_errors(), expected, "{body}");
        assert_eq!(alice.put("/api/workout-logs/1", body.clone()).await.field_errors(), expected, "{body}");
    }
    for body in [json!({}), json!({"description": null}), json!({"Description": "case matters"})] {
        let expected = [("/description".to_owned(), "required".to_owned())];
        assert_eq!(alice.post("/api/workout-logs", body.clone()).await.field_errors(), expected, "{body}");
    }
    let all = alice.post("/api/workout-logs", json!({"definition": 1, "result": long})).await.field_errors();
    assert_eq!(all.len(), 3, "all that is wrong is told at once: {all:?}");
    assert_eq!(alice.get("/api/workout-logs/1").await.json()["description"], "stays");
}

#[tokio::test]
async fn an_id_that_is_no_number_of_ours_names_no_log() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    create(&alice, "the only one").await;
    for id in ["0", "-1", "+1", "01", "1.0", "%201", "0x1", "abc", "null", "9223372036854775808", "%FF"] {
        let path = format!("/api/workout-logs/{id}");
        for method in [Method::GET, Method::DELETE] {
            let reply = alice.request(method.clone(), &path).send().await;
            assert_eq!(reply.refusal(), (404, "not_found".to_owned()), "{method} {id}");
        }
        let reply = alice.put(&path, json!({"description": "x"})).await;
        assert_eq!(reply.refusal(), (404, "not_found".to_owned()), "PUT {id}");
    }
    assert_eq!(alice.get("/api/workout-logs/1").await.json()["description"], "the only one");
}

#[tokio::test]
async fn a_log_is_changed_only_at_the_version_the_change_was_meant_for() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    create(&alice, "v1").await;
    let put_if = async |tag: &str, text: &str| {
        let request = alice.request(Method::PUT, "/api/workout-logs/1").header("if-match", tag);
        request.json(&json!({"description": text})).send().await
    };
    assert_eq!(put_if("\"1\"", "v2").await.header("etag"), "\"2\"");
    for stale in ["\"1\"", "W/\"2\"", "\"02\"", "\"x\"", "2", "", "\"1\", \"3\""] {
        assert_eq!(put_if(stale, "lost").await.refusal(), (412, "precondition_failed".to_owned()), "{stale}");
    }
    assert_eq!(put_if("\"1\", \"2\"", "v3").await.header("etag"), "\"3\"");
    assert_eq!(put_if("*", "v4").await.header("etag"), "\"4\"");
    let delete_if =
        async |tag: &str| alice.request(Method::DELETE, "/api/workout-logs/1").header("if-match", tag).send().await;
    assert_eq!(delete_if("\"3\"").await.refusal(), (412, "precondition_failed".to_owned()));
    assert_eq!(alice.get("/api/workout-logs/1").await.json()["description"], "v4");
    assert_eq!(delete_if("\"4\"").await.status(), 204);
}

#[tokio::test]
async fn who_has_the_present_version_of_a_log_is_not_sent_it_again() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    create(&alice, "v1").await;
    for (tag, status) in [("\"1\"", 304), ("W/\"1\"", 304), ("*", 304), ("\"2\"", 200), ("1", 200)] {
        let reply = alice.request(Method::GET, "/api/workout-logs/1").header("if-none-match", tag).send().await;
        assert_eq!((reply.status(), reply.header("etag")), (status, "\"1\""), "{tag}");
        assert_eq!(reply.text().is_empty(), status == 304, "{tag}");
    }
}

#[tokio::test]
async fn of_many_who_change_one_version_of_a_log_exactly_one_succeeds() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    create(&alice, "v1").await;
    let attempts = (0..20).map(|number| {
        let alice = alice.clone();
        tokio::spawn(async move {
            let request = alice.request(Method::PUT, "/api/workout-logs/1").header("if-match", "\"1\"");
            request.json(&json!({"result": format!("writer {number}")})).send().await.status()
        })
    });
    let mut statuses = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        statuses.push(attempt.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [&[200_u16][..], &[412; 19]].concat());
}

#[tokio::test]
async fn changes_of_different_fields_at_once_all_stay() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    create(&alice, "v1").await;
    let changes = [json!({"description": "new"}), json!({"definition": "new"}), json!({"result": "new"})];
    let attempts = changes.map(|change| {
        let alice = alice.clone();
        tokio::spawn(async move { alice.put("/api/workout-logs/1", change).await.status() })
    });
    for attempt in attempts {
        assert_eq!(attempt.await.unwrap(), 200);
    }
    let log = alice.get("/api/workout-logs/1").await;
    assert_eq!(log.header("etag"), "\"4\"");
    assert!(["description", "definition", "result"].iter().all(|name| log.json()[name] == "new"), "{}", log.text());
}

#[tokio::test]
async fn of_many_deletes_of_a_log_exactly_one_succeeds() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    create(&alice, "wanted gone").await;
    let attempts = (0..30).map(|_| {
        let alice = alice.clone();
        tokio::spawn(async move { alice.delete("/api/workout-logs/1").await.status() })
    });
    let mut statuses = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        statuses.push(attempt.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [&[204_u16][..], &[404; 29]].concat());
}

#[tokio::test]
async fn a_deleted_accounts_logs_are_gone() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    create(&alice, "hers").await;
    let gone = alice.request(Method::DELETE, "/api/users/me");
    assert_eq!(gone.json(&json!({"currentPassword": PASSWORD})).send().await.status(), 204);
    assert_eq!(workout_log::Entity::find().count(&app.app.db).await.unwrap(), 0);
}
