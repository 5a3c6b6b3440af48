//! Listing items: orders, search, and pages that neither skip nor repeat.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

async fn fill(app: &TestApp, person: &Client, names: &[&str]) {
    for name in names {
        assert_eq!(person.post("/api/items", json!({"name": name})).await.status(), 201);
        app.pass(TimeDelta::milliseconds(1));
    }
}

async fn page(person: &Client, query: &str) -> (Vec<String>, Option<String>) {
    let reply = person.get(&format!("/api/items?{query}")).await;
    assert_eq!(reply.status(), 200, "{query}: {}", reply.text());
    let body = reply.json();
    let names = body["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned());
    (names.collect(), body["nextCursor"].as_str().map(str::to_owned))
}

async fn all_pages(person: &Client, query: &str) -> Vec<String> {
    let (mut all, mut cursor) = page(person, query).await;
    while let Some(text) = cursor {
        let (names, next) = page(person, &format!("{query}&cursor={text}")).await;
        assert!(!names.is_empty(), "a cursor leads somewhere");
        all.extend(names);
        cursor = next;
    }
    all
}

#[tokio::test]
async fn items_are_listed_by_age_or_name_forwards_or_backwards() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    fill(&app, &alice, &["banana", "Apple", "cherry", "Éclair", "apple", "éclair"]).await;
    let by_age = ["banana", "Apple", "cherry", "Éclair", "apple", "éclair"];
    let by_name = ["Apple", "apple", "banana", "cherry", "Éclair", "éclair"];
    for (sort, expected) in [("createdAt", by_age), ("name", by_name)] {
        for limit in [1, 2, 4, 100] {
            assert_eq!(all_pages(&alice, &format!("limit={limit}&sort={sort}")).await, expected, "{sort} {limit}");
            let backwards: Vec<_> = expected.iter().rev().copied().collect();
            assert_eq!(all_pages(&alice, &format!("limit={limit}&sort=-{sort}")).await, backwards, "-{sort} {limit}");
        }
    }
    assert_eq!(page(&alice, "").await.0, by_age, "oldest first unless asked otherwise");
}

#[tokio::test]
async fn items_of_one_moment_and_one_name_are_told_apart_by_id() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for _ in 0..7 {
        alice.post("/api/items", json!({"name": "same"})).await;
    }
    for sort in ["createdAt", "-createdAt", "name", "-name"] {
        assert_eq!(all_pages(&alice, &format!("limit=2&sort={sort}")).await.len(), 7, "{sort}");
    }
}

