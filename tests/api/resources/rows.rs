//! Single rows: create, read, update and delete; constraints, ids and versions.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::json;

use super::{RESOURCES, Resource, not_found, precondition_failed};
use crate::support::{Client, Reply, TestApp};

#[tokio::test]
async fn row_can_be_created_read_updated_and_deleted() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        let created = alice.post(resource.path, resource.body("lantern")).await;
        assert_eq!(created.status(), 201, "{}", resource.path);
        assert_eq!(created.header("location"), resource.row(1));
        assert_eq!(created.header("etag"), "\"1\"");
        let mut expected = resource.body("lantern");
        expected["id"] = json!(1);
        expected["createdAt"] = json!("2026-11-20T12:00:00.250Z");
        expected["updatedAt"] = json!("2026-11-20T12:00:00.250Z");
        assert_eq!(created.json(), expected);
        assert_eq!(alice.get(&resource.row(1)).await.json(), expected);
        assert_eq!(alice.get(resource.path).await.json(), json!({"items": [expected], "nextCursor": null}));

        app.advance_clock(TimeDelta::seconds(1));
        let updated = alice.put(&resource.row(1), resource.body("two lanterns")).await;
        assert_eq!(updated.status(), 200);
        assert_eq!(updated.header("etag"), "\"2\"");
        expected[resource.text] = json!("two lanterns");
        expected["updatedAt"] = json!("2026-11-20T12:00:01.250Z");
        assert_eq!(updated.json(), expected);
        assert_eq!(alice.get(&resource.row(1)).await.json(), expected);

        let deleted = alice.delete(&resource.row(1)).await;
        assert_eq!(deleted.status(), 204);
        assert_eq!(deleted.text(), "");
        assert_eq!(alice.get(&resource.row(1)).await.error(), not_found());
        assert_eq!(alice.put(&resource.row(1), resource.body("x")).await.error(), not_found());
        assert_eq!(alice.delete(&resource.row(1)).await.error(), not_found());
    }
}

#[tokio::test]
async fn id_of_a_deleted_row_is_not_reused() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        let id = resource.create(&alice, "first").await;
        assert_eq!(alice.delete(&resource.row(id)).await.status(), 204);
        assert_eq!(resource.create(&alice, "second").await, id + 1, "{}", resource.path);
    }
}

#[tokio::test]
async fn server_fields_cannot_be_set() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let (alice, bob) = (app.alice().await, app.bob().await);
        let created = alice.post(resource.path, resource.body_with_server_fields("mine")).await;
        assert_eq!(created.status(), 201, "{}", resource.path);
        assert_eq!(created.header("etag"), "\"1\"");
        assert_eq!(created.json()["id"], 1);
        assert_eq!(created.json()["createdAt"], "2026-11-20T12:00:00.250Z");
        let updated = alice.put(&resource.row(1), resource.body_with_server_fields("still mine")).await;
        assert_eq!(updated.status(), 200);
        assert_eq!(updated.header("etag"), "\"2\"");
        assert_eq!(updated.json()["createdAt"], "2026-11-20T12:00:00.250Z");
        assert_eq!(resource.text_of(&alice, 1).await, "still mine");
        assert_eq!(bob.get(resource.path).await.json()["items"], json!([]));
    }
}

#[tokio::test]
async fn text_is_returned_exactly_as_sent() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        for text in [
            " ",
            "  both ends  ",
            "tab\tand\nnewline\r\n",
            "\u{1}\u{1f}\u{7f}",
            "quote \" ' ` \\ /",
            "<script>alert(1)</script>",
            "'; DROP TABLE items;--",
            "'; DROP TABLE workout_logs;--",
            "${jndi:ldap://x}",
            "{{7*7}}",
            "%s%n",
            "e\u{301} and é",
            "🗝️ 🏋️ 👩‍👩‍👧",
            "\u{202e}rtl",
            "\u{feff}bom",
            "\u{10ffff}",
            "null",
            "İstanbul ß ﬁ",
            &"𝒳".repeat(resource.max_length),
        ] {
            let id = resource.create(&alice, text).await;
            assert_eq!(resource.text_of(&alice, id).await, *text, "{}: {text:?}", resource.path);
        }
    }
}

#[tokio::test]
async fn invalid_text_is_rejected_and_changes_nothing() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        resource.create(&alice, "unchanged").await;
        for (body, code) in [
            (resource.only(1), "not_text"),
            (resource.only(json!({"$ne": null})), "not_text"),
            (resource.only(""), resource.empty),
            (resource.only("x".repeat(resource.max_length + 1)), resource.too_long),
            (resource.only("a\u{0}b"), resource.holds_nul),
        ] {
            let expected = [(format!("/{}", resource.text), code.to_owned())];
            assert_eq!(alice.post(resource.path, body.clone()).await.field_errors(), expected, "POST {body}");
            assert_eq!(alice.put(&resource.row(1), body.clone()).await.field_errors(), expected, "PUT {body}");
        }
        assert_eq!(resource.text_of(&alice, 1).await, "unchanged");
    }
}

