//! Lists: sort orders, search, query parameters, and whose rows they contain.

use serde_json::json;

use super::{RESOURCES, Resource};
use crate::support::TestApp;

/// The four sort orders of a resource.
fn sort_orders(resource: &Resource) -> [String; 4] {
    let text = resource.text;
    ["createdAt".to_owned(), "-createdAt".to_owned(), text.to_owned(), format!("-{text}")]
}

#[tokio::test]
async fn rows_are_sorted_by_age_or_text_in_both_directions() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        let by_age = ["banana", "Apple", "cherry", "Éclair", "apple", "éclair"];
        let by_text = ["Apple", "apple", "banana", "cherry", "Éclair", "éclair"];
        resource.fill(&app, &alice, &by_age).await;
        for (sort, expected) in [("createdAt", by_age), (resource.text, by_text)] {
            let reversed: Vec<_> = expected.iter().rev().copied().collect();
            for limit in [1, 2, 4, 100] {
                let ascending = resource.all_pages(&alice, &format!("limit={limit}&sort={sort}")).await;
                assert_eq!(ascending, expected, "{sort} {limit}");
                let descending = resource.all_pages(&alice, &format!("limit={limit}&sort=-{sort}")).await;
                assert_eq!(descending, reversed, "-{sort} {limit}");
            }
        }
        assert_eq!(resource.page(&alice, "").await.0, by_age, "the oldest row is first by default");
    }
}

#[tokio::test]
async fn rows_with_equal_sort_keys_are_all_listed() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        for _ in 0..7 {
            resource.create(&alice, "same").await;
        }
        for sort in sort_orders(resource) {
            let listed = resource.all_pages(&alice, &format!("limit=2&sort={sort}")).await;
            assert_eq!(listed.len(), 7, "{} {sort}", resource.path);
        }
    }
}

#[tokio::test]
async fn pages_neither_skip_nor_repeat_rows_during_changes() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        let texts: Vec<String> = (0..40).map(|number| format!("row {number:02}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        for sort in sort_orders(resource) {
            resource.fill(&app, &alice, &texts).await;
            let (mut seen, mut cursor) = resource.page(&alice, &format!("limit=5&sort={sort}")).await;
            let mut round = 0;
            while let Some(text) = cursor {
                // Between two pages, one row that was already listed is deleted, and one is created at each end.
                let new = [format!("aaa {sort} {round}"), format!("zzz {sort} {round}")];
                resource.fill(&app, &alice, &[&new[0], &new[1]]).await;
                let found = alice.get(&format!("{}?q={}", resource.path, seen[round].replace(' ', "%20"))).await.json();
                assert_eq!(alice.delete(&resource.row(&found["items"][0]["id"])).await.status(), 204);
                let (page, next) = resource.page(&alice, &format!("limit=5&sort={sort}&cursor={text}")).await;
                seen.extend(page);
                cursor = next;
                round += 1;
            }
            let mut listed: Vec<_> = seen.iter().filter(|text| text.starts_with("row")).cloned().collect();
            listed.sort_unstable();
            assert_eq!(listed, texts, "{sort}: a row was skipped or repeated");
            for row in alice.get(&format!("{}?limit=100", resource.path)).await.json()["items"].as_array().unwrap() {
                assert_eq!(alice.delete(&resource.row(&row["id"])).await.status(), 204);
            }
        }
    }
}

#[tokio::test]
async fn search_ignores_case_and_takes_patterns_literally() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        let texts = [
            "100% wool",
            "100 wool",
            "snake_case",
            "snakeXcase",
            "Straße",
            "CAF\u{c9}",
            "a!b",
            "back\\slash",
            "[a-z]*",
        ];
        resource.fill(&app, &alice, &texts).await;
        for (query, expected) in [
            ("WOOL", vec!["100% wool", "100 wool"]),
            ("wool", vec!["100% wool", "100 wool"]),
            ("0%25", vec!["100% wool"]),
            ("e_c", vec!["snake_case"]),
            ("strasse", vec!["Straße"]),
            ("cafe%CC%81", vec!["CAF\u{c9}"]),
            ("a!b", vec!["a!b"]),
            ("k%5Cs", vec!["back\\slash"]),
            ("[a", vec!["[a-z]*"]),
            ("nothing", vec![]),
        ] {
            assert_eq!(resource.page(&alice, &format!("q={query}")).await.0, expected, "{query}");
        }
        let sorted = resource.all_pages(&alice, &format!("q=wool&limit=1&sort={}", resource.text)).await;
        assert_eq!(sorted, ["100 wool", "100% wool"]);
        assert_eq!(resource.page(&alice, "q=").await.0.len(), texts.len(), "an empty search finds all rows");
    }
}

#[tokio::test]
async fn rows_of_other_users_are_not_listed() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let (alice, bob) = (app.alice().await, app.bob().await);
        resource.fill(&app, &alice, &["a1", "a2", "a3"]).await;
        resource.fill(&app, &bob, &["b1", "b2"]).await;
        assert_eq!(resource.all_pages(&bob, "limit=1").await, ["b1", "b2"]);
        let (_, cursor) = resource.page(&alice, "limit=1").await;
        for query in [
            "q=a".to_owned(),
            "ownerId=1".to_owned(),
            "owner=1&filter=all".to_owned(),
            format!("cursor={}", cursor.unwrap()),
        ] {
            let (texts, _) = resource.page(&bob, &query).await;
            assert!(texts.iter().all(|text| text.starts_with('b')), "{query}: {texts:?}");
        }
    }
}

#[tokio::test]
async fn invalid_query_parameters_are_rejected() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        let text = resource.text;
        let (long, longer) = ("!".repeat(resource.max_length + 1), "!".repeat(30_000));
        for (query, parameter, code) in [
            ("limit=0", "?limit", "not_allowed"),
            ("limit=101", "?limit", "not_allowed"),
            ("limit=-1", "?limit", "not_allowed"),
            ("limit=%2B5", "?limit", "not_allowed"),
            ("limit=005", "?limit", "not_allowed"),
            ("limit=abc", "?limit", "not_allowed"),
            ("limit=", "?limit", "not_allowed"),
            ("limit=18446744073709551616", "?limit", "not_allowed"),
            ("limit=1&limit=2", "?limit", "repeated"),
            ("sort=id", "?sort", "not_allowed"),
            ("sort=title", "?sort", "not_allowed"),
            (&format!("sort=--{text}"), "?sort", "not_allowed"),
            (&format!("sort={text};DROP+TABLE+items"), "?sort", "not_allowed"),
            (&format!("sort={text}&sort={text}"), "?sort", "repeated"),
            (&format!("q={long}"), "?q", resource.too_long),
            (&format!("q={longer}"), "?q", resource.too_long),
            ("q=a%00b", "?q", resource.holds_nul),
        ] {
            let reply = alice.get(&format!("{}?{query}", resource.path)).await;
            assert_eq!(reply.field_errors(), [(parameter.to_owned(), code.to_owned())], "{query}");
        }
        let detail = alice.get(&format!("{}?sort=id", resource.path)).await.json()["errors"][0]["detail"].clone();
        let allowed = format!("createdAt, -createdAt, {text} or -{text}");
        assert!(detail.as_str().unwrap().contains(&allowed), "{detail}");
    }
}

#[tokio::test]
async fn unknown_query_parameters_are_ignored() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        let reply = alice.get(&format!("{}?page=2&offset=9&limit[]=1&fields=owner_id", resource.path)).await;
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.json(), json!({"items": [], "nextCursor": null}));
    }
}
