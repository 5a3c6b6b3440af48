//! The pages of the flows.

use std::collections::BTreeSet;
use std::path::Path;

use super::file;
use crate::support::TestApp;

/// The names of the flows, without the index.
fn flows() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/flows");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    files.filter_map(|file| file.strip_suffix(".md").map(str::to_owned)).filter(|name| name != "README").collect()
}

#[tokio::test]
async fn every_flow_is_served_with_its_diagram_as_text() {
    let app = TestApp::start().await;
    assert!(flows().len() > 10, "{:?}", flows());
    for name in flows() {
        let page = app.anon.get(&format!("/docs/flows/{name}")).await;
        assert_eq!((page.status(), page.header("content-type")), (200, "text/html; charset=utf-8"), "{name}");
        let diagrams = file(&format!("docs/flows/{name}.md")).matches("```mermaid").count();
        let text = page.text();
        assert_eq!(text.matches("<pre class=\"sequence\">sequenceDiagram\n").count(), diagrams, "{name}");
        assert_eq!(text.matches("<h1>").count(), 1, "{name}");
        assert!(text.contains("src=\"/client/flows.js\"") && text.contains("href=\"/client/sequence.css\""), "{name}");
        for absent in ["](", "```", "style=", "<script>", ".md\""] {
            assert!(!text.contains(absent), "{name}: {absent}");
        }
    }
}

#[tokio::test]
async fn index_links_to_every_flow() {
    let app = TestApp::start().await;
    let index = app.anon.get("/docs/flows").await;
    for name in flows() {
        assert!(index.text().contains(&format!("<a href=\"/docs/flows/{name}\">")), "{name}");
    }
    assert!(!index.text().contains("verifying-elsewhere"), "the service does not serve this file");
}

#[tokio::test]
async fn links_of_all_pages_lead_to_pages_that_exist() {
    let app = TestApp::start().await;
    let mut open = vec!["/docs/flows".to_owned(), "/docs/errors".to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(path) = open.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let page = app.anon.get(&path).await;
        assert_eq!(page.status(), 200, "{path}");
        let links = page.text().split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for link in links.filter(|link| link.starts_with("/docs/") || link.starts_with('#')) {
            let (target, section) = link.split_once('#').unwrap_or((link, ""));
            let target = if target.is_empty() { &path } else { target };
            let text = app.anon.get(target).await;
            let exists = section.is_empty() || text.text().contains(&format!("id=\"{section}\""));
            assert!(text.status() == 200 && exists, "{path}: {link}");
            open.push(target.to_owned());
        }
    }
    assert!(seen.len() > 70, "{}", seen.len());
}

#[tokio::test]
async fn unknown_flow_is_not_found() {
    let app = TestApp::start().await;
    for name in ["nope", "README", "sign-in.md", "..", "expired"] {
        let reply = app.anon.get(&format!("/docs/flows/{name}")).await;
        assert_eq!(reply.error(), (404, "not_found".to_owned()), "{name}");
    }
}

#[test]
fn flows_that_the_api_reference_links_exist() {
    let script = file("client/docs.js");
    let (_, rest) = script.split_once("const FLOWS = {").unwrap();
    let table = rest.split_once("};").unwrap().0;
    let linked: BTreeSet<_> = table.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    assert!(linked.len() > 5, "{linked:?}");
    assert!(linked.is_subset(&flows()), "{linked:?}");
}
