//! Listing workout logs: the orders, search and pages of items, by description.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Client, TestApp};

async fn fill(app: &TestApp, person: &Client, descriptions: &[&str]) {
    for description in descriptions {
        assert_eq!(person.post("/api/workout-logs", json!({"description": description})).await.status(), 201);
        app.pass(TimeDelta::milliseconds(1));
    }
}

async fn page(person: &Client, query: &str) -> (Vec<String>, Option<String>) {
    let reply = person.get(&format!("/api/workout-logs?{query}")).await;
    assert_eq!(reply.status(), 200, "{query}: {}", reply.text());
    let body = reply.json();
    let logs = body["items"].as_array().unwrap().iter().map(|log| log["description"].as_str().unwrap().to_owned());
    (logs.collect(), body["nextCursor"].as_str().map(str::to_owned))
}

async fn all_pages(person: &Client, query: &str) -> Vec<String> {
    let (mut all, mut cursor) = page(person, query).await;
    while let Some(text) = cursor {
        let (logs, next) = page(person, &format!("{query}&cursor={text}")).await;
        assert!(!logs.is_empty(), "a cursor leads somewhere");
        all.extend(logs);
        cursor = next;
    }
    all
}

#[tokio::test]
async fn logs_are_listed_by_age_or_description_forwards_or_backwards() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let by_age = ["row", "Abs", "swim", "Étirements", "abs", "étirements"];
    fill(&app, &alice, &by_age).await;
    let by_description = ["Abs", "abs", "row", "swim", "Étirements", "étirements"];
    for (sort, expected) in [("createdAt", by_age), ("description", by_description)] {
        for limit in [1, 2, 4, 100] {
            assert_eq!(all_pages(&alice, &format!("limit={limit}&sort={sort}")).await, expected, "{sort} {limit}");
            let backwards: Vec<_> = expected.iter().rev().copied().collect();
            assert_eq!(all_pages(&alice, &format!("limit={limit}&sort=-{sort}")).await, backwards, "-{sort} {limit}");
        }
    }
    assert_eq!(page(&alice, "").await.0, by_age, "oldest first unless asked otherwise");
}

#[tokio::test]
async fn logs_of_one_moment_and_one_description_are_told_apart_by_id() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for _ in 0..7 {
        alice.post("/api/workout-logs", json!({"description": "same"})).await;
    }
    for sort in ["createdAt", "-createdAt", "description", "-description"] {
        assert_eq!(all_pages(&alice, &format!("limit=2&sort={sort}")).await.len(), 7, "{sort}");
    }
}

#[tokio::test]
async fn pages_of_logs_neither_skip_nor_repeat_while_logs_come_and_go() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let stays: Vec<String> = (0..20).map(|number| format!("log {number:02}")).collect();
    for sort in ["createdAt", "-createdAt", "description", "-description"] {
        fill(&app, &alice, &stays.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let (mut seen, mut cursor) = page(&alice, &format!("limit=5&sort={sort}")).await;
        while let Some(text) = cursor {
            fill(&app, &alice, &["aaa", "zzz"]).await;
            let (logs, next) = page(&alice, &format!("limit=5&sort={sort}&cursor={text}")).await;
            seen.extend(logs);
            cursor = next;
        }
        let mut found: Vec<_> = seen.into_iter().filter(|log| log.starts_with("log")).collect();
        found.sort_unstable();
        assert_eq!(found, stays, "{sort}");
        for log in alice.get("/api/workout-logs?limit=100").await.json()["items"].as_array().unwrap() {
            assert_eq!(alice.delete(&format!("/api/workout-logs/{}", log["id"])).await.status(), 204);
        }
    }
}

#[tokio::test]
async fn a_search_among_logs_reads_descriptions_alone_and_takes_patterns_literally() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let elsewhere = json!({"description": "row", "definition": "wool", "result": "wool"});
    assert_eq!(alice.post("/api/workout-logs", elsewhere).await.status(), 201);
    fill(&app, &alice, &["100% WOOL", "100 wool", "Straße", "snake_case", "snakeXcase"]).await;
    for (query, expected) in [
        ("wool", vec!["100% WOOL", "100 wool"]),
        ("0%25", vec!["100% WOOL"]),
        ("e_c", vec!["snake_case"]),
        ("strasse", vec!["Straße"]),
        ("nothing", vec![]),
    ] {
        assert_eq!(page(&alice, &format!("q={query}")).await.0, expected, "{query}");
    }
    assert_eq!(all_pages(&alice, "q=wool&limit=1&sort=description").await, ["100 wool", "100% WOOL"]);
    assert_eq!(page(&alice, "q=").await.0.len(), 6, "an empty search is none");
}

#[tokio::test]
async fn parameters_of_logs_have_rules() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let long = format!("q={}", "!".repeat(256));
    for (query, pointer, code) in [
        ("limit=0", "?limit", "not_allowed"),
        ("limit=101", "?limit", "not_allowed"),
        ("sort=name", "?sort", "not_allowed"),
        ("sort=--description", "?sort", "not_allowed"),
        ("sort=description&sort=description", "?sort", "repeated"),
        (long.as_str(), "?q", "text_too_long"),
        ("q=a%00b", "?q", "text_holds_nul"),
    ] {
        let expected = [(pointer.to_owned(), code.to_owned())];
        assert_eq!(alice.get(&format!("/api/workout-logs?{query}")).await.field_errors(), expected, "{query}");
    }
    let reply = alice.get("/api/workout-logs?sort=id").await.json();
    assert_eq!(
        reply["errors"][0]["detail"],
        "This parameter must be createdAt, -createdAt, description or -description."
    );
}

#[tokio::test]
async fn a_cursor_of_items_or_of_another_order_leads_to_no_logs() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    fill(&app, &alice, &["a", "b", "c"]).await;
    for _ in 0..2 {
        alice.post("/api/items", json!({"name": "a"})).await;
    }
    let (_, by_age) = page(&alice, "limit=1").await;
    let by_age = by_age.unwrap();
    let of_items = alice.get("/api/items?limit=1").await.json()["nextCursor"].as_str().unwrap().to_owned();
    let refused = (400, "bad_cursor".to_owned());
    for query in [format!("cursor={of_items}"), format!("cursor={by_age}&sort=description"), "cursor=e30".to_owned()] {
        assert_eq!(alice.get(&format!("/api/workout-logs?{query}")).await.refusal(), refused, "{query}");
    }
    assert_eq!(alice.get(&format!("/api/items?cursor={by_age}")).await.refusal(), refused);
    assert_eq!(page(&alice, &format!("cursor={by_age}")).await.0, ["b", "c"]);
}

#[tokio::test]
async fn another_users_logs_are_in_no_list() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    fill(&app, &alice, &["a1", "a2", "a3"]).await;
    fill(&app, &bob, &["b1", "b2"]).await;
    let (_, cursor) = page(&alice, "limit=1").await;
    for query in ["q=a".to_owned(), "ownerId=1".to_owned(), format!("cursor={}", cursor.unwrap())] {
        let (logs, _) = page(&bob, &query).await;
        assert!(logs.iter().all(|log| log.starts_with('b')), "{query}: {logs:?}");
    }
    assert_eq!(all_pages(&bob, "limit=1").await, ["b1", "b2"]);
}