#[tokio::test]
async fn missing_text_is_rejected() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        resource.create(&alice, "unchanged").await;
        let other_case = resource.text[..1].to_uppercase() + &resource.text[1..];
        for body in [json!({}), resource.only(json!(null)), json!({other_case: "names are case-sensitive"})] {
            let expected = [(format!("/{}", resource.text), "required".to_owned())];
            assert_eq!(alice.post(resource.path, body.clone()).await.field_errors(), expected, "POST {body}");
            let updated = alice.put(&resource.row(1), body.clone()).await;
            if resource.partial_update {
                assert_eq!(updated.status(), 200, "PUT {body}");
            } else {
                assert_eq!(updated.field_errors(), expected, "PUT {body}");
            }
        }
        assert_eq!(resource.text_of(&alice, 1).await, "unchanged");
    }
}

#[tokio::test]
async fn invalid_id_is_not_found() {
    let long = "1".repeat(4000);
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        resource.create(&alice, "the only one").await;
        for id in [
            "0",
            "-1",
            "+1",
            "01",
            "1.0",
            "1e0",
            "%20",
            "05",
            "+5",
            "five",
            "%201",
            "1%20",
            "1%00",
            "0x1",
            "%D9%A1",
            "abc",
            "null",
            "undefined",
            "NaN",
            "1,2",
            "1;2",
            "..%2f1",
            "9223372036854775807",
            "9223372036854775808",
            "%FF",
            &long,
        ] {
            let path = resource.row(id);
            assert_eq!(alice.get(&path).await.error(), not_found(), "GET {path}");
            assert_eq!(alice.delete(&path).await.error(), not_found(), "DELETE {path}");
            assert_eq!(alice.put(&path, resource.body("x")).await.error(), not_found(), "PUT {path}");
        }
        assert_eq!(resource.text_of(&alice, 1).await, "the only one");
    }
}

/// Sends a conditional request about row 1.
async fn send_if(client: &Client, resource: &Resource, method: Method, condition: (&str, &str), text: &str) -> Reply {
    let request = client.request(method.clone(), &resource.row(1)).header(condition.0, condition.1);
    let request = if method == Method::PUT { request.json(&resource.body(text)) } else { request };
    request.send().await
}

#[tokio::test]
async fn change_with_a_stale_etag_returns_412() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        resource.create(&alice, "v1").await;
        let put_if =
            async |tag: &str, text: &str| send_if(&alice, resource, Method::PUT, ("if-match", tag), text).await;
        let delete_if = async |tag: &str| send_if(&alice, resource, Method::DELETE, ("if-match", tag), "").await;
        assert_eq!(put_if("\"1\"", "v2").await.header("etag"), "\"2\"", "{}", resource.path);
        for stale in [
            "\"1\"",
            "W/\"1\"",
            "\"1-gzip\"",
            "W/W/\"2\"",
            "\"2-\"",
            "\"2-x\"",
            "\"2gzip\"",
            "\"2-gzip-gzip\"",
            "\"-gzip\"",
            "\"02\"",
            "\"+2\"",
            "\"x\"",
            "2",
            "",
            "\"1\", \"3\"",
        ] {
            assert_eq!(put_if(stale, "lost").await.error(), precondition_failed(), "{stale}");
        }
        assert_eq!(put_if("\"1\", \"2\"", "v3").await.header("etag"), "\"3\"");
        assert_eq!(put_if("*", "v4").await.header("etag"), "\"4\"");
        for (number, tag) in ["W/\"4\"", "\"5-gzip\"", "\"6-br\"", "\"7--gzip\"", "W/\"8-zstd\""].iter().enumerate() {
            let reply = put_if(tag, "compressed").await;
            assert_eq!(reply.header("etag"), format!("\"{}\"", number + 5), "{tag}: a proxy compressed the response");
            assert_eq!(reply.header("cache-control"), "no-store, no-transform");
        }
        assert_eq!(delete_if("\"3\"").await.error(), precondition_failed());
        assert_eq!(resource.text_of(&alice, 1).await, "compressed");
        assert_eq!(delete_if("\"9\"").await.status(), 204);
        assert_eq!(delete_if("\"9\"").await.error(), not_found());
    }
}

#[tokio::test]
async fn get_with_the_current_etag_returns_304() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        resource.create(&alice, "v1").await;
        let get_unless = async |tag: &str| send_if(&alice, resource, Method::GET, ("if-none-match", tag), "").await;
        for current in ["\"1\"", "W/\"1\"", "\"1-gzip\"", "W/\"1-br\"", "*", "\"9\", \"1\""] {
            let reply = get_unless(current).await;
            assert_eq!(reply.status(), 304, "{} {current}", resource.path);
            assert_eq!(reply.text(), "", "{current}");
            assert_eq!(reply.header("etag"), "\"1\"", "{current}");
        }
        for other in ["\"2\"", "1", "\"01\"", "W/W/\"1\"", "\"1-x\"", "\"x\""] {
            let reply = get_unless(other).await;
            assert_eq!(reply.status(), 200, "{} {other}", resource.path);
            assert_eq!(reply.header("etag"), "\"1\"", "{other}");
            assert!(!reply.text().is_empty(), "{other}");
        }
    }
}
