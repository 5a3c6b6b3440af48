//! Documentation matches behaviour: the page, the OpenAPI document, the list of errors, the Postman collection and the
//! route table.

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

#[test]
fn every_error_code_is_documented() {
    let list = file("docs/errors/README.md");
    let entries: BTreeSet<_> = list.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned).collect();
    let sources = ["src/error.rs", "src/auth/token/refusal.rs", "src/types/validation_error.rs"].map(file).concat();
    let codes: BTreeSet<_> = sources
        .lines()
        .filter_map(|line| line.trim().trim_end_matches([')', ',']).strip_suffix('"')?.split_once("=> "))
        .filter_map(|(_, value)| value.rsplit_once('"').map(|(_, code)| code.to_owned()))
        .collect();
    assert!(codes.len() > 30, "{codes:?}");
    assert_eq!(entries, codes);
}

#[tokio::test]
async fn problem_type_links_to_its_explanation() {
    let app = TestApp::start().await;
    let problem = app.anon.get("/api/verify").await.json();
    let (page, anchor) = problem["type"].as_str().unwrap().split_once('#').unwrap();
    let page = app.anon.get(page).await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text().contains(&format!("<h3 id=\"{anchor}\">")));
}

#[tokio::test]
async fn page_files_are_served_and_load_nothing_from_other_origins() {
    let app = TestApp::start().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("client");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = match &*name {
            "index.html" => "/".to_owned(),
            "docs.html" => "/docs".to_owned(),
            "errors.html" => "/docs/errors".to_owned(),
            // A part of the pages.
            "header.html" => continue,
            _ => format!("/client/{name}"),
        };
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
        let text = reply.text().replace("http://www.w3.org/", "");
        assert!(!text.contains("https://") || name == "index.html", "{path} names another origin");
    }
}

#[tokio::test]
async fn page_names_the_cookie_that_the_server_sets() {
    for (secure, name) in [(true, "__Host-daypass"), (false, "daypass")] {
        let app = TestApp::start_with(&[&format!("--cookie-secure={secure}")]).await;
        let reply = Browser::new(&app.anon).put("/api/sessions/current/variables/a", 1.into()).await;
        let set = reply.header("set-cookie");
        assert!(set.starts_with(&format!("{name}=")) && set.contains("; Secure") == secure, "{set}");
        let page = app.anon.get("/").await;
        let attributes = format!(r#"data-cookie="{name}" data-cookie-secure="{secure}""#);
        assert!(page.text().contains(&attributes), "{attributes}");
        assert_eq!(page.header("cache-control"), "no-cache", "the setting can change with the next start");
    }
}

#[tokio::test]
async fn pages_can_be_switched_off_and_are_off_in_production() {
    let pages = ["/", "/docs", "/openapi.json", "/client/client.js"];
    for (flags, served) in [
        (&[][..], true),
        (&["--pages=false"], false),
        (&["--daypass-env=production"], false),
        (&["--daypass-env=production", "--pages=true"], true),
    ] {
        let app = TestApp::start_with(flags).await;
        for path in pages {
            assert_ne!((app.anon.get(path).await.status() == 404), served, "{flags:?} {path}");
        }
        let (errors, style) = (app.anon.get("/docs/errors").await, app.anon.get("/client/client.css").await);
        assert_eq!((errors.status(), style.status()), (200, 200), "every error links to the list");
    }
}

#[tokio::test]
async fn pages_share_their_header_and_need_no_other_origin() {
    let app = TestApp::start().await;
    for path in ["/", "/docs", "/docs/errors"] {
        let page = app.anon.get(path).await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
        for link in ["href=\"/\"", "href=\"/docs\"", "href=\"/docs/errors\"", "/client/client.css"] {
            assert!(page.text().contains(link), "{path} {link}");
        }
        assert_eq!(page.text().matches("aria-current=\"page\"").count(), 1, "{path}");
        assert!(!page.text().contains("{header}") && !page.text().contains("://"), "{path}");
    }
}

#[tokio::test]
async fn list_of_errors_is_rendered() {
    let app = TestApp::start().await;
    let page = app.anon.get("/docs/errors").await;
    assert!(page.text().contains("<h3 id=\"revoked\"><a href=\"#revoked\"><code>revoked</code></a></h3>"));
    assert!(page.text().contains("<li><a href=\"#revoked\"><code>revoked</code></a></li>"), "a list of all codes");
    assert!(!page.text().contains("](") && !page.text().contains('`'), "no Markdown is left");
}

#[tokio::test]
async fn page_shows_the_address_for_other_devices() {
    let local = TestApp::start().await;
    let network = TestApp::start_with(&["--host=192.168.1.20"]).await;
    for (app, host, address) in [
        (&local, "localhost:3000", None),
        (&network, "localhost:3000", Some("http://192.168.1.20:3000")),
        (&local, "daypass.example", Some("http://daypass.example")),
    ] {
        let get = |path: &'static str| app.anon.request(Method::GET, path).header("host", host).send();
        let page = get("/").await;
        let expected = format!("data-address=\"{}\"", address.unwrap_or_default());
        assert!(page.text().contains(&expected), "{host}");
        let code = get("/client/qr.svg").await;
        assert_eq!(code.status() == 200, address.is_some(), "{host}");
        if address.is_some() {
            assert_eq!(code.header("content-type"), "image/svg+xml");
            assert!(code.text().contains("<svg"), "{host}");
        }
    }
}
