//! What only workout logs have: optional texts beside the description, and partial updates.

use axum::http::Method;
use daypass::models::workout_log;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};

use super::WORKOUT_LOGS;
use crate::support::{PASSWORD, TestApp, until_available};

const PATH: &str = WORKOUT_LOGS.path;
const FIRST: &str = "/api/workout-logs/1";

#[tokio::test]
async fn partial_update_leaves_other_fields_unchanged() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    WORKOUT_LOGS.create(&alice, "row 2 km").await;
    let texts =
        |log: &Value| ["description", "definition", "result"].map(|name| log[name].as_str().unwrap().to_owned());
    for (change, expected) in [
        (json!({"result": "7:31"}), ["row 2 km", "Time", "7:31"]),
        (json!({"definition": "Distance", "result": null}), ["row 2 km", "Distance", "7:31"]),
        (json!({"description": "row 5 km"}), ["row 5 km", "Distance", "7:31"]),
        (json!({}), ["row 5 km", "Distance", "7:31"]),
        (json!({"definition": "", "result": ""}), ["row 5 km", "", ""]),
    ] {
        let updated = alice.put(FIRST, change.clone()).await;
        assert_eq!(updated.status(), 200, "{change}");
        assert_eq!(texts(&updated.json()), expected.map(str::to_owned), "{change}");
        assert_eq!(alice.get(FIRST).await.json(), updated.json(), "{change}");
    }
    assert_eq!(WORKOUT_LOGS.page(&alice, "q=5").await.0, ["row 5 km"], "the search finds the new text");
}

#[tokio::test]
async fn definition_and_result_are_optional() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for body in [json!({"description": "x"}), json!({"description": "x", "definition": null, "result": ""})] {
        let created = alice.post(PATH, body).await;
        assert_eq!(created.status(), 201);
        assert_eq!(created.json()["definition"], "");
        assert_eq!(created.json()["result"], "");
    }
}

#[tokio::test]
async fn all_texts_are_returned_exactly_as_sent() {
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
        // These characters have the longest search key: three characters of four bytes for each.
        &"\u{1d160}\u{1d161}\u{1d162}\u{1d163}\u{1d164}".repeat(51),
    ] {
        let body = json!({"description": text, "definition": text, "result": text});
        let created = alice.post(PATH, body).await;
        assert_eq!(created.status(), 201, "{text:?}: {}", created.text());
        let read = alice.get(created.header("location")).await.json();
        assert_eq!(read["description"], text);
        assert_eq!(read["definition"], text);
        assert_eq!(read["result"], text);
    }
}

#[tokio::test]
async fn invalid_definition_and_result_are_rejected() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    WORKOUT_LOGS.create(&alice, "unchanged").await;
    let before = alice.get(FIRST).await.json();
    let long = "x".repeat(256);
    for (body, pointer, code) in [
        (json!({"description": "x", "definition": 1}), "/definition", "not_text"),
        (json!({"description": "x", "definition": long}), "/definition", "text_too_long"),
        (json!({"description": "x", "definition": "\u{0}"}), "/definition", "text_holds_nul"),
        (json!({"description": "x", "result": [1]}), "/result", "not_text"),
        (json!({"description": "x", "result": long}), "/result", "text_too_long"),
        (json!({"description": "x", "result": "\u{0}"}), "/result", "text_holds_nul"),
    ] {
        let expected = [(pointer.to_owned(), code.to_owned())];
        assert_eq!(alice.post(PATH, body.clone()).await.field_errors(), expected, "POST {body}");
        assert_eq!(alice.put(FIRST, body.clone()).await.field_errors(), expected, "PUT {body}");
    }
    let all = alice.post(PATH, json!({"definition": 1, "result": long})).await.field_errors();
    assert_eq!(all.len(), 3, "all errors are reported together: {all:?}");
    assert_eq!(alice.get(FIRST).await.json(), before);
}

#[tokio::test]
async fn search_reads_only_the_description() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let in_other_texts = json!({"description": "row", "definition": "wool", "result": "wool"});
    assert_eq!(alice.post(PATH, in_other_texts).await.status(), 201);
    WORKOUT_LOGS.fill(&app, &alice, &["100% WOOL", "100 wool"]).await;
    assert_eq!(WORKOUT_LOGS.page(&alice, "q=wool").await.0, ["100% WOOL", "100 wool"]);
}

#[tokio::test]
async fn concurrent_partial_updates_of_different_fields_are_all_stored() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    WORKOUT_LOGS.create(&alice, "v1").await;
    let changes = [json!({"description": "new"}), json!({"definition": "new"}), json!({"result": "new"})];
    let attempts = changes.map(|change| {
        let alice = alice.clone();
        tokio::spawn(async move { until_available(|| alice.put(FIRST, change.clone())).await.status() })
    });
    for attempt in attempts {
        assert_eq!(attempt.await.unwrap(), 200);
    }
    let log = alice.get(FIRST).await;
    assert_eq!(log.header("etag"), "\"4\"");
    for name in ["description", "definition", "result"] {
        assert_eq!(log.json()[name], "new", "{name}");
    }
}

#[tokio::test]
async fn account_deletion_deletes_workout_logs() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    WORKOUT_LOGS.create(&alice, "hers").await;
    let request = alice.request(Method::DELETE, "/api/users/me");
    assert_eq!(request.json(&json!({"currentPassword": PASSWORD})).send().await.status(), 204);
    assert_eq!(workout_log::Entity::find().count(&app.app.db).await.unwrap(), 0);
}