#[tokio::test]
async fn pages_neither_skip_nor_repeat_while_items_come_and_go() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let names: Vec<String> = (0..40).map(|number| format!("item {number:02}")).collect();
    fill(&app, &alice, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for sort in ["createdAt", "-createdAt", "name", "-name"] {
        let (mut seen, mut cursor) = page(&alice, &format!("limit=5&sort={sort}")).await;
        let mut round = 0;
        while let Some(text) = cursor {
            // Between two pages one item of those already seen goes and two come, at both ends.
            fill(&app, &alice, &[&format!("aaa {sort} {round}"), &format!("zzz {sort} {round}")]).await;
            let gone = alice.get(&format!("/api/items?q={}", seen[round].replace(' ', "%20"))).await.json();
            let gone = gone["items"][0]["id"].clone();
            assert_eq!(alice.delete(&format!("/api/items/{gone}")).await.status(), 204);
            let (names, next) = page(&alice, &format!("limit=5&sort={sort}&cursor={text}")).await;
            seen.extend(names);
            cursor = next;
            round += 1;
        }
        let mut stayed: Vec<_> = seen.iter().filter(|name| name.starts_with("item")).cloned().collect();
        stayed.sort_unstable();
        let mut once = stayed.clone();
        once.dedup();
        assert_eq!(stayed, once, "{sort}: nothing is repeated");
        // Start the next order with the forty items whole again.
        let all = alice.get("/api/items?limit=100").await.json();
        for item in all["items"].as_array().unwrap() {
            assert_eq!(alice.delete(&format!("/api/items/{}", item["id"])).await.status(), 204);
        }
        assert_eq!(stayed, names, "{sort}: nothing is skipped");
        fill(&app, &alice, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
}

#[tokio::test]
async fn a_search_finds_text_in_any_case_and_takes_patterns_literally() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    fill(
        &app,
        &alice,
        &["100% wool", "100 wool", "snake_case", "snakeXcase", "Straße", "CAF\u{c9}", "a!b", "back\\slash", "[a-z]*"],
    )
    .await;
    for (query, expected) in [
        ("WOOL", vec!["100% wool", "100 wool"]),
        ("0%25", vec!["100% wool"]),
        ("e_c", vec!["snake_case"]),
        ("strasse", vec!["Straße"]),
        ("cafe%CC%81", vec!["CAF\u{c9}"]),
        ("a!b", vec!["a!b"]),
        ("k%5Cs", vec!["back\\slash"]),
        ("[a", vec!["[a-z]*"]),
        ("nothing", vec![]),
    ] {
        assert_eq!(page(&alice, &format!("q={query}")).await.0, expected, "{query}");
    }
    assert_eq!(all_pages(&alice, "q=wool&limit=1&sort=name").await, ["100 wool", "100% wool"]);
    assert_eq!(page(&alice, "q=").await.0.len(), 9, "an empty search is none");
}

#[tokio::test]
async fn another_users_items_are_in_no_list() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    fill(&app, &alice, &["a1", "a2", "a3"]).await;
    fill(&app, &bob, &["b1", "b2"]).await;
    assert_eq!(all_pages(&bob, "limit=1").await, ["b1", "b2"]);
    let (_, cursor) = page(&alice, "limit=1").await;
    for query in [
        "q=a".to_owned(),
        "ownerId=1".to_owned(),
        "owner=1&filter=all".to_owned(),
        format!("cursor={}", cursor.unwrap()),
    ] {
        let (names, _) = page(&bob, &query).await;
        assert!(names.iter().all(|name| name.starts_with('b')), "{query}: {names:?}");
    }
}

#[tokio::test]
async fn parameters_have_rules() {
    let app = TestApp::start().await;
    let long = format!("q={}", "!".repeat(30_000));
    let alice = app.alice().await;
    for (query, pointer, code) in [
        ("limit=0", "?limit", "not_allowed"),
        ("limit=101", "?limit", "not_allowed"),
        ("limit=-1", "?limit", "not_allowed"),
        ("limit=%2B5", "?limit", "not_allowed"),
        ("limit=005", "?limit", "not_allowed"),
        ("limit=abc", "?limit", "not_allowed"),
        ("limit=", "?limit", "not_allowed"),
        ("limit=18446744073709551616", "?limit", "not_allowed"),
        ("sort=id", "?sort", "not_allowed"),
        ("sort=name;DROP+TABLE+items", "?sort", "not_allowed"),
        ("limit=1&limit=2", "?limit", "repeated"),
        (long.as_str(), "?q", "name_too_long"),
        ("q=a%00b", "?q", "name_holds_nul"),
    ] {
        let expected = [(pointer.to_owned(), code.to_owned())];
        assert_eq!(alice.get(&format!("/api/items?{query}")).await.field_errors(), expected, "{query}");
    }
    assert_eq!(
        alice.get("/api/items?page=2&offset=9&limit[]=1&fields=owner_id").await.status(),
        200,
        "unknown ones are ignored"
    );
}

#[tokio::test]
async fn a_cursor_we_did_not_give_out_for_this_listing_is_refused() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    fill(&app, &alice, &["a", "b", "c"]).await;
    let (_, by_age) = page(&alice, "limit=1").await;
    let (_, by_name) = page(&alice, "limit=1&sort=name").await;
    let (by_age, by_name) = (by_age.unwrap(), by_name.unwrap());
    for query in [
        "cursor=".to_owned(),
        "cursor=nonsense".to_owned(),
        "cursor=e30".to_owned(),
        format!("cursor={by_age}x"),
        format!("cursor={by_name}"),
        format!("cursor={by_age}&sort=name"),
        format!("cursor={by_age}&sort=-createdAt"),
    ] {
        assert_eq!(
            alice.get(&format!("/api/items?{query}")).await.refusal(),
            (400, "bad_cursor".to_owned()),
            "{query}"
        );
    }
    let page: Value = alice.get(&format!("/api/items?cursor={by_age}")).await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
}
