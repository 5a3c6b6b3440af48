//! Versions of variables: conditional requests and ETags.

use super::*;

#[tokio::test]
async fn change_with_a_stale_etag_returns_412() {
    for (store, app) in services().await {
        let alice = alice(&app).await;
        let first = alice.put(&at("a"), json!(1)).await.header("etag").to_owned();
        let put = async |value: Value, header: (&str, &str)| {
            alice.send_with(Method::PUT, &at("a"), Some(value), &[("sec-fetch-site", "same-origin"), header]).await
        };
        let second = put(json!(2), ("if-match", &first)).await.header("etag").to_owned();
        for header in [("if-match", &*first), ("if-match", "\"0\""), ("if-match", "W/\"2\""), ("if-none-match", "*")] {
            assert_eq!(put(json!(3), header).await.error(), (412, "precondition_failed".to_owned()), "{store}");
        }
        let headers = [("sec-fetch-site", "same-origin"), ("if-match", &*first)];
        assert_eq!(alice.send_with(Method::DELETE, &at("a"), None, &headers).await.error().0, 412, "{store}");
        let new = [("sec-fetch-site", "same-origin"), ("if-match", "\"1\"")];
        assert_eq!(alice.send_with(Method::PUT, &at("b"), Some(json!(1)), &new).await.error().0, 412, "{store}");
        let known = [("if-none-match", &*second)];
        assert_eq!(alice.send_with(Method::GET, &at("a"), None, &known).await.status(), 304, "{store}");
        assert_eq!(alice.get(&at("a")).await.json()["value"], 2, "{store}");
    }
}

#[tokio::test]
async fn list_of_variables_has_an_etag() {
    for (store, app) in services().await {
        let alice = alice(&app).await;
        let send = async |method: Method, path: &str, header: (&str, &str)| {
            let body = (method == Method::POST).then(|| json!({}));
            alice.send_with(method, path, body, &[("sec-fetch-site", "same-origin"), header]).await
        };
        let (list, count) = (ALL, at("n/increment"));
        assert_eq!(send(Method::POST, &count, ("if-match", "*")).await.error().0, 412, "{store}");
        let first = alice.post(&count, json!({})).await.header("etag").to_owned();
        assert_eq!(alice.get(list).await.header("etag"), first, "{store}: the last change");
        let second = send(Method::POST, &count, ("if-match", &first)).await;
        assert_eq!((second.status(), &second.json()["value"]), (200, &json!(2)), "{store}");
        let second = second.header("etag").to_owned();
        assert_eq!(send(Method::POST, &count, ("if-match", &first)).await.error().0, 412, "{store}");
        let unchanged = send(Method::GET, list, ("if-none-match", &second)).await;
        assert_eq!((unchanged.status(), unchanged.header("etag"), unchanged.text()), (304, &*second, ""), "{store}");
        assert_eq!(send(Method::GET, list, ("if-none-match", &first)).await.status(), 200, "{store}");
        assert_eq!(send(Method::DELETE, list, ("if-match", &first)).await.error().0, 412, "{store}");
        assert_eq!(names(&alice).await, ["n"], "{store}");
        assert_eq!(send(Method::DELETE, list, ("if-match", &second)).await.status(), 204, "{store}");
        assert_eq!(
            send(Method::DELETE, list, ("if-match", &second)).await.error().0,
            412,
            "{store}: the list has changed"
        );
        assert_eq!(names(&alice).await, Vec::<String>::new(), "{store}");
    }
}

#[tokio::test]
async fn versions_are_not_reused_across_sessions() {
    for (store, app) in services().await {
        let put = async |browser: &Browser, value: Value| {
            let reply = browser.put(&at("a"), value).await;
            assert_eq!(reply.status(), 201, "{store}");
            reply.header("etag").to_owned()
        };
        let first = put(&Browser::new(&app.anon), json!(1)).await;
        app.advance_clock(TimeDelta::milliseconds(5));
        let second = put(&Browser::new(&app.anon), json!(2)).await;
        assert_ne!(first, second, "{store}");
        // The largest integer that JavaScript represents exactly.
        assert!(second.trim_matches('"').parse::<i64>().unwrap() < 1 << 53, "{store}");
    }
}

#[tokio::test]
async fn versions_are_not_reused_after_a_deletion() {
    for (store, app) in services().await {
        let alice = alice(&app).await;
        let put = async || {
            let reply = alice.put(&at("a"), json!(1)).await;
            assert_eq!(reply.status(), 201, "{store}");
            reply.header("etag").to_owned()
        };
        let first = put().await;
        let headers = [("sec-fetch-site", "same-origin"), ("if-match", &*first)];
        assert_eq!(alice.send_with(Method::DELETE, &at("a"), None, &headers).await.status(), 204, "{store}");
        let second = put().await;
        assert_ne!(second, first, "{store}");
        assert_eq!(alice.delete(ALL).await.status(), 204, "{store}");
        let cleared = alice.get(ALL).await.header("etag").to_owned();
        let number = |tag: &str| tag.trim_matches('"').parse::<i64>().unwrap();
        assert!(number(&cleared) > number(&second) && number(&put().await) > number(&cleared), "{store}");
    }
}

#[tokio::test]
async fn delete_without_variables_writes_nothing() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let statements = async || {
        let before = app.statements();
        assert_eq!(alice.delete(ALL).await.status(), 204);
        app.statements() - before
    };
    assert_eq!(statements().await, 1, "one query finds no variables");
    alice.put(&at("a"), json!(1)).await;
    statements().await;
    assert_eq!(statements().await, 1);
}

#[tokio::test]
async fn if_match_star_requires_an_existing_variable() {
    for (store, app) in services().await {
        let alice = alice(&app).await;
        let put = async || {
            let headers = [("sec-fetch-site", "same-origin"), ("if-match", "*")];
            alice.send_with(Method::PUT, &at("a"), Some(json!(2)), &headers).await.status()
        };
        assert_eq!(put().await, 412, "{store}");
        alice.put(&at("a"), json!(1)).await;
        assert_eq!(put().await, 200, "{store}");
    }
}
