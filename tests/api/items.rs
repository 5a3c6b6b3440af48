//! `/api/items`: what a user owns.

use axum::http::Method;
use chrono::TimeDelta;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

async fn create(person: &Client, name: &str) -> i64 {
    let reply = person.post("/api/items", json!({"name": name})).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    reply.json()["id"].as_i64().unwrap()
}

#[tokio::test]
async fn an_item_is_created_read_changed_and_deleted() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let created = alice.post("/api/items", json!({"name": "lantern"})).await;
    assert_eq!((created.status(), created.header("location"), created.header("etag")), (201, "/api/items/1", "\"1\""));
    assert_json_snapshot!(created.json(), @r#"
    {
      "createdAt": "2026-11-20T12:00:00.250Z",
      "id": 1,
      "name": "lantern",
      "updatedAt": "2026-11-20T12:00:00.250Z"
    }
    "#);
    assert_eq!(alice.get("/api/items/1").await.json(), created.json());

    app.pass(TimeDelta::seconds(1));
    let changed = alice.put("/api/items/1", json!({"name": "two lanterns"})).await;
    assert_eq!((changed.status(), changed.header("etag")), (200, "\"2\""));
    assert_eq!(changed.json()["updatedAt"], "2026-11-20T12:00:01.250Z");
    assert_eq!(alice.get("/api/items/1").await.json(), changed.json());

    let deleted = alice.delete("/api/items/1").await;
    assert_eq!((deleted.status(), deleted.text()), (204, ""));
    for reply in [
        alice.get("/api/items/1").await,
        alice.put("/api/items/1", json!({"name": "x"})).await,
        alice.delete("/api/items/1").await,
    ] {
        assert_eq!(reply.refusal(), (404, "not_found".to_owned()));
    }
}

#[tokio::test]
async fn a_deleted_items_id_is_not_given_out_again() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let id = create(&alice, "first").await;
    alice.delete(&format!("/api/items/{id}")).await;
    assert!(create(&alice, "second").await > id);
}

#[tokio::test]
async fn what_the_server_owns_cannot_be_assigned() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let bob = app.bob().await;
    let hostile = |name: &str| {
        json!({
            "name": name, "id": 99, "ownerId": 2, "owner_id": 2, "owner": 2, "userId": 2, "user": {"id": 2}, "version": 41,
            "createdAt": "1970-01-01T00:00:00.000Z", "updatedAt": "1970-01-01T00:00:00.000Z", "nameKey": "zzz"
        })
    };
    let created = alice.post("/api/items", hostile("mine")).await;
    assert_eq!((created.status(), created.header("etag")), (201, "\"1\""));
    assert_eq!((&created.json()["id"], &created.json()["createdAt"]), (&json!(1), &json!("2026-11-20T12:00:00.250Z")));
    let changed = alice.put("/api/items/1", hostile("still mine")).await;
    assert_eq!((changed.status(), changed.header("etag")), (200, "\"2\""));
    assert_eq!(changed.json()["createdAt"], "2026-11-20T12:00:00.250Z");
    assert_eq!(alice.get("/api/items/1").await.json()["name"], "still mine");
    assert_eq!(bob.get("/api/items").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_name_comes_back_exactly_as_it_went() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for name in [
        " ",
        "  both ends  ",
        "tab\tand\nnewline\r\n",
        "\u{1}\u{1f}\u{7f}",
        "quote \" ' ` \\ /",
        "<script>alert(1)</script>",
        "'; DROP TABLE items;--",
        "${jndi:ldap://x}",
        "{{7*7}}",
        "%s%n",
        "e\u{301} and é",
        "🗝️ 👩‍👩‍👧",
        "\u{202e}rtl",
        "\u{feff}bom",
        "\u{10ffff}",
        "null",
        "İstanbul ß ﬁ",
        &"𝒳".repeat(200),
    ] {
        let id = create(&alice, name).await;
        assert_eq!(alice.get(&format!("/api/items/{id}")).await.json()["name"], *name, "{name:?}");
    }
}

#[tokio::test]
async fn a_name_has_rules() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    create(&alice, "stays").await;
    for (body, code) in [
        (json!({}), "required"),
        (json!({"name": null}), "required"),
        (json!({"name": 1}), "not_text"),
        (json!({"name": {"$ne": null}}), "not_text"),
        (json!({"name": ""}), "name_empty"),
        (json!({"name": "x".repeat(201)}), "name_too_long"),
        (json!({"name": "a\u{0}b"}), "name_holds_nul"),
        (json!({"Name": "case matters"}), "required"),
    ] {
        let expected = [("/name".to_owned(), code.to_owned())];
        assert_eq!(alice.post("/api/items", body.clone()).await.field_errors(), expected, "{body}");
        assert_eq!(alice.put("/api/items/1", body.clone()).await.field_errors(), expected, "{body}");
    }
    assert_eq!(alice.get("/api/items/1").await.json()["name"], "stays");
}

