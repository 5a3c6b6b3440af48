//! What the service says of itself, held against what it does: the page, the OpenAPI document, the
//! list of errors, the Postman collection, the table of routes.

use std::collections::BTreeSet;
use std::path::Path;

use axum::http::Method;
use daypass::classroom::routes::{OPEN, PROTECTED};
use daypass::router;
use serde_json::{Map, Value};

use crate::support::{Browser, TestApp};

fn file(path: &str) -> String {
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
fn the_openapi_document_is_what_it_was() {
    insta::assert_json_snapshot!("openapi", router::document());
}

#[tokio::test]
async fn the_openapi_document_is_served_as_it_is_made() {
    let app = TestApp::start().await;
    let served = app.anon.get("/openapi.json").await.json();
    assert_eq!(served, serde_json::to_value(router::document()).unwrap());
}

#[tokio::test]
async fn every_operation_of_the_document_is_a_route_and_asks_for_a_token_where_it_says_so() {
    let app = TestApp::start().await;
    let begun = app.anon.put("/api/sessions/current/variables/b?carrier=bearer", 1.into()).await;
    let visitor = app.anon.with_token(begun.header("daypass-session-token"));
    let document = serde_json::to_value(router::document()).unwrap();
    for operation in operations() {
        let (method, path) = operation.split_once(' ').unwrap();
        let place = path.replace("{id}", "1").replace("{name}", "a");
        // What is not there has no method to refuse; a variable that is not there has.
        let unheard = app.anon.request(Method::from_bytes(b"PURGE").unwrap(), &place).send().await;
        assert_eq!(unheard.status(), 405, "{operation} is no route");
        let reply = app.anon.request(Method::from_bytes(method.as_bytes()).unwrap(), &place).send().await;
        assert_ne!(reply.status(), 405, "{operation} is no route");
        let security = document["paths"][path][method.to_lowercase()].get("security").cloned().unwrap_or_default();
        let ways = security.as_array().cloned().unwrap_or_default();
        // An empty requirement says that a token may be there and need not.
        let protected = !ways.is_empty() && !ways.contains(&serde_json::json!({}));
        assert_eq!(reply.status() == 401, protected, "{operation}");
        // Whoever has a session may sign out.
        if protected && operation != "DELETE /api/sessions/current" {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let refusal = visitor.request(method, &place).send().await.refusal();
            assert_eq!(refusal, (401, "anonymous".to_owned()), "{operation}");
        }
    }
}

#[tokio::test]
async fn a_body_made_of_the_examples_in_the_document_is_understood() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let document = serde_json::to_value(router::document()).unwrap();
    for operation in operations() {
        let (method, path) = operation.split_once(' ').unwrap();
        let content = &document["paths"][path][method.to_lowercase()]["requestBody"]["content"];
        let Some(schema) = content["application/json"]["schema"]["$ref"].as_str() else { continue };
        let schema = document.pointer(schema.strip_prefix('#').unwrap()).unwrap();
        let example = |property: &Value| property.get("example").or(property.get("default")).cloned();
        let properties = schema["properties"].as_object().unwrap().iter();
        let body: Value = properties
            .map(|(name, property)| (name.clone(), example(property).unwrap_or_else(|| panic!("{operation}: {name}"))))
            .collect::<Map<_, _>>()
            .into();
        let place = path.replace("{id}", "1").replace("{name}", "a");
        let request = alice.request(Method::from_bytes(method.as_bytes()).unwrap(), &place);
        let reply = request.header("if-match", "*").json(&body).send().await;
        assert!(![400, 415, 422].contains(&reply.status()), "{operation}: {body}: {}", reply.text());
    }
}

#[test]
fn every_route_is_in_the_document() {
    // The router's own list, read from its source: a route given without `routes!` would be in no document.
    let source = file("src/router.rs");
    let routes = source.split("fn public()").nth(1).unwrap().split("fn pages()").next().unwrap();
    assert!(!routes.contains(".route("), "routes of the API are registered with routes!");
    let handlers =
        routes.split("routes!(").skip(1).map(|rest| rest.split(')').next().unwrap().split(',').count()).sum::<usize>();
    assert_eq!(handlers, operations().len());
}

