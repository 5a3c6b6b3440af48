//! Values of variables: any JSON within the limits, returned as it was sent.

use super::*;

#[tokio::test]
async fn variable_can_be_created_read_updated_and_deleted() {
    for (store, app) in services().await {
        let alice = alice(&app).await;
        let values =
            [json!(null), json!(1.5), json!("Frodo é\u{1f600};, \""), json!([1, {"a": []}]), json!({"b": true})];
        for value in values {
            alice.delete(&at("a")).await;
            let made = alice.put(&at("a"), value.clone()).await;
            assert_eq!((made.status(), &made.json()["value"]), (201, &value), "{store}");
            let shown = alice.get(&at("a")).await;
            assert_eq!((shown.status(), shown.header("etag")), (200, made.header("etag")), "{store}");
            assert_eq!((&shown.json()["name"], &shown.json()["value"]), (&json!("a"), &value), "{store}");
            let again = alice.put(&at("a"), json!(2)).await;
            assert_eq!(again.status(), 200, "{store}");
            assert_ne!(again.header("etag"), made.header("etag"), "{store}");
        }
        alice.put(&at("b"), json!(1)).await;
        assert_eq!(names(&alice).await, ["a", "b"], "{store}");
        assert_eq!(alice.delete(&at("a")).await.status(), 204, "{store}");
        for path in [at("a"), at("nothing"), at("no%20name")] {
            assert_eq!(alice.get(&path).await.error().0, 404, "{store}");
            assert_eq!(alice.delete(&path).await.error().0, 404, "{store}");
        }
        assert_eq!(alice.delete(ALL).await.status(), 204, "{store}");
        assert_eq!(names(&alice).await, Vec::<String>::new(), "{store}");
    }
}

