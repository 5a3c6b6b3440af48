//! The route table: every route is served, has a preflight and is documented, and exists only with the classroom.

use std::collections::BTreeSet;
use std::path::Path;

use axum::http::Method;
use daypass::classroom::routes::{OPEN, PROTECTED, Row};

use crate::exchanges::stories;
use crate::support::TestApp;

const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// Method and path of every route of these rows.
fn routes(rows: &[Row]) -> Vec<(Method, String)> {
    let methods = |row: &Row| match row.method {
        "ANY" => METHODS.to_vec(),
        method => vec![Method::from_bytes(method.as_bytes()).unwrap()],
    };
    rows.iter()
        .flat_map(|row| row.paths().flat_map(|path| methods(row).into_iter().map(move |method| (method, path.clone()))))
        .collect()
}

/// The path with values for its parameters.
fn filled(path: &str) -> String {
    path.replace("{id}", "1").replace("{*rest}", "of/it")
}

#[tokio::test]
async fn every_route_exists_with_and_without_a_trailing_slash() {
    let app = TestApp::start().await;
    for (rows, protected) in [(OPEN, false), (PROTECTED, true)] {
        for (method, path) in routes(rows) {
            for path in [filled(&path), format!("{}/", filled(&path))] {
                let reply = app.anon.request(method.clone(), &path).send().await;
                assert!(![404, 405].contains(&reply.status()), "{method} {path} is not a route");
                assert_eq!(reply.status() == 401, protected, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn every_route_has_a_preflight_without_authentication() {
    let app = TestApp::start().await;
    for (method, path) in routes(OPEN).into_iter().chain(routes(PROTECTED)) {
        for origin in ["http://localhost:8080", "http://127.0.0.1:8080"] {
            let request = app.anon.request(Method::OPTIONS, &filled(&path)).header("origin", origin);
            let request = request.header("access-control-request-method", method.as_str());
            let reply = request.header("access-control-request-headers", "authorization,content-type").send().await;
            assert_eq!(reply.status(), 200, "{path}");
            assert_eq!(reply.header("access-control-allow-origin"), origin, "{path}");
            assert!(reply.header("access-control-allow-methods").contains(method.as_str()), "{path}");
            let headers = reply.header("access-control-allow-headers");
            assert!(headers.contains("authorization") && headers.contains("content-type"), "{path}: {headers}");
        }
    }
}

#[tokio::test]
async fn classroom_routes_do_not_exist_without_the_classroom() {
    for flags in [&["--classroom=false"][..], &["--daypass-env=production"]] {
        let app = TestApp::start_with(flags).await;
        let alice = app.alice().await;
        for (method, path) in routes(OPEN).into_iter().chain(routes(PROTECTED)) {
            // The service has a route with this path for another method.
            let expected = if path == "/api/users" { 405 } else { 404 };
            for client in [&app.anon, &alice] {
                let reply = client.request(method.clone(), &filled(&path)).send().await;
                assert_eq!(reply.error().0, expected, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn unsupported_method_returns_405_with_the_error_members_of_the_course() {
    let app = TestApp::start().await;
    let reply = app.anon.delete("/api/user/createuser").await;
    assert_eq!(reply.error(), (405, "method_not_allowed".to_owned()));
    assert_eq!((reply.header("allow"), &reply.json()["message"]), ("POST", &reply.json()["detail"]));
    assert!(
        app.anon.get("/nope").await.json().get("message").is_none(),
        "errors outside of the classroom do not have the members of the course"
    );
}

#[tokio::test]
async fn unknown_path_is_not_found_with_and_without_a_token() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for path in ["/nope", "/authtests", "/api/nope", "/test/nope", "/user/nobody", "/log/1/2/3"] {
        for client in [&app.anon, &alice] {
            let reply = client.get(path).await;
            assert_eq!(reply.error(), (404, "not_found".to_owned()), "{path}");
            assert_eq!((reply.json().get("error"), reply.json().get("message")), (None, None), "{path}");
        }
    }
}

/// The module `aliases` compares the other paths with the first.
#[test]
fn every_route_row_has_a_recorded_exchange() {
    let stories = stories();
    let sent: BTreeSet<_> = stories
        .iter()
        .flat_map(|story| &story.exchanges)
        .map(|exchange| (exchange.method.as_str(), exchange.path.trim_end_matches('/')))
        .collect();
    let fits = |path: &str, pattern: &str| {
        let (path, pattern): (Vec<_>, Vec<_>) = (path.split('/').collect(), pattern.split('/').collect());
        path.len() == pattern.len()
            && path.iter().zip(&pattern).all(|(part, slot)| part == slot || slot.starts_with('{'))
    };
    for row in OPEN.iter().chain(PROTECTED) {
        let first = row.paths().next().unwrap();
        let exercised = sent.iter().any(|(method, path)| [method, "ANY"].contains(&row.method) && fits(path, &first));
        assert!(exercised, "{} {first}", row.method);
    }
}

/// Finds the files below `folder` that import the classroom module.
fn files_that_import_it(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_that_import_it(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            let imports = ["crate::classroom", "classroom::router", "super::classroom"];
            if imports.iter().any(|import| source.contains(import)) {
                found.insert(path.file_name().unwrap().to_str().unwrap().to_owned());
            }
        }
    }
}

#[test]
fn only_the_router_imports_the_classroom() {
    let mut found = BTreeSet::new();
    files_that_import_it(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert_eq!(found, BTreeSet::from(["router.rs".to_owned()]));
}

#[test]
fn route_table_in_the_docs_matches_the_router() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/classroom.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let documented: Vec<_> = docs
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let then = words(cells[3]).into_iter().map(|path| if path == "/" { String::new() } else { path });
            (words(cells[1]).concat(), words(cells[2]), then.collect::<Vec<_>>(), cells[4] == "yes")
        })
        .collect();
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let rows = |rows: &'static [Row], protected: bool| {
        rows.iter().map(move |row| (row.method.to_owned(), owned(row.under), owned(row.then), protected))
    };
    let table: Vec<_> = rows(OPEN, false).chain(rows(PROTECTED, true)).collect();
    assert_eq!(documented, table);
}

#[test]
fn story_numbers_exist_in_the_docs() {
    let docs = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/classroom.md")).unwrap();
    let words: BTreeSet<_> = docs
        .lines()
        .filter(|line| line.starts_with('|'))
        .flat_map(|line| line.split(|c: char| !c.is_alphanumeric()))
        .collect();
    for story in stories() {
        for number in story.row.split('-') {
            assert!(words.contains(number), "{}", story.row);
        }
    }
}