#[test]
fn the_table_of_routes_in_the_docs_is_complete() {
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
fn the_classroom_is_no_part_of_the_documented_api() {
    let operations = operations();
    for row in OPEN.iter().chain(PROTECTED) {
        for path in row.paths() {
            assert!(!operations.contains(&format!("{} {path}", row.method)), "{} {path}", row.method);
        }
    }
}

#[test]
fn the_postman_collection_has_every_route() {
    let collection: serde_json::Value = serde_json::from_str(&file("postman/daypass.postman_collection.json")).unwrap();
    let mut requests = BTreeSet::new();
    collect_requests(&collection, &mut requests);
    for operation in operations() {
        let request = operation.replace("{name}", "{id}");
        assert!(requests.contains(&request), "{operation} is not in the collection: {requests:?}");
    }
}

#[test]
fn each_chapter_of_the_course_has_its_folder_in_the_postman_collection() {
    let collection: serde_json::Value = serde_json::from_str(&file("postman/daypass.postman_collection.json")).unwrap();
    let folders = collection["item"].as_array().unwrap();
    let classroom = folders.iter().find(|folder| folder["name"] == "Classroom").unwrap()["item"].as_array().unwrap();
    let mut titles = BTreeSet::new();
    for page in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/course")).unwrap() {
        let page = file(&format!("docs/course/{}", page.unwrap().file_name().to_str().unwrap()));
        titles.insert(page.lines().next().unwrap().trim_start_matches("# ").to_owned());
    }
    titles.retain(|title| title.starts_with(char::is_numeric));
    // It tells of the other lessons, which have a folder beside this one.
    assert!(titles.remove("14. Sessions by cookie"));
    assert_eq!(titles.len(), 13);
    for title in titles {
        assert!(classroom.iter().any(|folder| folder["name"] == title), "{title}");
    }
}

/// Requests of the collection, with whatever stands in a slot of the path as `{id}`.
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

#[test]
fn every_code_has_an_entry_in_the_list_of_errors() {
    let list = file("docs/errors/README.md");
    let entries: BTreeSet<_> = list.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned).collect();
    let sources = ["src/error.rs", "src/auth/refusal.rs", "src/auth/rule.rs"].map(file).concat();
    let codes: BTreeSet<_> = sources
        .lines()
        .filter_map(|line| line.trim().strip_suffix("\",")?.split_once("=> \"").map(|(_, code)| code.to_owned()))
        .collect();
    assert!(codes.len() > 30, "{codes:?}");
    assert_eq!(entries, codes);
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_its_explanation() {
    let app = TestApp::start().await;
    let problem = app.anon.get("/api/verify").await.json();
    let (page, anchor) = problem["type"].as_str().unwrap().split_once('#').unwrap();
    let page = app.anon.get(page).await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text().contains(&format!("<h3 id=\"{anchor}\">")));
}

#[tokio::test]
async fn every_file_of_the_page_is_served_and_needs_nothing_else() {
    let app = TestApp::start().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("client");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = if name == "index.html" { "/".to_owned() } else { format!("/client/{name}") };
        let reply = app.anon.get(&path).await;
        assert_eq!(reply.status(), 200, "{path}");
        let content_type = match name.rsplit_once('.').unwrap().1 {
            "html" => "text/html; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("{other}"),
        };
        assert_eq!(reply.header("content-type"), content_type, "{path}");
        assert!(!reply.text().contains("innerHTML"), "{path}");
        let elsewhere = reply.text().replace("http://www.w3.org/", "");
        assert!(!elsewhere.contains("https://") || name == "index.html", "{path} names another origin");
    }
}

#[tokio::test]
async fn the_page_names_the_cookie_that_the_service_sets() {
    for (secure, name) in [(true, "__Host-daypass"), (false, "daypass")] {
        let app = TestApp::start_with(&[&format!("--cookie-secure={secure}")]).await;
        let begun = Browser::new(&app.anon).put("/api/sessions/current/variables/a", 1.into()).await;
        let set = begun.header("set-cookie");
        assert!(set.starts_with(&format!("{name}=")) && set.contains("; Secure") == secure, "{set}");
        let page = app.anon.get("/").await;
        let told = format!(r#"data-cookie="{name}" data-cookie-secure="{secure}""#);
        assert!(page.text().contains(&told), "{told}");
        assert_eq!(page.header("cache-control"), "no-cache", "the setting can change with the next start");
    }
}

#[tokio::test]
async fn the_api_can_be_tried_in_a_browser_without_any_network() {
    let app = TestApp::start().await;
    let start = app.anon.get("/docs").await;
    assert_eq!((start.status(), start.header("location")), (307, "/docs/index.html"));
    let page = app.anon.get("/docs/index.html").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(!page.text().contains("//unpkg") && !page.text().contains("//cdn"), "{}", page.text());
    for name in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        assert!(page.text().contains(name));
        assert_eq!(app.anon.get(&format!("/docs/{name}")).await.status(), 200, "{name}");
    }
    assert!(app.anon.get("/docs/swagger-initializer.js").await.text().contains("/openapi.json"));
}