#[tokio::test]
async fn an_id_that_is_no_number_of_ours_names_nothing() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    create(&alice, "the only one").await;
    let long = "1".repeat(4000);
    for id in [
        "0",
        "-1",
        "+1",
        "01",
        "1.0",
        "1e0",
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
        let path = format!("/api/items/{id}");
        for method in [Method::GET, Method::DELETE] {
            let reply = alice.request(method.clone(), &path).send().await;
            assert_eq!(reply.refusal(), (404, "not_found".to_owned()), "{method} {id}");
        }
        let reply = alice.put(&path, json!({"name": "x"})).await;
        assert_eq!(reply.refusal(), (404, "not_found".to_owned()), "PUT {id}");
    }
    assert_eq!(alice.get("/api/items/1").await.json()["name"], "the only one");
}

#[tokio::test]
async fn a_change_is_made_only_to_the_version_it_was_meant_for() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    create(&alice, "v1").await;
    let put_if = async |tag: &str, name: &str| {
        alice.request(Method::PUT, "/api/items/1").header("if-match", tag).json(&json!({"name": name})).send().await
    };
    assert_eq!(put_if("\"1\"", "v2").await.header("etag"), "\"2\"");
    for stale in ["\"1\"", "W/\"2\"", "\"02\"", "\"+2\"", "\"x\"", "2", "", "\"1\", \"3\""] {
        assert_eq!(put_if(stale, "lost").await.refusal(), (412, "precondition_failed".to_owned()), "{stale}");
    }
    assert_eq!(put_if("\"1\", \"2\"", "v3").await.header("etag"), "\"3\"");
    assert_eq!(put_if("*", "v4").await.header("etag"), "\"4\"");
    let delete_if =
        async |tag: &str| alice.request(Method::DELETE, "/api/items/1").header("if-match", tag).send().await;
    assert_eq!(delete_if("\"3\"").await.refusal(), (412, "precondition_failed".to_owned()));
    assert_eq!(alice.get("/api/items/1").await.json()["name"], "v4");
    assert_eq!(delete_if("\"4\"").await.status(), 204);
    assert_eq!(delete_if("\"4\"").await.refusal(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn who_has_the_present_version_is_not_sent_it_again() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    create(&alice, "v1").await;
    let get_unless =
        async |tag: &str| alice.request(Method::GET, "/api/items/1").header("if-none-match", tag).send().await;
    for known in ["\"1\"", "W/\"1\"", "*", "\"9\", \"1\""] {
        let reply = get_unless(known).await;
        assert_eq!((reply.status(), reply.text(), reply.header("etag")), (304, "", "\"1\""), "{known}");
    }
    for other in ["\"2\"", "1", "\"01\"", "W/W/\"1\"", "\"x\""] {
        assert_eq!(get_unless(other).await.status(), 200, "{other}");
    }
}

#[tokio::test]
async fn of_many_who_change_one_version_exactly_one_succeeds() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    create(&alice, "v1").await;
    let race = async |if_match: Option<&'static str>| {
        let attempts = (0..20).map(|number| {
            let alice = alice.clone();
            tokio::spawn(async move {
                let mut request = alice.request(Method::PUT, "/api/items/1");
                if let Some(tag) = if_match {
                    request = request.header("if-match", tag);
                }
                request.json(&json!({"name": format!("writer {number}")})).send().await.status()
            })
        });
        let mut statuses = Vec::new();
        for attempt in attempts.collect::<Vec<_>>() {
            statuses.push(attempt.await.unwrap());
        }
        statuses
    };
    let statuses = race(Some("\"1\"")).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 412].contains(status)), "{statuses:?}");
    let statuses = race(None).await;
    assert!(statuses.iter().all(|status| *status == 200), "the last writer wins: {statuses:?}");
    assert_eq!(alice.get("/api/items/1").await.header("etag"), "\"22\"");
}

#[tokio::test]
async fn of_many_deletes_exactly_one_succeeds() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    create(&alice, "wanted gone").await;
    let attempts = (0..30).map(|_| {
        let alice = alice.clone();
        tokio::spawn(async move { alice.delete("/api/items/1").await.status() })
    });
    let mut statuses = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        statuses.push(attempt.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [&[204_u16][..], &[404; 29]].concat());
}

#[tokio::test]
async fn items_created_at_once_are_all_listed_once() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let writers = (0..8).map(|writer| {
        let alice = alice.clone();
        tokio::spawn(async move {
            for number in 0..10 {
                create(&alice, &format!("{writer}-{number}")).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let listed = alice.get("/api/items?limit=100").await.json();
    let mut names: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!((names.len(), &listed["nextCursor"]), (80, &Value::Null));
}
