//! Documentation matches behaviour: the pages, the OpenAPI document, the Postman collection and the route table.

use std::collections::BTreeSet;
use std::path::Path;

use axum::http::Method;
use daypass::classroom::routes::{OPEN, PROTECTED};
use daypass::router;
use serde_json::{Map, Value};

use crate::support::TestApp;

mod error_examples;
mod error_pages;
mod flow_pages;
mod pages;

pub(crate) fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `METHOD /path/{parameter}` of every operation in the document.
fn operations() -> BTreeSet<String> {
    let document = serde_json::to_value(router::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect()
}

#[test]
fn openapi_document_matches_the_snapshot() {
    insta::assert_json_snapshot!("openapi", router::document());
}

#[test]
fn documented_size_of_a_variable_is_the_limit() {
    let document = serde_json::to_value(router::document()).unwrap();
    let operation = &document["paths"]["/api/sessions/current/variables/{name}"]["put"];
    let size = format!("at most {} KiB", daypass::types::limits::MAX_VALUE_BYTES / 1024);
    assert!(operation["description"].as_str().unwrap().contains(&size), "{operation}");
}

#[tokio::test]
async fn openapi_document_is_served() {
    let app = TestApp::start().await;
    let served = app.anon.get("/openapi.json").await.json();
    assert_eq!(served, serde_json::to_value(router::document()).unwrap());
}

#[tokio::test]
async fn openapi_operations_exist_and_require_a_token_as_documented() {
    let app = TestApp::start().await;
    let created = app.anon.put("/api/sessions/current/variables/b?carrier=bearer", 1.into()).await;
    let visitor = app.anon.with_token(created.header("daypass-session-token"));
    let document = serde_json::to_value(router::document()).unwrap();
    for operation in operations() {
        let (method, path) = operation.split_once(' ').unwrap();
        let place = path.replace("{id}", "1").replace("{name}", "a");
        // A path without a route returns 404, a route without this method 405.
        let unsupported = app.anon.request(Method::from_bytes(b"PURGE").unwrap(), &place).send().await;
        let expected = if path == "/api/verify" { 401 } else { 405 };
        assert_eq!(unsupported.status(), expected, "{operation} is not a route");
        let reply = app.anon.request(Method::from_bytes(method.as_bytes()).unwrap(), &place).send().await;
        assert_ne!(reply.status(), 405, "{operation} is not a route");
        let security = document["paths"][path][method.to_lowercase()].get("security").cloned().unwrap_or_default();
        let requirements = security.as_array().cloned().unwrap_or_default();
        // An empty requirement makes the token optional.
        let protected = !requirements.is_empty() && !requirements.contains(&serde_json::json!({}));
        assert_eq!(reply.status() == 401, protected, "{operation}");
        // Anonymous sessions may sign out, too.
        if protected && operation != "DELETE /api/sessions/current" {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let refusal = visitor.request(method, &place).send().await.error();
            assert_eq!(refusal, (401, "anonymous".to_owned()), "{operation}");
        }
    }
}

#[tokio::test]
async fn openapi_example_bodies_are_accepted() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let document = serde_json::to_value(router::document()).unwrap();
    for operation in operations() {
        let (method, path) = operation.split_once(' ').unwrap();
        let content = &document["paths"][path][method.to_lowercase()]["requestBody"]["content"];
        let Some(schema) = content["application/json"]["schema"]["$ref"].as_str() else { continue };
        let schema = document.pointer(schema.strip_prefix('#').unwrap()).unwrap();
        let example = |property: &Value| property.get("example").or(property.get("default")).cloned();
        for schema in schema["oneOf"].as_array().unwrap_or(&vec![schema.clone()]) {
            let properties = schema["properties"].as_object().unwrap().iter();
            let body: Value = properties
                .map(|(name, property)| {
                    (name.clone(), example(property).unwrap_or_else(|| panic!("{operation}: {name}")))
                })
                .collect::<Map<_, _>>()
                .into();
            let place = path.replace("{id}", "1").replace("{name}", "a");
            let request = alice.request(Method::from_bytes(method.as_bytes()).unwrap(), &place);
            let reply = request.header("if-match", "*").json(&body).send().await;
            assert!(![400, 415, 422].contains(&reply.status()), "{operation}: {body}: {}", reply.text());
        }
    }
}

#[test]
fn every_route_is_in_the_openapi_document() {
    // Reads the source of the router: a route that is registered without `routes!` would not be documented.
    let source = file("src/router.rs");
    let routes = source.split("fn public()").nth(1).unwrap().split("fn pages(").next().unwrap();
    assert!(!routes.contains(".route("), "routes of the API are registered with routes!");
    let handlers =
        routes.split("routes!(").skip(1).map(|rest| rest.split(')').next().unwrap().split(',').count()).sum::<usize>();
    assert_eq!(handlers, operations().len());
}

#[test]
fn route_table_in_the_docs_is_complete() {
    let docs = file("docs/api.md");
    let table: BTreeSet<_> = docs
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split('`').next())
        .map(str::to_owned)
        .collect();
    assert_eq!(table, operations());
}

#[test]
fn classroom_routes_are_not_in_the_openapi_document() {
    let operations = operations();
    for row in OPEN.iter().chain(PROTECTED) {
        for path in row.paths() {
            assert!(!operations.contains(&format!("{} {path}", row.method)), "{} {path}", row.method);
        }
    }
}

#[test]
fn postman_collection_has_every_route() {
    let collection: serde_json::Value = serde_json::from_str(&file("postman/daypass.postman_collection.json")).unwrap();
    let mut requests = BTreeSet::new();
    collect_requests(&collection, &mut requests);
    for operation in operations() {
        let request = operation.replace("{name}", "{id}").replace("{provider}", "{id}");
        assert!(requests.contains(&request), "{operation} is not in the collection: {requests:?}");
    }
}

#[test]
fn postman_collection_has_a_folder_for_each_course_chapter() {
    let collection: serde_json::Value = serde_json::from_str(&file("postman/daypass.postman_collection.json")).unwrap();
    let folders = collection["item"].as_array().unwrap();
    let classroom = folders.iter().find(|folder| folder["name"] == "Classroom").unwrap()["item"].as_array().unwrap();
    let mut titles = BTreeSet::new();
    for page in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/course")).unwrap() {
        let page = file(&format!("docs/course/{}", page.unwrap().file_name().to_str().unwrap()));
        titles.insert(page.lines().next().unwrap().trim_start_matches("# ").to_owned());
    }
    titles.retain(|title| title.starts_with(char::is_numeric));
    // This page describes the other lessons, which have their own folder.
    assert!(titles.remove("14. Sessions by cookie"));
    // The requests of this page need a browser.
    assert!(titles.remove("15. Sign in with a provider"));
    assert_eq!(titles.len(), 13);
    for title in titles {
        assert!(classroom.iter().any(|folder| folder["name"] == title), "{title}");
    }
}

/// Collects the requests of a folder, with `{id}` for each path parameter.
fn collect_requests(folder: &serde_json::Value, found: &mut BTreeSet<String>) {
    for item in folder["item"].as_array().into_iter().flatten() {
        collect_requests(item, found);
        let Some(request) = item.get("request") else { continue };
        let url = request["url"]["raw"].as_str().or(request["url"].as_str()).unwrap_or_default();
        let path = url.trim_start_matches("{{baseUrl}}").split(['?', '#']).next().unwrap_or_default();
        let path: Vec<_> = path.split('/').map(|part| if part.starts_with("{{") { "{id}" } else { part }).collect();
        found.insert(format!("{} {}", request["method"].as_str().unwrap(), path.join("/")));
    }
}