#[tokio::test]
async fn value_is_returned_exactly_as_sent() {
    for (store, app) in services().await {
        // A cookie cannot hold more.
        let levels = if store == "cookie" { 1300 } else { 2000 };
        let lists = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let objects = format!("{}1{}", r#"{"a":"#.repeat(levels / 3), "}".repeat(levels / 3));
        let alice = alice(&app).await;
        let raw = async |name: &str, text: &str| {
            let headers = [("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
            alice.send_text(Method::PUT, &at(name), text, &headers).await
        };
        for text in [
            "5e-324",
            "1.0",
            "-0",
            "0.1e1",
            "1e999",
            "123456789012345678901234567890",
            "7.2057594037927945e16",
            r#"{"b": 1,"a" :[ ]}"#,
            r#"{"$serde_json::private::RawValue":"1"}"#,
            r#""\ud800 \/""#,
            &lists,
            &objects,
        ] {
            alice.delete(ALL).await;
            let made = raw("a", &format!(" \n{text}\t")).await;
            assert_eq!(made.status(), 201, "{store}: {text}: {}", made.text());
            let version = made.header("etag").trim_matches('"').to_owned();
            let expected = format!(r#"{{"name":"a","value":{text},"version":{version}}}"#);
            assert_eq!(made.text(), expected, "{store}");
            assert_eq!(alice.get(&at("a")).await.text(), expected, "{store}");
            assert_eq!(alice.get(ALL).await.text(), format!(r#"{{"items":[{expected}]}}"#), "{store}");
            assert_eq!(alice.post(&at("b/increment"), json!({})).await.status(), 200, "{store}: {text}");
            assert_eq!(alice.delete(&at("b")).await.status(), 204, "{store}");
        }
        // The variable can be moved to a new session and deleted.
        alice.delete(ALL).await;
        raw("a", &lists).await;
        let again = json!({"username": "alice", "password": PASSWORD, "carrier": "cookie", "keepVariables": true});
        assert_eq!(alice.post("/api/sessions", again).await.status(), 201, "{store}");
        assert!(alice.get(&at("a")).await.text().contains(&lists), "{store}");
        assert_eq!(alice.delete(&at("a")).await.status(), 204, "{store}");
        // White space inside of the value counts.
        assert_eq!(raw("a", &format!("[{}]", " ".repeat(4095))).await.error().0, 413, "{store}");
    }
}

#[tokio::test]
async fn increment_starts_at_zero_and_takes_integers_only() {
    for (store, app) in services().await {
        let alice = alice(&app).await;
        let increment = async |body: Value| alice.post(&at("n/increment"), body).await;
        assert_eq!(increment(json!({})).await.json()["value"], 1, "{store}");
        assert_eq!(increment(json!({"by": 41})).await.json()["value"], 42, "{store}");
        assert_eq!(increment(json!({"by": -50})).await.json()["value"], -8, "{store}");
        assert_eq!(increment(json!({"by": 1.5})).await.field_errors(), [("/by".to_owned(), "not_whole".to_owned())]);
        alice.put(&at("n"), json!(i64::MAX)).await;
        assert_eq!(increment(json!({})).await.error(), (409, "not_a_number".to_owned()), "{store}");
        for value in ["\"1\"", "1.5", "1e2", "null", "[1]", "18446744073709551615"] {
            let headers = [("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
            alice.send_text(Method::PUT, &at("n"), value, &headers).await;
            assert_eq!(increment(json!({})).await.error(), (409, "not_a_number".to_owned()), "{store}: {value}");
        }
    }
}

#[tokio::test]
async fn names_sizes_and_number_of_variables_are_limited() {
    for (store, app) in services().await {
        let alice = alice(&app).await;
        for name in ["no%20name", "%C3%A9", ".", "..", "...", "a%2Fb", "a%0A", "a%00", &"n".repeat(65)] {
            let expected = [("name".to_owned(), "variable_name".to_owned())];
            assert_eq!(alice.put(&at(name), json!(1)).await.field_errors(), expected, "{store}: {name}");
        }
        for name in ["a", ".a", "a..", "cart.items", "x-1_Y", &"n".repeat(64)] {
            assert_eq!(alice.put(&at(name), json!(1)).await.status(), 201, "{store}: {name}");
        }
        assert_eq!(alice.delete(ALL).await.status(), 204, "{store}");
        // One byte too long, with the two quotation marks.
        let reply = alice.put(&at("a"), json!("x".repeat(4095))).await;
        assert_eq!(reply.error(), (413, "variable_too_large".to_owned()), "{store}");
        let huge = alice.put(&at("a"), json!("x".repeat(70_000))).await;
        assert_eq!(huge.error(), (413, "body_too_large".to_owned()), "{store}");
        assert_eq!(names(&alice).await, Vec::<String>::new(), "{store}");
        for number in 0..50 {
            assert_eq!(alice.put(&at(&format!("v{number}")), json!(1)).await.status(), 201, "{store}");
        }
        for reply in [alice.put(&at("one-more"), json!(1)).await, alice.post(&at("m/increment"), json!({})).await] {
            assert_eq!(reply.error(), (422, "too_many_variables".to_owned()), "{store}");
        }
        assert_eq!(alice.put(&at("v7"), json!(2)).await.status(), 200, "{store}");
    }
}

#[tokio::test]
async fn total_size_is_limited_by_the_store() {
    for (store, app) in services().await {
        let alice = alice(&app).await;
        let mut fitted = 0;
        let refused = loop {
            let reply = alice.put(&at(&format!("v{fitted}")), json!("x".repeat(1000))).await;
            if reply.status() != 201 {
                break reply.error();
            }
            fitted += 1;
            if fitted == 50 {
                break (413, "variables_too_large".to_owned());
            }
        };
        assert_eq!(refused, (413, "variables_too_large".to_owned()), "{store}");
        // A cookie has 4 KiB for the encrypted data in base64.
        assert_eq!(fitted, if store == "cookie" { 2 } else { 50 }, "{store}");
        assert_eq!(names(&alice).await.len(), fitted, "{store}: stored variables are unchanged");
    }
}

#[tokio::test]
async fn invalid_json_value_is_rejected() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for (media_type, body, expected) in [
        ("application/json", "", (400, "malformed_json")),
        ("application/json", "{", (400, "malformed_json")),
        ("application/json", "1 2", (400, "malformed_json")),
        ("application/json", "[1,]", (400, "malformed_json")),
        ("application/json", "01", (400, "malformed_json")),
        ("application/json", r#"{"a":1,"\u0061":2}"#, (400, "malformed_json")),
        ("text/plain", "1", (415, "unsupported_media_type")),
    ] {
        let request = alice.request(Method::PUT, &at("a")).header("content-type", media_type).body(body);
        assert_eq!(request.send().await.error(), (expected.0, expected.1.to_owned()), "{body}");
    }
}
