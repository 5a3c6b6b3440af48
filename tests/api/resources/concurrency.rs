//! Parallel requests for the same rows.

use axum::http::Method;
use serde_json::Value;

use super::{RESOURCES, Resource};
use crate::support::{Client, TestApp, until_available};

/// The statuses of `count` parallel requests, sorted.
async fn statuses<F>(count: usize, request: impl Fn(usize) -> F) -> Vec<u16>
where
    F: Future<Output = u16> + Send + 'static,
{
    let requests: Vec<_> = (0..count).map(|number| tokio::spawn(request(number))).collect();
    let mut statuses = Vec::new();
    for request in requests {
        statuses.push(request.await.unwrap());
    }
    statuses.sort_unstable();
    statuses
}

/// Updates row 1 twenty times in parallel.
async fn parallel_updates(client: &Client, resource: &'static Resource, if_match: Option<&'static str>) -> Vec<u16> {
    statuses(20, |number| {
        let client = client.clone();
        async move {
            let update = || {
                let mut request = client.request(Method::PUT, &resource.row(1));
                if let Some(tag) = if_match {
                    request = request.header("if-match", tag);
                }
                request.json(&resource.body(&format!("writer {number}"))).send()
            };
            until_available(update).await.status()
        }
    })
    .await
}

#[tokio::test]
async fn one_of_many_concurrent_conditional_updates_succeeds() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        resource.create(&alice, "v1").await;
        let conditional = parallel_updates(&alice, resource, Some("\"1\"")).await;
        assert_eq!(conditional, [&[200_u16][..], &[412; 19]].concat(), "{}", resource.path);
        let unconditional = parallel_updates(&alice, resource, None).await;
        assert_eq!(unconditional, [200; 20], "the last writer wins");
        assert_eq!(alice.get(&resource.row(1)).await.header("etag"), "\"22\"");
    }
}

#[tokio::test]
async fn one_of_many_concurrent_deletes_succeeds() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        resource.create(&alice, "to be deleted").await;
        let deletes = statuses(30, |_| {
            let alice = alice.clone();
            async move {
                let path = resource.row(1);
                until_available(|| alice.delete(&path)).await.status()
            }
        });
        assert_eq!(deletes.await, [&[204_u16][..], &[404; 29]].concat(), "{}", resource.path);
    }
}

#[tokio::test]
async fn concurrently_created_rows_are_all_listed_once() {
    for resource in RESOURCES {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        let writers = statuses(8, |writer| {
            let alice = alice.clone();
            async move {
                for number in 0..10 {
                    resource.create(&alice, &format!("{writer}-{number}")).await;
                }
                201
            }
        });
        assert_eq!(writers.await, [201; 8]);
        let listed = alice.get(&format!("{}?limit=100", resource.path)).await.json();
        let rows = listed["items"].as_array().unwrap();
        let mut texts: Vec<_> = rows.iter().map(|row| row[resource.text].as_str().unwrap()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), 80, "{}", resource.path);
        assert_eq!(listed["nextCursor"], Value::Null);
    }
}
